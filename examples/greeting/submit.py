import haulage

with haulage.Client() as client:
    job = client.submit("greet", {"name": "Ada"}, priority="high", tags=["tutorial"])
    for event in client.stream(job.id):
        said = event.data.get("state") or event.data.get("step") or event.data.get("message")
        print(event.id, event.event, said)
    print(client.get(job.id).result)
