"""Jobs by which a deployment shows that it works: of each pool, with a blob and a document."""

from pathlib import Path

from reportlab.pdfgen.canvas import Canvas

from haulage.client import Client


def run_first_jobs(client: Client, folder: Path) -> None:
    """Submit them and wait until each has succeeded and the document has been read."""
    page = folder / "page.pdf"
    canvas = Canvas(str(page))
    canvas.drawString(72, 700, "A page to read")
    canvas.save()

    jobs = [
        client.submit("echo", {"value": "x" * 400_000}),
        client.submit("crunch", {"seconds": 0.2}),
        client.submit("extract_text", {"file": str(client.upload(page).id)}),
    ]
    ended = [client.wait(job.id, timeout_s=60) for job in jobs]

    assert [job.state for job in ended] == ["succeeded"] * 3
    assert "A page to read" in str(ended[2].result)
