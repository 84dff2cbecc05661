"""US FDA recalls, market withdrawals and safety alerts: the companies' own releases, as the agency's RSS feed lists them."""

from __future__ import annotations

import datetime as dt
import email.utils
import xml.etree.ElementTree as ET
from collections.abc import Iterator
from urllib.parse import urlsplit

from scrapy.http import Response

from crawlers import origins
from crawlers.feeds import DC, as_xml, rss2_items, text_of
from crawlers.reading import FieldError, Parsed, Record, each
from crawlers.wording import line

FIELDS = ("title", "link", "description", "pubDate", "guid")
#: The folder of company releases; what the feed links elsewhere is the agency's own news.
RELEASES = "/safety/recalls-market-withdrawals-safety-alerts/"


def parse(response: Response) -> Iterator[Parsed]:
    """A record an item. The feed holds the last 20 or so: what fell out between two crawls is not seen here."""
    yield from each(rss2_items(response, FIELDS), _read, raw=as_xml)


def _read(item: ET.Element) -> Record:
    title, link = _text(item, "title"), _text(item, "link")
    parts = urlsplit(link)
    name = parts.path.rstrip("/").rpartition("/")[2]
    if not title or not name or not (parts.hostname or "").endswith("fda.gov"):
        raise FieldError("link" if title else "title", link if title else title, "names no page of fda.gov")
    summary, release = _text(item, "description"), RELEASES in parts.path
    return Record(
        name,
        {
            "kind": "recall" if release else "news",
            "document_type": "Company announcement" if release else "News",
            "title": title,
            "summary": summary,
            "published": _day(_text(item, "pubDate")),
            "origins": origins.said(f"{title}\n{summary}"),
            "stated": {"creator": _text(item, f"{DC}creator")},
            "url": parts._replace(scheme="https").geturl(),
        },
    )


def _day(text: str) -> dt.date:
    """ "Wed, 12 Nov 2025 09:14:00 EST": the day as the agency's clock had it (the zone is a name strptime does not read)."""
    try:
        return email.utils.parsedate_to_datetime(text).date()
    except (ValueError, TypeError):
        raise FieldError("pubDate", text, "is no RFC 822 date") from None


def _text(item: ET.Element, name: str) -> str:
    return line(text_of(item, name))
