"""Greet people in several languages, in steps that survive a crash."""

import asyncio

from pydantic import BaseModel, Field

from haulage import Backoff, Context, NotRetryable, Policy, Retryable, job_type

PHRASES = {"en": "Good morning", "fr": "Bonjour", "it": "Buongiorno"}


class Greet(BaseModel):
    name: str = Field(min_length=1, description="Whom to greet.")
    languages: list[str] = Field(default=["en", "fr", "it"], description="ISO 639-1 codes.")
    busy: int = Field(default=0, description="How many attempts find the printer busy.")


@job_type(
    "greet",
    policy=Policy(max_attempts=4, timeout_s=60, backoff=Backoff(base_s=0.5)),
    example={"name": "Ada"},
)
async def greet(input: Greet, ctx: Context) -> list[str]:
    """Greet somebody in several languages."""
    await ctx.log("greeting.began", attempt=ctx.attempt)
    greetings = []
    for done, language in enumerate(input.languages, start=1):
        greetings.append(await ctx.step("translate", translate, input.name, language))
        await ctx.progress(step=language, done=done, total=len(input.languages))
    if ctx.attempt <= input.busy:
        raise Retryable("The printer is busy.", code="printer_busy")
    return greetings


async def translate(name: str, language: str) -> str:
    """One greeting. Think of a slow, paid call to a model here."""
    if language not in PHRASES:
        raise NotRetryable(f"There is no phrase for {language!r}.", code="unknown_language")
    await asyncio.sleep(0.3)
    return f"{PHRASES[language]}, {name}!"
