from pydantic import BaseModel

from haulage import Context, job_type


class Hello(BaseModel):
    name: str


@job_type("hello")
async def hello(input: Hello, ctx: Context) -> str:
    """Say good morning."""
    return f"Good morning, {input.name}! This is attempt {ctx.attempt}."
