"""SFDA, the Saudi food and drug authority: lists of pages (warnings, circulars), then a page each.

The two lists differ in address, labels and kind only: `sa_sfda_circulars` shares `parse` and the readers of this module.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from urllib.parse import urlencode, urlsplit

from scrapy import Request
from scrapy.http import Response

from crawlers import origins, places
from crawlers.reading import Drift, Parsed, Record, clean, day_of, each, window_of


def parse(response: Response) -> Iterator[Parsed]:
    """The list of warnings."""
    yield from pages(response, parse_warning)


def pages(response: Response, reader: Callable[[Response], Iterator[Parsed]]) -> Iterator[Parsed]:
    """One page of a list, newest first: a request for each item of the window, and the next page while it may hold some."""
    window, days = window_of(response), []
    items = response.css(".warning-item")
    if not items and not response.css(".view-empty, .no-result"):
        raise Drift("no .warning-item and no .view-empty: not the list it was")
    for item in items:
        days.append(day_of(response, "news-date", item.css(".news-date::text").get()))
        link = item.css("a.download-doc-link::attr(href)").get() or item.css("a::attr(href)").get()
        if link is None:
            raise Drift(".warning-item holds no link")
        if days[-1] in window:
            yield response.follow(link, callback=reader, meta={"posted": days[-1].isoformat()}, dont_filter=True)
    if days and min(days) >= window.since:
        asked = re.search(r"[?&]page=(\d+)", response.url)
        query = urlencode({"tags": "All", "page": int(asked[1]) + 1 if asked else 1})
        # No callback: the next page is read by the `parse` of whichever source asked.
        yield Request(f"{response.url.partition('?')[0]}?{query}", dont_filter=True)


def parse_warning(response: Response) -> Iterator[Parsed]:
    """One warning."""
    yield from each([response], read_warning, raw=lambda page: page.text)


def read_warning(response: Response) -> Record:
    title, posted, text, labels = page_of(response)
    day = labels.get("Warning date") or posted
    whole = "\n".join((text, *(f"{name}: {value}" for name, value in labels.items())))
    return Record(
        node_of(response),
        {
            "kind": "recall" if re.search(r"recall|withdr[ae]w", whole, re.IGNORECASE) else "news",
            "document_type": "Warning",
            "title": title,
            "summary": labels.get("Reason for warning", ""),
            "text": whole,
            "products_text": title,
            "published": day_of(response, "Warning date", day),
            "origins": places.codes(labels.get("Manufacture Country", "")) or origins.said(text),
            "stated": labels,
            "url": response.url,
            "documents": documents(response),
        },
    )


#: Labels as older and newer pages print them → the name they are kept under.
SAME = {
    "warning date": "Warning date",
    "warning reason": "Reason for warning",
    "reason for warning": "Reason for warning",
    "corrective actions": "Corrective actions",
    "correction actions": "Corrective actions",
    "manufacture country": "Manufacture Country",
    "country of manufacture": "Manufacture Country",
}


def page_of(response: Response) -> tuple[str, str, str, dict[str, str]]:
    """Title, day of posting, running text and labels of a page. Raises Drift where there is no title."""
    title = clean(response.css("h1.m-c-title, .m-c-title").get())
    if not title:
        raise Drift("no .m-c-title: not a page of the authority's news")
    labels = {}
    for row in response.css("tr:has(th):has(td), .field:has(.field__label):has(.field__item)"):
        name = clean(row.css("th, .field__label").get()).rstrip(" :")
        value = clean("\n".join(row.css("td, .field__item").getall()))
        if name and value:
            labels[SAME.get(name.casefold(), name)] = value
    posted = clean(response.css(".sing-date::text").get()) or str(response.meta.get("posted", ""))
    paragraphs = response.css("article .field--name-body p, article .field--name-body li").getall()
    return title, posted, "\n".join(clean(part) for part in paragraphs), labels


def documents(response: Response) -> list[dict[str, str]]:
    links = response.css("article a.download-doc-link[href$='.pdf']")
    return [{"url": response.urljoin(a.attrib["href"]), "title": clean(a.get())} for a in links]


def node_of(response: Response) -> str:
    """The last part of the page's address: a node number or a slug."""
    return urlsplit(response.url).path.rstrip("/").rpartition("/")[2]
