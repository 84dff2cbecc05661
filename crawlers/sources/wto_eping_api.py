"""ePing's API: the notifications of the workbook, item by item, and read by the same logic.

An item is laid out as a row of the workbook and read by `crawlers.wto_notification`, so the same notification has the same id,
facts and hash by either route. What only one route gives (the daily workbook has no final date for comments) is a change, not a second notice.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from scrapy.http import Response

from crawlers import wto_notification
from crawlers.paging import page
from crawlers.reading import Drift, Parsed, Record, clean, day_of, each, json_of, listed, need
from crawlers.xlsx import Cell

#: Column of the workbook (normalised) → field of an item; the first of several that is filled.
COLUMNS = {
    "document symbol": ("documentSymbol",),
    "notifying member": ("notifyingMember",),
    "distribution date": ("distributionDate",),
    "notification type": ("notificationType",),
    "title": ("titlePlain", "title"),
    "description": ("descriptionPlain", "description"),
    "products covered": ("productsFreeTextPlain", "productsFreeText"),
    "final date for comments": ("commentDeadlineDate",),
    "proposed adoption date": ("proposedAdoptionDate", "proposedAdoptionDateText"),
    "proposed entry into force date": ("proposedEntryIntoForceDate", "proposedEntryIntoForceDateText"),
    "notified document": ("notifiedDocumentLink",),
    "link to notification en": ("linkToNotification",),
}
#: Column that joins a list by "; " → the fields that hold it.
LISTED = {
    "objectives": ("objectives",),
    "keywords": ("keywords", "spsKeywords"),
    "specific regions or countries likely to be affected": ("countriesAffected",),
}
CODED = {"hs code s": "hsCodes", "ics code s": "icsCodes"}
NEEDED = (
    "documentSymbol",
    "notifyingMember",
    "distributionDate",
    "notificationType",
    "hsCodes",
    "icsCodes",
    "commentDeadlineDate",
)
SEARCH = "https://eping.wto.org/en/Search?viewData="


def parse(response: Response) -> Iterator[Parsed]:
    """One page of the search, and the next while `totalCount` says there is one."""
    answer = json_of(response, dict)
    items, total, number = listed(answer, "items"), need(answer, "totalCount"), int(need(answer, "currentPage"))

    def read(item: dict[str, Any]) -> Record:
        published = day_of(response, "distributionDate", need(item, "distributionDate"))
        return wto_notification.read(response, _row(item), published)

    yield from each(items, read)
    size, seen = int(need(answer, "pageSize")), response.meta.get("seen", 0) + len(items)
    if number * size < total:
        yield page(response, "page", number + 1, parse, seen=seen)
    elif seen < total:
        raise Drift(f"totalCount is {total}, but the {number} pages held {seen} items")


def _row(item: dict[str, Any]) -> wto_notification.Row:
    """The item as a row of the workbook."""
    for name in NEEDED:
        need(item, name)
    row = {column: Cell(_first(item, names)) for column, names in COLUMNS.items()}
    row |= {
        column: Cell("; ".join(part for name in names for part in _names(item, name)))
        for column, names in LISTED.items()
    }
    for column, name in CODED.items():
        codes = [(clean(code.get("code")), clean(code.get("name"))) for code in item[name] or ()]
        row[column] = Cell(
            "; ".join(f"{_plain(column, code)} - {label.replace(';', ',')}" for code, label in codes if code)
        )
    symbols = ", ".join(s for s in re.split(r"[,;]\s*", clean(item["documentSymbol"])) if s)
    row["document symbol"] = Cell(symbols, SEARCH + symbols)
    links = row["notified document"].value
    row["notified document"] = Cell(
        re.sub(r"\s*,\s*(?=https?://)", "\n", str(links)) if links else None
    )  # joined by either
    return row


def _first(item: dict[str, Any], names: tuple[str, ...]) -> str | None:
    return next((str(item[name]) for name in names if item.get(name)), None)


def _names(item: dict[str, Any], name: str) -> list[str]:
    """A list of `{id, name}`, or of names."""
    return [clean(part.get("name") if isinstance(part, dict) else part) for part in item.get(name) or ()]


def _plain(column: str, code: str) -> str:
    return code.replace(".", "") if column == "hs code s" else code
