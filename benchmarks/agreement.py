"""Two engines asked the same: the same hits, the same counts, the same order by a field; how alike by relevance."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from index.alert import Alert
from index.fields import FACETS
from index.query import Query, parse
from index.store import Page, Sort, Store

SHOWN = 50  # places of an order by a field that are compared
PAGE = 200  # hits of one page, by date
SORTS: tuple[Sort, ...] = ("deadline", "level")


@dataclass
class Agreement:
    """`faults` say where the engines differ; `overlaps` are shares of the first ten they have in common, query by query."""

    asked: int = 0
    hits: int = 0
    faults: list[str] = field(default_factory=list)
    overlaps: list[tuple[float, str]] = field(default_factory=list)
    same_first: int = 0

    @property
    def overlap(self) -> float:
        return sum(share for share, _ in self.overlaps) / max(1, len(self.overlaps))


def fill(store: Store, alerts: Sequence[Alert]) -> None:
    """Every alert, a fifth of them in an earlier wording first: replaced alerts linger in what BM25 counts."""
    store.put(_earlier(alert) for alert in alerts[::5])
    store.put(_present(alert) for alert in alerts)
    store.wait()


def _earlier(alert: Alert) -> Alert:
    title = f"{alert.notice.title} (first reading)"
    return alert.model_copy(update={"notice": alert.notice.model_copy(update={"title": title})})


def _present(alert: Alert) -> Alert:
    return alert.model_copy(update={"version": 2})


def compare(a: Store, b: Store, queries: Iterable[str], as_of: dt.date, *, exports: int = 1) -> Agreement:
    """Sets of hits and counts of every facet must be equal; a query without hits says nothing about relevance.

    More hits than one page holds are exported and compared for one such query in `exports`.
    """
    large = 0
    found = Agreement()
    for number, text in enumerate(queries):
        query = parse(text)
        found.asked += 1
        pages = [store.search(query, as_of=as_of, limit=10, facets=FACETS, histogram=True) for store in (a, b)]
        total = pages[0].total
        found.hits += total
        if total != pages[1].total:
            found.faults.append(f"{text}: {total} and {pages[1].total} hits")
        for facet in FACETS:
            if pages[0].facets[facet] != pages[1].facets[facet]:
                found.faults.append(f"{text}: facet {facet}")
        if pages[0].histogram != pages[1].histogram:
            found.faults.append(f"{text}: histogram")
        orders = [_ids(store.search(query, as_of=as_of, sort="date", limit=PAGE)) for store in (a, b)]
        if orders[0] != orders[1]:
            found.faults.append(f"{text}: order by date")
        if total > PAGE:
            large += 1
            if large % exports == 0 and _exported(a, query, as_of) != _exported(b, query, as_of):
                found.faults.append(f"{text}: other hits")
        sort = SORTS[number % len(SORTS)]
        orders = [_ids(store.search(query, as_of=as_of, sort=sort, limit=SHOWN)) for store in (a, b)]
        if orders[0] != orders[1]:
            found.faults.append(f"{text}: order by {sort}")
        if total:
            mine, theirs = _ids(pages[0]), _ids(pages[1])
            found.overlaps.append((len(set(mine) & set(theirs)) / max(len(mine), len(theirs), 1), text))
            found.same_first += mine[:1] == theirs[:1]
    return found


def _ids(page: Page) -> list[str]:
    return [hit.alert.id for hit in page.hits]


def _exported(store: Store, query: Query, as_of: dt.date) -> list[str]:
    return [alert.id for alert in store.scan(query, as_of=as_of)]
