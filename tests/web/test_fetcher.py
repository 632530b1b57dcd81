"""The fetcher against real HTTP on loopback."""

import asyncio
import gzip
import zlib
from datetime import UTC, datetime

import pytest

from haulage.domain.errors import NotRetryable, Retryable
from haulage.web.fetcher import Fetcher, Limits, retry_after_s

NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)


class StillClock:
    def now(self) -> datetime:
        return NOW


def fetcher(**limits) -> Fetcher:
    return Fetcher(limits=Limits(**limits), allow_private=True, clock=StillClock())


async def test_a_page_comes_back_with_what_it_is(site):
    url = site.answers("/a", "<title>Été</title>")

    fetched = await fetcher().get(url + "#part")

    assert fetched.text == "<title>Été</title>"
    assert (fetched.status, fetched.media_type, fetched.size) == (200, "text/html", 20)
    assert fetched.final_url == url


async def test_redirects_are_followed_relative_ones_too(site):
    site.answers("/dir/a", b"", status="302 Found", headers={"Location": "b?x=1"})
    site.answers("/dir/b?x=1", b"", status="308 Permanent Redirect", headers={"Location": "/c"})
    site.answers("/c", "arrived")

    fetched = await fetcher().get(site.url("/dir/a"))

    assert (fetched.text, fetched.final_url) == ("arrived", site.url("/c"))


async def test_redirects_in_a_circle_end(site):
    url = site.answers("/a", b"", status="302 Found", headers={"Location": "/a"})

    with pytest.raises(NotRetryable, match="More than 3 redirects"):
        await fetcher(max_redirects=3).get(url)

    assert len(site.requests) == 4


@pytest.mark.parametrize("status", ["500 Oops", "502 Bad Gateway", "408 Timeout", "425 Too Early"])
async def test_what_may_pass_is_retryable(site, status):
    url = site.answers("/a", status=status)

    with pytest.raises(Retryable, match=status[:3]) as raised:
        await fetcher().get(url)

    assert raised.value.code == f"http_{status[:3]}"
    assert raised.value.retry_after_s is None


@pytest.mark.parametrize("status", ["429 Too Many Requests", "503 Service Unavailable"])
async def test_the_wait_that_the_server_asks_for_is_handed_on(site, status):
    url = site.answers("/a", status=status, headers={"Retry-After": "17"})

    with pytest.raises(Retryable) as raised:
        await fetcher().get(url)

    assert raised.value.retry_after_s == 17


@pytest.mark.parametrize("status", ["400 Bad", "401 Who", "404 Not Found", "410 Gone", "304 Same"])
async def test_what_another_try_cannot_help_is_not_retried(site, status):
    url = site.answers("/a", status=status)

    with pytest.raises(NotRetryable, match=status[:3]):
        await fetcher().get(url)


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        ("0", 0.0),
        ("120", 120.0),
        ("99999999", 86_400.0),
        ("Sun, 01 Mar 2026 12:01:30 GMT", 90.0),
        ("Sun, 01 Mar 2026 11:00:00 GMT", 0.0),
        ("soon", None),
        ("-5", None),
        (None, None),
    ],
)
def test_retry_after_is_seconds_or_a_date(value, seconds):
    assert retry_after_s(value, now=NOW) == seconds


@pytest.mark.parametrize("content_type", ["application/pdf", "image/png", None])
async def test_a_page_of_another_type_is_refused(site, content_type):
    url = site.answers("/a", b"%PDF", content_type=content_type)

    with pytest.raises(NotRetryable) as raised:
        await fetcher().get(url)

    assert raised.value.code == "unexpected_media_type"


@pytest.mark.parametrize(
    "url",
    ["ftp://example.org/", "file:///etc/passwd", "gopher://x/", "javascript:alert(1)", "/a", "x"],
)
async def test_only_http_and_https_are_fetched(url):
    with pytest.raises(NotRetryable) as raised:
        await fetcher().get(url)

    assert raised.value.code in ("unsupported_scheme", "invalid_url")


@pytest.mark.parametrize("url", ["http://", "http://[::1", "http://a:99999/", "http://a\x00b/", ""])
async def test_what_is_no_url_is_refused(url):
    with pytest.raises(NotRetryable):
        await fetcher().get(url)


async def test_a_redirect_to_another_scheme_is_refused(site):
    url = site.answers("/a", b"", status="302 Found", headers={"Location": "file:///etc/passwd"})

    with pytest.raises(NotRetryable, match="http and https"):
        await fetcher().get(url)


async def test_credentials_in_the_url_are_refused_and_never_shown(site):
    with pytest.raises(NotRetryable) as raised:
        await fetcher().get(f"http://me:hunter2@127.0.0.1:{site.port}/a")

    assert raised.value.code == "credentials_in_url"
    assert "hunter2" not in str(raised.value)


@pytest.mark.parametrize("encoding", ["gzip", "deflate", "raw deflate"])
async def test_compressed_pages_are_unfolded(site, encoding):
    text = "été " * 1_000
    body = {
        "gzip": gzip.compress(text.encode()),
        "deflate": zlib.compress(text.encode()),
        "raw deflate": zlib.compress(text.encode(), wbits=-15),
    }[encoding]
    url = site.answers("/a", body, headers={"Content-Encoding": encoding.split()[-1]})

    assert (await fetcher().get(url)).text == text


async def test_a_large_page_is_given_up_at_the_limit(site):
    url = site.answers("/a", b"x" * 200_001)

    with pytest.raises(NotRetryable, match="larger than 200000 bytes"):
        await fetcher(max_bytes=200_000).get(url)


async def test_a_page_of_exactly_the_limit_is_taken(site):
    url = site.answers(
        "/a", gzip.compress(b"x" * 1_000, mtime=0), headers={"Content-Encoding": "gzip"}
    )

    assert (await fetcher(max_bytes=1_000).get(url)).size == 1_000


async def test_a_decompression_bomb_is_given_up_at_the_limit(site):
    bomb = gzip.compress(b"\0" * 50_000_000, mtime=0)
    url = site.answers("/a", bomb, headers={"Content-Encoding": "gzip"})

    with pytest.raises(NotRetryable, match="larger"):
        await fetcher(max_bytes=1_000_000).get(url)


async def test_an_endless_page_without_a_length_is_given_up_at_the_limit(site):
    async def pour(writer):
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n\r\n")
        while True:
            writer.write(b"x" * 65_536)
            await writer.drain()

    site.pages["/a"] = pour

    with pytest.raises(NotRetryable, match="larger"):
        await fetcher(max_bytes=500_000).get(site.url("/a"))


async def test_an_encoding_nobody_asked_for_is_refused(site):
    url = site.answers("/a", b"??", headers={"Content-Encoding": "br"})

    with pytest.raises(NotRetryable) as raised:
        await fetcher().get(url)

    assert raised.value.code == "unsupported_encoding"


@pytest.mark.parametrize("body", [gzip.compress(b"whole" * 999, mtime=0)[:-9], b"no gzip at all"])
async def test_broken_compression_is_tried_again(site, body):
    url = site.answers("/a", body, headers={"Content-Encoding": "gzip"})

    with pytest.raises(Retryable):
        await fetcher().get(url)


async def test_a_page_that_ends_before_its_length_is_tried_again(site):
    url = site.answers("/a", b"half", headers={"Content-Length": "4000"})

    with pytest.raises(Retryable) as raised:
        await fetcher().get(url)

    assert raised.value.code == "connection_failed"


async def test_a_server_that_drips_is_left_when_the_time_is_up(site):
    async def drip(writer):
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n\r\n")
        while True:
            writer.write(b"x")
            await writer.drain()
            await asyncio.sleep(0.02)

    site.pages["/a"] = drip

    with pytest.raises(Retryable) as raised:
        await fetcher(total_s=0.3).get(site.url("/a"))

    assert raised.value.code == "fetch_timed_out"


async def test_a_closed_port_is_tried_again(unused_port):
    with pytest.raises(Retryable) as raised:
        await fetcher().get(f"http://127.0.0.1:{unused_port}/")

    assert raised.value.code == "connection_failed"


async def test_a_name_that_does_not_resolve_is_tried_again():
    async def nowhere(host: str, port: int) -> list[str]:
        raise OSError("no such host")

    with pytest.raises(Retryable) as raised:
        await Fetcher(resolver=nowhere).get("http://kervadec.example/")

    assert raised.value.code == "name_not_resolved"


async def test_proxies_and_credentials_of_the_environment_are_ignored(
    site, monkeypatch, tmp_path, unused_port
):
    netrc = tmp_path / "netrc"
    netrc.write_text("machine 127.0.0.1 login me password secret\n")
    netrc.chmod(0o600)
    monkeypatch.setenv("NETRC", str(netrc))
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"):
        monkeypatch.setenv(name, f"http://127.0.0.1:{unused_port}")

    await fetcher().get(site.answers("/a"))

    assert "authorization" not in site.heads[0].lower()


async def test_a_cookie_of_one_fetch_is_not_sent_by_the_next(site):
    site.answers("/a", headers={"Set-Cookie": "who=me; Path=/"})
    shared = fetcher()

    await shared.get(site.url("/a"))
    await shared.get(site.url("/a"))

    assert "cookie" not in site.heads[1].lower()


@pytest.mark.parametrize(
    ("body", "content_type", "text"),
    [
        ("été".encode("latin-1"), "text/html; charset=iso-8859-1", "été"),
        ("été".encode(), 'text/html; charset="UTF-8"', "été"),
        (b'<meta charset="latin1">\xe9', "text/html", '<meta charset="latin1">é'),
        ("\ufeffété".encode(), "text/html; charset=latin-1", "été"),
        ("été".encode("utf-16"), "text/html", "été"),
        ("l’été".encode("cp1252"), "text/html", "l’été"),
        ("été".encode(), "text/html; charset=no-such-thing", "été"),
        (b"a-b", "text/html; charset=punycode", "a-b"),
        (b"616263", "text/html; charset=hex", "616263"),
        (b"\xff\xff\x81", "text/html; charset=utf-8", "ÿÿ\ufffd"),
        (b"", "text/html", ""),
    ],
)
async def test_text_is_decoded_as_browsers_do(site, body, content_type, text):
    assert (await fetcher().get(site.answers("/a", body, content_type=content_type))).text == text
