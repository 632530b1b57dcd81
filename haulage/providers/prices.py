"""What tokens cost, by the price list that ships with `genai-prices`: no network, loaded late.

A model that the list does not know has no price: None, never a guess.
"""

from functools import lru_cache

VENDORS = {"openai": "openai", "openrouter": "openrouter", "gemini": "google"}
MANY = 1_000_000
FEW = 1_000


def price_of(provider: str, model: str, input_tokens: int, output_tokens: int) -> float | None:
    """US dollars for a call, or None where no price is known."""
    vendor = VENDORS.get(provider)
    if vendor is None:
        return None
    rates = _flat_rates(vendor, model)
    if rates is None:
        return _listed(vendor, model, input_tokens, output_tokens)
    return (input_tokens * rates[0] + output_tokens * rates[1]) / MANY


@lru_cache(maxsize=1024)
def _flat_rates(vendor: str, model: str) -> tuple[float, float] | None:
    """Dollars for a million tokens in and out, where they are the same for few and for many.

    The list takes half a millisecond for each question; most models have flat rates.
    """
    into, out = _listed(vendor, model, MANY, 0), _listed(vendor, model, 0, MANY)
    few_in, few_out = _listed(vendor, model, FEW, 0), _listed(vendor, model, 0, FEW)
    if into is None or out is None or few_in is None or few_out is None:
        return None
    flat = abs(few_in * MANY / FEW - into) + abs(few_out * MANY / FEW - out) < 1e-9
    return (into, out) if flat else None


@lru_cache(maxsize=1024)
def _unlisted(vendor: str, model: str) -> bool:
    return _asked(vendor, model, FEW, FEW) is None


def _listed(vendor: str, model: str, input_tokens: int, output_tokens: int) -> float | None:
    return None if _unlisted(vendor, model) else _asked(vendor, model, input_tokens, output_tokens)


def _asked(vendor: str, model: str, input_tokens: int, output_tokens: int) -> float | None:
    try:
        # Late, because the list is large and most processes never ask.
        from genai_prices import Usage, calc_price
    except ImportError:
        return None
    used = Usage(input_tokens=input_tokens, output_tokens=output_tokens)
    try:
        return float(calc_price(used, model, provider_id=vendor).total_price)
    except LookupError:
        return None
