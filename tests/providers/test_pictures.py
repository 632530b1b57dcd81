"""Pictures go along with a question, in each vendor's own shape."""

import pytest

from haulage.domain.language_model import ChatRequest, Message, Picture
from haulage.providers.adapter import ChatCall
from haulage.providers.metering import estimated_tokens
from tests.providers.conftest import Desk

PNG = Picture("image/png", b"\x89PNG\r\n\x1a\nsome pixels")


async def look(desk: Desk, model: str, *pictures: Picture) -> str:
    request = ChatRequest((model,), (Message("user", "What is this?", pictures),))
    return (await desk.gateway.chat(request, caller=desk.caller)).text


@pytest.mark.parametrize(
    ("model", "kind"),
    [
        ("openai:gpt-4o-mini", "image/png"),
        ("openrouter:google/gemini-2.5-flash", "image/png"),
        ("gemini:gemini-2.5-flash", "image/png"),
        ("ollama:llava", "image"),
    ],
)
async def test_each_provider_gets_the_picture_whole(desk: Desk, model: str, kind: str) -> None:
    assert await look(desk, model, PNG) == f"What is this? [{kind}, 19 bytes]"


async def test_several_pictures_keep_their_order_and_type(desk: Desk) -> None:
    text = await look(desk, "openai:x", PNG, Picture("image/jpeg", b"\xff\xd8\xff"))

    assert text == "What is this? [image/png, 19 bytes] [image/jpeg, 3 bytes]"


def test_a_picture_is_reserved_for_by_its_tokens_not_its_bytes() -> None:
    def tokens(*pictures: Picture) -> int:
        return estimated_tokens(ChatCall("m", [Message("user", "hi", pictures)], max_tokens=100))

    large = Picture("image/png", b"x" * 5_000_000)

    assert tokens(PNG) == tokens(large) == tokens() + 2_000


def test_no_log_shows_a_picture() -> None:
    assert "pixels" not in repr(Message("user", "What is this?", (PNG,)))
