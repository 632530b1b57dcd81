"""What a trace shows of a provider's call, by OpenTelemetry's conventions for generative AI.

Neither what was asked nor what was answered: prompts hold documents.
"""

from haulage.domain.language_model import ModelUsage
from haulage.providers.route import Hop
from haulage.telemetry import tracing


def call_span(operation: str, hop: Hop, *, most_tokens: int | None = None) -> tracing.Span:
    """The span of one call, `chat` or `embeddings`."""
    if not tracing.is_on():
        return tracing.NOTHING
    return tracing.part(
        f"{operation} {hop.model}",
        {
            "gen_ai.operation.name": operation,
            "gen_ai.provider.name": hop.provider,
            "gen_ai.request.model": hop.model,
            "gen_ai.request.max_tokens": most_tokens,
        },
        kind="client",
    )


def tell_usage(span: tracing.Span, usage: ModelUsage) -> None:
    """What the call has used."""
    span.set(
        {
            "gen_ai.usage.input_tokens": usage.input_tokens,
            "gen_ai.usage.output_tokens": usage.output_tokens,
        }
    )
