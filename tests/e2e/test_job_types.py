"""The job types that ship, through HTTP, Celery and PostgreSQL to their results."""

import functools
import http.server
import json
import math
import threading
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest
from live_system import System, until

from examples.make_newspaper import make_newspaper, truth
from examples.make_novel import make_novel

pytestmark = [pytest.mark.e2e, pytest.mark.xdist_group("system")]
SITE = Path(__file__).resolve().parents[2] / "examples" / "site"


@pytest.fixture
def site() -> Iterator[str]:
    class Quiet(http.server.SimpleHTTPRequestHandler):
        def log_message(self, format: str, *args: object) -> None: ...

    handler = functools.partial(Quiet, directory=str(SITE))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


def test_echo_answers_with_what_it_was_given(system: System) -> None:
    value = {"deep": [1, None, "é\u2028\U0001f600", 1e300]}
    job = system.client.wait(system.client.submit("echo", {"value": value}).id)
    assert job.state == "succeeded"
    assert job.result == {"value": value}


def test_crunch_reports_its_progress_from_a_cpu_process(system: System) -> None:
    submitted = system.client.submit("crunch", {"seconds": 1})
    events = list(system.client.stream(submitted.id))
    percents = [event.data["percent"] for event in events if event.event == "progress"]
    assert len(percents) > 2
    assert percents == sorted(percents)
    assert system.client.get(submitted.id).queue == "cpu"
    assert system.client.get(submitted.id).state == "succeeded"


def test_a_novel_is_rewritten_chunk_by_chunk(system: System, tmp_path: Path) -> None:
    novel = tmp_path / "roman.pdf"
    novel.write_bytes(make_novel(40))
    file = system.client.upload(novel)
    submitted = system.client.submit(
        "rewrite_novel", {"file": str(file.id), "sentence_length_limit": 12}
    )
    job = system.client.wait(submitted.id, timeout_s=60)
    assert job.state == "succeeded", job.error
    result = job.result or system.client.result(job.id)
    assert result["language"] == "fr"
    assert result["method"] == "split"
    assert result["chunks"] == {"total": 2, "processed": 2, "failed": []}
    pages = [sentence["page"] for sentence in result["sentences"]]
    assert pages == sorted(pages)
    assert set(pages) == set(range(1, 41))
    steps = system.query("SELECT count(*) FROM steps WHERE job_id = %s", submitted.id)
    assert steps[0][0] >= 2


def test_a_summary_keeps_the_language_and_the_limit(system: System) -> None:
    text = " ".join(
        f"Le port de la ville reçoit chaque matin {number} bateaux chargés de sel et de bois."
        for number in range(40)
    )
    job = system.client.wait(
        system.client.submit("summarize_text", {"text": text, "max_words": 60}).id
    )
    assert job.state == "succeeded", job.error
    assert job.result["language"] == "fr"
    assert 0 < len(job.result["summary"].split()) <= 60


def test_people_are_found_where_the_text_names_them(system: System) -> None:
    text = "Vito Leccese, sindaco di Bari, ha parlato ieri. Leccese era solo."
    job = system.client.wait(system.client.submit("identifying_data", {"text": text}).id)
    assert job.state == "succeeded", job.error
    [mayor] = job.result["people"]
    assert (mayor["name"], mayor["role"]) == ("Vito Leccese", "sindaco di Bari")
    said = [text[one["start"] : one["end"]] for one in mayor["mentions"]]
    assert said == ["Vito Leccese", "Leccese"]


def test_a_page_is_scraped(system: System, site: str) -> None:
    job = system.client.wait(system.client.submit("web_scrape", {"url": f"{site}/index.html"}).id)
    assert job.state == "succeeded", job.error
    assert job.result["title"]
    assert job.result["h1s"]
    assert any(link.startswith(site) for link in map(str, job.result["links"]))


def test_a_refused_address_fails_at_once_with_the_reason(system: System) -> None:
    job = system.client.wait(
        system.client.submit("web_scrape", {"url": "http://169.254.169.254/latest/"}).id
    )
    assert job.state == "failed"
    assert job.attempt == 1
    assert not job.error.retryable


def test_texts_become_vectors_without_key_or_network(system: System) -> None:
    texts = ["The harbour was flooded.", "Il porto fu allagato.", "Two eggs and some flour."]
    given = {"texts": texts, "model": "local:e5-small"}
    job = system.client.wait(system.client.submit("text_embedding", given).id)
    assert job.state == "succeeded"
    harbour, porto, eggs = job.result["embeddings"]
    assert math.dist(harbour, porto) < math.dist(harbour, eggs)
    again = system.client.wait(system.client.submit("text_embedding", given).id)
    assert again.result["embeddings"] == job.result["embeddings"]
    assert (again.result["cached"], again.result["usage"]["calls"]) == (3, 0)
    until(lambda: used(system, "local") >= 1)


def used(system: System, provider: str) -> int:
    """Calls of a provider, as the API tells them."""
    with urllib.request.urlopen(f"{system.ready['url']}/api/v1/usage") as answer:
        rows = json.load(answer)["data"]
    return sum(row["calls"] for row in rows if row["provider"] == provider)


@pytest.mark.parametrize(
    "more", [{}, {"model": "fake:echo"}], ids=["rules", "a model that is not believed"]
)
def test_a_newspaper_becomes_articles(system: System, tmp_path: Path, more: dict) -> None:
    paper = tmp_path / "giornale.pdf"
    paper.write_bytes(make_newspaper())
    file = system.client.upload(paper)
    submitted = system.client.submit("extract_newspaper", {"files": [str(file.id)], **more})
    job = system.client.wait(submitted.id, timeout_s=60)
    assert job.state == "succeeded", job.error
    result = job.result or system.client.result(job.id)
    assert (result["filename"], result["issue_date"]) == ("giornale.pdf", "1950-05-12")
    assert [
        (page["status"], page["reason"], [article["title"] for article in page["articles"]])
        for page in result["pages"]
    ] == [
        (page["status"], page["reason"], [article["title"] for article in page["articles"]])
        for page in truth()["pages"]
    ]
