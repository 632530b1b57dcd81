"""How calls of a model fail: branches of the tree in `errors.py`.

Retryable
├── ProviderUnavailable   5xx, no connection, too slow, or an answer that is none
├── RateLimited           429; `retry_after_s` when the provider said so
└── BadOutput             the model's answer does not fit what was asked for, twice
NotRetryable
├── ProviderRefused       any other 4xx: this request would be refused again
├── InputTooLong          the model does not hold so long a text; another one may
├── OutputCut             `max_tokens` ended the answer before it was whole
├── UnsupportedModel      this provider has no such model, or the model cannot do this
├── MissingKey            there is no key to call this provider with
├── KeyRefused            the provider does not accept the key
└── QuotaSpent            the account's credit is used up; waiting does not help

All but `ProviderRefused` let the next model of a chain try: the fault may lie with the provider.
A refused request is at fault itself.
"""

from haulage.domain.errors import NotRetryable, Retryable


class ProviderUnavailable(Retryable):
    """The provider did not give an answer; another try may get one."""

    code = "provider_unavailable"


class RateLimited(Retryable):
    """The provider asks for fewer calls."""

    code = "rate_limited"


class BadOutput(Retryable):
    """The model's answer does not fit what was asked for."""

    code = "bad_output"


class ProviderRefused(NotRetryable):
    """The provider refuses this request."""

    code = "provider_refused"


class InputTooLong(NotRetryable):
    """The model does not hold so long a text."""

    code = "input_too_long"


class OutputCut(NotRetryable):
    """The answer was cut before it was whole."""

    code = "output_cut"


class UnsupportedModel(NotRetryable):
    """There is no such model, or it cannot do this."""

    code = "unsupported_model"


class MissingKey(NotRetryable):
    """There is no key to call this provider with."""

    code = "missing_key"


class KeyRefused(NotRetryable):
    """The provider does not accept the key."""

    code = "key_refused"


class QuotaSpent(NotRetryable):
    """The account's credit is used up."""

    code = "quota_spent"


FALLS_THROUGH = (
    ProviderUnavailable,
    RateLimited,
    BadOutput,
    InputTooLong,
    OutputCut,
    UnsupportedModel,
    MissingKey,
    KeyRefused,
    QuotaSpent,
)
