import haulage

with haulage.Client() as client:
    group = next(client.dead_letter_groups(type="ask_service"))
    print(group.count, group.code, group.message)

    preview = client.preview_bulk("redrive", type="ask_service", fingerprint=group.fingerprint)
    print(preview.count, "would be redriven, such as", preview.sample[0].type)

    bulk = client.start_bulk(
        "redrive",
        type="ask_service",
        fingerprint=group.fingerprint,
        frozen_at=preview.frozen_at,
        reason="the service is back",
    )
    done = client.wait_bulk(bulk.id)
    print(done.state, done.progress.changed, "changed", done.progress.skipped, "skipped")
