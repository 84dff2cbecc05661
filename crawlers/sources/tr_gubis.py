"""Türkiye's GÜBİS: notices of unsafe products, one page a number, and no list.

The first number of the window is looked for, and from there the numbers are walked up (`Walk`).
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from scrapy import Request
from scrapy.http import Response

from crawlers import places
from crawlers.reading import Drift, FieldError, Parsed, Record, Window, clean, each, read_date, source_of, window_of
from crawlers.source import Source

PAGE = "https://guvensizurun.ticaret.gov.tr/Bildirim/Detay?rid={}"
DATE, GOODS, FIRM = "BİLDİRİM TARİHİ", "ÜRÜN TANIMI", "FİRMA"
#: How an empty number answers is not known (2026): both ways are read as a hole.
HOLE = {"handle_httpstatus_list": [404]}


@dataclass(frozen=True)
class Walk:
    """Pages that have a number each and no list; numbers grow with time (eu_tris walks the same way).

    From `first` the newest number before the window is searched for (steps from `step`, doubled while they fall short, then
    halved down to `last`; an empty number is tried `holes` times more beside it); from there every number is
    asked for until `end` in a row hold nothing. All state travels in `meta`: a crawl may begin anywhere.
    """

    page: str
    first: int
    step: int
    end: int
    last: int = 8
    holes: int = 5

    def begin(self) -> Request:
        """The first request. It does not accept 404: where the known page is gone, the crawl says so."""
        return Request(self.page.format(self.first), meta={"low": 0}, dont_filter=True)

    def walking(self, response: Response) -> bool:
        """Whether this page is one to keep, not a step of the search."""
        return response.meta.get("step") == 0

    def onward(self, response: Response, number: int, day: dt.date | None, seen: bool) -> Iterator[Request]:
        """The request after this page; none at the end. `day`: of the page's notice, None for an empty number.

        Raises Drift at an end where no page held anything (`seen`: this one did).
        """
        meta = {name: response.meta.get(name) for name in ("low", "step", "grows", "tries", "missed")}
        meta["seen"] = seen = bool(seen or response.meta.get("seen"))
        if self.walking(response):
            missed = 0 if day else int(meta["missed"] or 0) + 1
            if missed < self.end:
                yield self._ask(number + 1, meta | {"missed": missed})
            elif not seen:
                raise Drift(f"{self.end} numbers in a row hold no notice, nor did any before: not the pages they were")
            return
        low, tries, step = int(meta["low"] or 0), int(meta["tries"] or 0), meta["step"]
        grows = meta["grows"] is not False
        if day is not None and day < window_of(response).since:
            low, step = number, self.step if step is None else step * 2 if grows else step // 2
        elif day is None and tries < self.holes:
            yield self._ask(number + 1, meta | {"tries": tries + 1})
            return
        else:
            step, grows = (self.first if step is None else step) // 2, False
        if step < self.last:
            yield self._ask(low + 1, meta | {"step": 0, "missed": 0})
        else:
            yield self._ask(low + step, meta | {"low": low, "step": step, "grows": grows, "tries": 0})

    def _ask(self, number: int, meta: dict[str, Any]) -> Request:
        # No callback: the source's own `parse` reads it.
        return Request(self.page.format(number), meta={**meta, **HOLE}, dont_filter=True)


WALK = Walk(PAGE, first=1024, step=2048, end=100)


def start(source: Source, window: Window) -> Iterator[Request]:  # noqa: ARG001 - the same for every window
    yield WALK.begin()


def parse(response: Response) -> Iterator[Parsed]:
    """One number: a step of the search, or of the walk."""
    number, labels, window = int(response.url.rpartition("rid=")[2]), labels_of(response), window_of(response)
    if labels and WALK.walking(response):
        for item in each([labels], lambda row: read(response, number, row)):
            if not isinstance(item, Record) or window.since <= item.fields["published"] <= window.until:
                yield item
    try:
        day = _day(response, labels) if labels else None
    except FieldError:  # the walk has put it into quarantine; for the search such a page is no help
        day = window.until if WALK.walking(response) else None
    yield from WALK.onward(response, number, day, bool(labels))


def labels_of(response: Response) -> dict[str, str]:
    """Label → value of a page; {} for a number that holds no notice. Raises Drift for a page of another kind."""
    if response.status == 404:
        return {}
    if response.css("input[type=password]"):
        raise Drift("a login page")
    rows = [row.css("div.w3-cell") for row in response.css("div.w3-cell-row")]
    pairs = {clean(cells[0].get()).rstrip(" :"): clean(cells[1].get()) for cells in rows if len(cells) > 1}
    if pairs and not pairs.keys() & {FIRM, GOODS, DATE}:
        raise Drift(f"labels {FIRM}, {GOODS}, {DATE} are missing; the page has {', '.join(list(pairs)[:8])}")
    return {name: value for name, value in pairs.items() if value}


def read(response: Response, number: int, labels: dict[str, str]) -> Record:
    goods, brand = labels.get(GOODS) or labels.get("ÜRÜN GRUBU", ""), labels.get("MARKA", "").strip("- ")
    if not goods:
        raise FieldError(GOODS, labels, "is missing")
    origin = places.code(labels.get("MENŞE ÜLKE", ""))
    measure = labels.get("ALINAN ÖNLEM", "")
    return Record(
        str(number),
        {
            "kind": "border_rejection" if "ithal" in measure.replace("İ", "i").casefold() else "recall",
            "symbol": labels.get("BİLDİRİM NO", ""),
            "title": f"{goods} – {brand}" if brand and brand not in goods else goods,
            "summary": labels.get("GÜVENSİZLİK NEDENİ", ""),
            "products_text": goods,
            "published": _day(response, labels),
            "origins": (origin,) if origin else (),
            "stated": labels,
            "url": response.url,
        },
    )


def _day(response: Response, labels: dict[str, str]) -> dt.date:
    return read_date(DATE, labels.get(DATE, ""), source_of(response).date_formats)
