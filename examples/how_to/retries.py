"""A job type that asks a service which is sometimes busy, and says what each answer means."""

from datetime import datetime

from pydantic import AwareDatetime, BaseModel, Field

from haulage import Backoff, Context, NotRetryable, Policy, Retryable, Snoozed, job_type


class Ask(BaseModel):
    answers: list[int] = Field(description="The service's HTTP status in each attempt.")
    ready_at: AwareDatetime | None = Field(default=None, description="When its export is ready.")


@job_type(
    "ask_service",
    policy=Policy(
        max_attempts=4,
        timeout_s=30,
        backoff=Backoff(base_s=0.2, factor=2, max_s=60, jitter=0.2),
    ),
    example={"answers": [503, 429, 200]},
)
async def ask_service(input: Ask, ctx: Context) -> str:
    """Ask until there is an answer, and give up on what cannot help."""
    wait_s = seconds_until(input.ready_at, ctx.now())
    if wait_s > 0:
        raise Snoozed("the export is not ready", delay_s=wait_s)
    match input.answers[ctx.attempt - 1]:
        case 200:
            return f"answered in attempt {ctx.attempt}"
        case 429:
            raise Retryable("Too many requests.", code="service_busy", retry_after_s=0.5)
        case 500 | 503:
            raise Retryable("The service is down.", code="service_down")
        case status:
            raise NotRetryable(f"The service says {status}.", code="service_refuses")


def seconds_until(moment: datetime | None, now: datetime) -> float:
    """0 when there is no moment, or when it has passed."""
    return 0.0 if moment is None else max((moment - now).total_seconds(), 0.0)
