"""Server-sent events, whatever the network does to them."""

import pytest

from haulage.client.sse import Parser

TEXT = (
    b': hello\r\n\r\nid: 1\r\nevent: log\r\ndata: {"a":\r\ndata:  1}\r\n\r\n'
    b"id: 2\r\ndata: {}\r\n\r\n"
)


@pytest.mark.parametrize("size", [1, 2, 3, 7, 1000])
@pytest.mark.parametrize("ending", [b"\r\n", b"\n"])
def test_events_survive_any_cut(size: int, ending: bytes):
    text = TEXT.replace(b"\r\n", ending)
    parser = Parser()
    events = [e for i in range(0, len(text), size) for e in parser.feed(text[i : i + size])]
    assert [(e.id, e.event, e.data) for e in events] == [(1, "log", {"a": 1}), (2, "message", {})]


def test_an_event_without_data_is_none():
    assert list(Parser().feed(b"event: state\nid: 4\n\n")) == []


def test_data_that_is_no_object_is_kept_as_a_value():
    (event,) = Parser().feed(b"data: hello\n\n")
    assert event.data == {"value": "hello"}
