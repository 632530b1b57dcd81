"""What is refused for the sake of credits.

InputFault
├── NotEnoughCredits   the tenant's balance does not suffice; nothing was stored
└── CostsCredits       not by `submit_in`, where its tenant is charged
"""

from haulage.domain.errors import InputFault


class NotEnoughCredits(InputFault):
    """The tenant's balance does not suffice for what was asked; all three in credits."""

    code = "insufficient_credits"

    def __init__(self, *, needed: int, available: int) -> None:
        lacking = needed - available
        super().__init__(
            f"This costs {needed} credits and {available} are available: {lacking} are lacking. "
            "A grant (POST /api/v1/credits/grants) or the end of jobs that reserve too much helps."
        )
        self.needed = needed
        self.available = available
        self.lacking = lacking


class CostsCredits(InputFault):
    """A job that its tenant is charged for can't be submitted in a caller's own transaction."""

    code = "costs_credits"
