"""What an endpoint outside is told of, and how long it is tried."""

from dataclasses import dataclass
from enum import StrEnum
from random import Random
from uuid import UUID


class WebhookEvent(StrEnum):
    """Names of events; the `type` of what is sent."""

    JOB_SUCCEEDED = "job.succeeded"
    JOB_FAILED = "job.failed"
    JOB_CANCELLED = "job.cancelled"
    # An attempt has failed and there will be another.
    JOB_RETRYING = "job.retrying"
    # Another endpoint of the same tenant was switched off after a lasting failure.
    WEBHOOK_DISABLED = "webhook.disabled"
    # Sent when somebody asks for it; nobody subscribes to it.
    WEBHOOK_TEST = "webhook.test"


SUBSCRIBABLE = tuple(event for event in WebhookEvent if event is not WebhookEvent.WEBHOOK_TEST)
ENDS = (WebhookEvent.JOB_SUCCEEDED, WebhookEvent.JOB_FAILED, WebhookEvent.JOB_CANCELLED)


class Telling(StrEnum):
    """Which jobs an endpoint is told of: all that somebody submits, or those that name it."""

    ALL = "all"
    NAMED = "named"


class DeliveryState(StrEnum):
    """Where a delivery stands. Only a replay leads out of the last two."""

    PENDING = "pending"
    DELIVERED = "delivered"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class NamedWebhook:
    """An endpoint that a submit names, and where: a JSON pointer. `id` once it is known."""

    pointer: str
    name: str
    id: UUID | None = None


@dataclass(frozen=True, slots=True)
class Persistence:
    """How long a delivery is tried: at once, then after each of `delays_s`; given up after the
    last. The default gives ten tries over three days."""

    delays_s: tuple[float, ...] = (
        5, 300, 1_800, 7_200, 18_000, 36_000, 50_400, 64_800, 86_400,
    )  # fmt: skip
    jitter: float = 0.1

    def delay_s(self, tries: int, random: Random) -> float | None:
        """Seconds until the next try after `tries` have failed; None: no more."""
        if tries > len(self.delays_s):
            return None
        delay_s = self.delays_s[max(tries, 1) - 1]
        return delay_s * (1 + self.jitter * (2 * random.random() - 1))
