"""SFDA circulars: the list and pages of `sa_sfda_warnings`, with the labels of a measure."""

from __future__ import annotations

from collections.abc import Iterator

from scrapy.http import Response

from crawlers import places
from crawlers.reading import Parsed, Record, day_of, each
from crawlers.sources.sa_sfda_warnings import documents, node_of, page_of, pages


def parse(response: Response) -> Iterator[Parsed]:
    """The list of circulars."""
    yield from pages(response, parse_circular)


def parse_circular(response: Response) -> Iterator[Parsed]:
    """One circular."""
    yield from each([response], read_circular, raw=lambda page: page.text)


def read_circular(response: Response) -> Record:
    title, posted, text, labels = page_of(response)
    milestones = []
    if applying := labels.get("Applying Date"):
        milestones.append(
            {"kind": "application", "date": day_of(response, "Applying Date", applying), "text": applying}
        )
    return Record(
        node_of(response),
        {
            "stage": "published",
            "document_type": "Circular",
            "title": title,
            "text": text,
            "products_text": title,
            "published": day_of(response, "Publication Date", labels.get("Publication Date") or posted),
            "milestones": milestones,
            "affected": places.codes(title),
            "stated": labels,
            "url": response.url,
            "documents": documents(response),
        },
    )
