"""What the demo works on, and how it shows what came out."""

from io import StringIO
from urllib.request import urlopen

from rich.console import Console

from haulage.cli.demo_material import essay, examples_folder, local_report, make_novel, served
from haulage.cli.demo_results import READABLE, print_excerpts
from haulage.client import JobView
from haulage.documents.people import find_people


def test_the_examples_are_found_and_make_a_pdf():
    assert make_novel(examples_folder(), pages=2).startswith(b"%PDF")


def test_the_text_is_several_pages_long():
    assert len(essay(examples_folder()).split()) > 1000


def test_the_report_names_people_with_their_roles():
    people = {one.name: one.role for one in find_people(local_report(examples_folder()))}
    assert people["Marta Bellandi"] == "sindaca di Porto Leone"
    assert people["Lorenzo Grandi"] == "ministro dei Trasporti"
    assert "Giuseppe Mazzini" not in people
    assert len(people) >= 6


def test_the_site_is_served_on_loopback_while_the_block_lasts():
    with served(examples_folder() / "site") as url:
        assert url.startswith("http://127.0.0.1:")
        with urlopen(f"{url}/index.html", timeout=10) as page:
            assert b"<h1" in page.read()


def test_excerpts_show_text_as_it_is_and_only_of_jobs_that_succeeded():
    def job(type: str, state: str) -> JobView:
        return JobView.from_json({"id": "0" * 32, "type": type, "state": state})

    screen = StringIO()
    page = {"title": "A [bold] title", "h1s": ["One"], "links": ["http://a/"], "final_url": ""}
    novel = {
        "language": "fr", "method": "split", "chunks": {"total": 1, "processed": 1, "failed": []},
        "sentences": [{"page": n, "text": f"Phrase [{n}]."} for n in range(1, 40)],
    }  # fmt: skip
    ada = {"name": "Ada [Rossi]", "role": None, "mentions": [{"start": 1, "end": 5}]}
    print_excerpts(
        Console(file=screen, width=10_000),
        [
            (job("web_scrape", "succeeded"), page),
            (job("rewrite_novel", "succeeded"), novel),
            (job("identifying_data", "succeeded"), {"people": [ada]}),
            (job("crunch", "failed"), None),
        ],
    )
    told = screen.getvalue()
    assert "A [bold] title" in told
    assert "39 sentences from 39 pages" in told
    assert "Phrase [4]." in told
    assert "Ada [Rossi]" in told
    assert "crunch" not in told
    assert max(len(line) for line in told.splitlines()) <= READABLE
