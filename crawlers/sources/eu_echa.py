"""ECHA's candidate list: substances of very high concern, a JSON page of a hundred each."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator
from typing import Any

from scrapy import Request
from scrapy.http import Response

from crawlers.reading import Drift, FieldError, Parsed, Record, clean, each, json_of, need, read_date, source_of


def parse(response: Response) -> Iterator[Parsed]:
    """One page of the list, and the next one."""
    page, source = json_of(response, dict), source_of(response)
    items = need(page, "items")
    if not isinstance(items, list):
        raise Drift(f"field 'items' is a {type(items).__name__}, expected a list")

    def read(item: dict[str, Any]) -> Record:
        names, ec, cas, reasons = (
            _values(need(item, name)) for name in ("substanceName", "ecNumber", "casNumber", "reasonForInclusion")
        )
        if not names:
            raise FieldError("substanceName", item["substanceName"], "is empty")
        day = read_date("dateOfInclusion", need(item, "dateOfInclusion"), source.date_formats)
        known = ec or cas or (hashlib.sha256(names[0].casefold().encode()).hexdigest()[:12],)
        numbers = [f"EC {number}" for number in ec[:1]] + [f"CAS {number}" for number in cas[:1]]
        return Record(
            f"candidate:{known[0]}:{day}",
            {
                "stage": "in_force",
                "document_type": "Candidate List",
                "title": f"{names[0]} ({', '.join(numbers)})" if numbers else names[0],
                "summary": "\n".join(reasons),
                "products_text": "; ".join(names),
                "published": day,
                "milestones": [{"kind": "entry_into_force", "date": day, "text": clean(item["dateOfInclusion"])}],
                "stated": {
                    name: value
                    for name, value in (("ecNumber", ec), ("casNumber", cas), ("reasonForInclusion", reasons))
                    if value
                },
                "url": source.home,
            },
        )

    yield from each(items, read)
    asked = int(re.search(r"pageIndex=(\d+)", response.url)[1])  # type: ignore[index]
    if asked < int(need(need(page, "state"), "totalPages")):
        following = re.sub(r"pageIndex=\d+", f"pageIndex={asked + 1}", response.url)
        yield Request(following, callback=parse, headers={"Accept": "application/json"}, dont_filter=True)


def _values(value: Any) -> tuple[str, ...]:
    """A list or one value, without the "-" that stands for none."""
    listed = value if isinstance(value, list) else [value]
    return tuple(text for text in (clean(part) for part in listed) if text not in {"", "-"})
