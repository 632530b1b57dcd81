"""The job type of both shops."""

from pydantic import BaseModel, Field

from haulage import Context, Policy, job_type


class Invoice(BaseModel):
    order: int
    article: str = Field(min_length=1)


@job_type("send_invoice", policy=Policy(max_attempts=5), example={"order": 7, "article": "teapot"})
async def send_invoice(input: Invoice, ctx: Context) -> str:
    """Make an invoice and send it, each once."""
    number = await ctx.step("number", number_of, input.order)
    await ctx.progress(50, step="sending")
    await ctx.log("invoice.sent", number=number)
    return f"{number}: one {input.article}"


def number_of(order: int) -> str:
    """An invoice's number."""
    return f"2026-{order:05}"
