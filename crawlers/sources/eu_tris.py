"""TRIS: draft technical regulations of member states, one page a number (walked as `tr_gubis` walks)."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterator

from scrapy import Request
from scrapy.http import Response

from crawlers import places
from crawlers.reading import Drift, FieldError, Parsed, Record, Window, clean, each, read_date, source_of, window_of
from crawlers.source import Source
from crawlers.sources.tr_gubis import Walk

NUMBER, RECEIVED, STANDSTILL = "Notification Number", "Date received", "End of Standstill"
#: 27,740 was current in March 2026; forty empty numbers are more than a week.
WALK = Walk(
    "https://technical-regulation-information-system.ec.europa.eu/en/notification/{}", first=27740, step=64, end=40
)


def start(source: Source, window: Window) -> Iterator[Request]:  # noqa: ARG001 - the same for every window
    yield WALK.begin()


def parse(response: Response) -> Iterator[Parsed]:
    """One number: a step of the search, or of the walk."""
    number, labels, window = int(response.url.rpartition("/")[2]), labels_of(response), window_of(response)
    if labels and WALK.walking(response):
        for item in each([labels], lambda row: read(response, number, row)):
            if not isinstance(item, Record) or window.since <= item.fields["published"] <= window.until:
                yield item
    try:
        day = _day(response, labels) if labels else None
    except FieldError:  # in quarantine already, when walking; no help to the search
        day = window.until if WALK.walking(response) else None
    yield from WALK.onward(response, number, day, bool(labels))


def labels_of(response: Response) -> dict[str, str]:
    """Label → value of a page; {} for an unused number. Raises Drift for a page of another kind."""
    if response.status == 404:
        return {}
    labels = {}
    for cell in response.css("div[class*='ecl-col-3']"):
        value = cell.xpath("following-sibling::div[contains(@class, 'ecl-col')][1]").get()
        if (name := clean(cell.get()).rstrip(" :")) and value is not None:
            labels[name] = clean(value)
    if labels and not (NUMBER in labels and RECEIVED in labels):
        raise Drift(f"labels {NUMBER}, {RECEIVED} are missing; the page has {', '.join(list(labels)[:8])}")
    return {name: value for name, value in labels.items() if value}


def read(response: Response, number: int, labels: dict[str, str]) -> Record:
    found = re.match(r"(\d{4}/\d+/([A-Z]{2}))(?:\s*\((.+)\))?", labels.get(NUMBER, ""))
    if found is None:
        raise FieldError(NUMBER, labels.get(NUMBER, ""), "is not year/number/country")
    standstill, formats = labels.get(STANDSTILL, ""), source_of(response).date_formats
    title = clean(response.css("h1").get()) or labels.get("Title", "")
    if not title:
        raise Drift("no h1 and no label Title: not the page of a notification")
    main = next((labels[name] for name in labels if "main content" in name.casefold()), "")
    milestones: list[dict[str, object]] = []
    if re.search(r"\d{4}", standstill):
        day = read_date(STANDSTILL, standstill.split(" ")[0], formats)
        milestones.append({"kind": "comment_deadline", "date": day, "text": standstill})
    return Record(
        str(number),
        {
            "market": places.code(found[3] or "") or {"EL": "GR", "XI": "GB", "UK": "GB"}.get(found[2], found[2]),
            "stage": "draft",
            "symbol": found[1],
            "document_type": "Directive (EU) 2015/1535",
            "title": title,
            "summary": main,
            "products_text": next((labels[n] for n in labels if n.casefold().startswith("product")), "") or title,
            "published": _day(response, labels),
            "milestones": milestones,
            "stated": {name: value[:600] for name, value in labels.items()},
            "url": response.url,
        },
    )


def _day(response: Response, labels: dict[str, str]) -> dt.date:
    return read_date(RECEIVED, labels.get(RECEIVED, ""), source_of(response).date_formats)
