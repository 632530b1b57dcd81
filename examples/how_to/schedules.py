import haulage

with haulage.Client() as client:
    schedule = client.create_schedule(
        "nightly-echo",
        "echo",
        {"value": "good night"},
        cron="30 2 * * *",
        timezone="Europe/Rome",
        missed="run_once",
    )
    print(len(schedule.next_runs), "runs ahead")

    job = client.wait(client.run_schedule(schedule.id).id)
    print(job.state, job.tags)

    print("paused" if client.pause_schedule(schedule.id).paused_at else "goes on")
    client.resume_schedule(schedule.id)
    client.delete_schedule(schedule.id)
