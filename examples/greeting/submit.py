import haulage

with haulage.Client() as client:
    job = client.submit("greet", {"name": "Ada"}, priority="high", tags=["tutorial"])
    for event in client.stream(job.id):
        print(event.id, event.event, event.data.get("state") or event.data.get("step"))
    print(client.get(job.id).result)
