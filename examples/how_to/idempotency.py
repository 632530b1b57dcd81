import haulage
from haulage.client import ApiError

with haulage.Client() as client:
    first = client.submit("echo", {"value": 7}, idempotency_key="order-7")
    again = client.submit("echo", {"value": 7}, idempotency_key="order-7")
    print("one job" if again.id == first.id else "two jobs")
    try:
        client.submit("echo", {"value": 8}, idempotency_key="order-7")
    except ApiError as error:
        print(error.status, error.code)
