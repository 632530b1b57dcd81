"""What the shops have."""

ARTICLES = {"teapot", "kettle"}


class OutOfStock(Exception):
    """There is none left."""


def take(article: str) -> None:
    """Raises `OutOfStock`."""
    if article not in ARTICLES:
        raise OutOfStock(article)
