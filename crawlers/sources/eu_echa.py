"""ECHA's candidate list: substances of very high concern, a JSON page of a hundred each."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from scrapy.http import Response

from crawlers.paging import number_in, page
from crawlers.reading import FieldError, Parsed, Record, clean, day_of, each, json_of, listed, need, source_of
from crawlers.wording import filled, short_hash


def parse(response: Response) -> Iterator[Parsed]:
    """One page of the list, and the next one."""
    answer, source = json_of(response, dict), source_of(response)

    def read(item: dict[str, Any]) -> Record:
        names, ec, cas, reasons = (
            _values(need(item, name)) for name in ("substanceName", "ecNumber", "casNumber", "reasonForInclusion")
        )
        if not names:
            raise FieldError("substanceName", item["substanceName"], "is empty")
        day = day_of(response, "dateOfInclusion", need(item, "dateOfInclusion"))
        known = ec or cas or (short_hash(names[0].casefold(), 12),)
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
                "stated": filled({"ecNumber": ec, "casNumber": cas, "reasonForInclusion": reasons}),
                "url": source.home,
            },
        )

    yield from each(listed(answer, "items"), read)
    asked = number_in(response, "pageIndex")
    if asked < int(need(need(answer, "state"), "totalPages")):
        yield page(response, "pageIndex", asked + 1, parse)


def _values(value: Any) -> tuple[str, ...]:
    """A list or one value, without the "-" that stands for none."""
    listed = value if isinstance(value, list) else [value]
    return tuple(text for text in (clean(part) for part in listed) if text not in {"", "-"})
