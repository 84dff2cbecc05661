"""Pages that have a number each and no list: the first number of the window is looked for, then they are walked up."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from scrapy import Request
from scrapy.http import Response

from crawlers.reading import Drift, FieldError, Parsed, Record, Window, day_of, each, window_of
from crawlers.source import Source

#: How an empty number answers is not known: a 404 and a page without labels are both read as a hole.
HOLE = {"handle_httpstatus_list": [404]}


@dataclass(frozen=True)
class Walk:
    """Numbers grow with time. From `first` the newest number before the window is searched for, then all are asked for.

    The search takes steps from `step`, doubled while they fall short, then halved down to `last`; an empty number is tried
    `holes` times more beside it. The walk ends when `end` in a row hold nothing. All state travels in `meta`: a crawl may
    begin anywhere. `page` is the address, `{}` stands for the number; `date` is the label of a page's day.
    """

    page: str
    date: str
    first: int
    step: int
    end: int
    last: int = 8
    holes: int = 5

    def start(self, source: Source, window: Window) -> Iterator[Request]:  # noqa: ARG002 - the same for every window
        """The first request. It does not accept 404: where the known page is gone, the crawl says so."""
        yield Request(self.page.format(self.first), meta={"low": 0}, dont_filter=True)

    def walking(self, response: Response) -> bool:
        """Whether this page is one to keep, not a step of the search."""
        return response.meta.get("step") == 0

    def step_of(
        self,
        response: Response,
        number: int,
        labels: dict[str, str],
        read: Callable[[dict[str, str], dt.date], Record],
    ) -> Iterator[Parsed]:
        """One number: its record, when it is walked and of the window, and the request after it.

        `labels` are the page's, {} for an empty number; `read` makes the record of them and of the page's day.
        """
        window, walking = window_of(response), self.walking(response)

        def day() -> dt.date:
            return day_of(response, self.date, labels.get(self.date, ""))

        if labels and walking:
            for item in each([labels], lambda row: read(row, day())):
                if not isinstance(item, Record) or item.fields["published"] in window:
                    yield item
        odd = ""
        try:
            when = day() if labels else None
        except FieldError as error:  # the walk has put it into quarantine; for the search such a page is no help
            when, odd = window.until if walking else None, str(error)
        yield from self.onward(response, number, when, odd)

    def onward(self, response: Response, number: int, day: dt.date | None, odd: str = "") -> Iterator[Request]:
        """The request after this page; none at the end. `day`: of the page's notice, None for an empty number.

        `odd` says why the day of a page with labels cannot be read. Raises Drift at an end where no page's could.
        """
        meta = {name: response.meta.get(name) for name in ("low", "step", "grows", "tries", "missed")}
        meta["seen"] = seen = bool((day and not odd) or response.meta.get("seen"))
        meta["odd"] = odd = odd or response.meta.get("odd") or "not the pages they were"
        if self.walking(response):
            missed = 0 if day else int(meta["missed"] or 0) + 1
            if missed < self.end:
                yield self._ask(number + 1, meta | {"missed": missed})
            elif not seen:
                raise Drift(f"{self.end} numbers in a row hold no notice, nor did any before: {odd}")
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
