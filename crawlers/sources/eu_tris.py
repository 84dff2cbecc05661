"""TRIS: draft technical regulations of member states, one page a number, walked (`crawlers.walks`)."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterator

from scrapy.http import Response

from crawlers import places
from crawlers.reading import Drift, FieldError, Parsed, Record, clean, day_of
from crawlers.walks import Walk
from crawlers.wording import filled

NUMBER, RECEIVED, STANDSTILL = "Notification Number", "Date received", "End of Standstill"
#: 27,740 was current in March 2026; forty empty numbers are more than a week.
WALK = Walk(
    "https://technical-regulation-information-system.ec.europa.eu/en/notification/{}",
    RECEIVED,
    first=27740,
    step=64,
    end=40,
)
#: Codes of the register that are no ISO codes.
COUNTRIES = {"EL": "GR", "XI": "GB", "UK": "GB"}
start = WALK.start


def parse(response: Response) -> Iterator[Parsed]:
    """One number: a step of the search, or of the walk."""
    number = int(response.url.rpartition("/")[2])

    def read(labels: dict[str, str], day: dt.date) -> Record:
        found = re.match(r"(\d{4}/\d+/([A-Z]{2}))(?:\s*\((.+)\))?", labels.get(NUMBER, ""))
        if found is None:
            raise FieldError(NUMBER, labels.get(NUMBER, ""), "is not year/number/country")
        title = clean(response.css("h1").get()) or labels.get("Title", "")
        if not title:
            raise Drift("no h1 and no label Title: not the page of a notification")
        milestones: list[dict[str, object]] = []
        standstill = labels.get(STANDSTILL, "")
        if re.search(r"\d{4}", standstill):
            until = day_of(response, STANDSTILL, standstill.split(" ")[0])
            milestones.append({"kind": "comment_deadline", "date": until, "text": standstill})
        return Record(
            str(number),
            {
                "market": places.code(found[3] or "") or COUNTRIES.get(found[2], found[2]),
                "stage": "draft",
                "symbol": found[1],
                "document_type": "Directive (EU) 2015/1535",
                "title": title,
                "summary": next((labels[name] for name in labels if "main content" in name.casefold()), ""),
                "products_text": next((labels[n] for n in labels if n.casefold().startswith("product")), "") or title,
                "published": day,
                "milestones": milestones,
                "stated": {name: value[:600] for name, value in labels.items()},
                "url": response.url,
            },
        )

    yield from WALK.step_of(response, number, labels_of(response), read)


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
    return filled(labels)
