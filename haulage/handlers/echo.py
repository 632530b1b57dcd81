"""`echo`: give the value back. The smallest job there is; tests and benchmarks use it."""

from pydantic import BaseModel, ConfigDict, Field, JsonValue

from haulage.domain.context import Context
from haulage.domain.job_type import Policy, job_type


class EchoInput(BaseModel):
    model_config = ConfigDict(extra="forbid")

    value: JsonValue = Field(description="Any JSON value.")


class Echo(BaseModel):
    value: JsonValue = Field(description="The value that was sent.")


@job_type("echo", policy=Policy(timeout_s=30), example={"value": "Bonjour"})
async def echo(input: EchoInput, ctx: Context) -> Echo:  # noqa: ARG001 - every handler has one
    """Give `value` back unchanged."""
    return Echo(value=input.value)
