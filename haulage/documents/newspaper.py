"""A newspaper's page as readers search for it: its articles with subjects and a summary."""

from dataclasses import dataclass

from haulage.documents.errors import NoText
from haulage.documents.extractive import summarize
from haulage.documents.keywords import keywords
from haulage.documents.language import detect_language
from haulage.documents.layout import Article

SUMMARY_WORDS = 45


@dataclass(frozen=True, slots=True)
class Digest:
    """What an article is about."""

    language: str
    topics: tuple[str, ...]
    summary: str


def digest(article: Article) -> Digest:
    """What a model has said, else subjects and summary out of the article's own words."""
    language = detect_language(article.body or article.title)
    if article.summary:
        return Digest(language, article.topics, article.summary)
    topics = keywords(f"{article.title} {article.subtitle}", article.body, language=language)
    try:
        summary = summarize(article.body, language=language, max_words=SUMMARY_WORDS).text
        # It parted place and day ("VALDORA, 14 maggio. —") from the first sentence.
        summary = summary.lstrip("—– ")
    except NoText:
        summary = ""
    return Digest(language, tuple(topics), summary)
