"""The one protocol of the search engines, and what they give back. The same query gives the same set of hits and the same
counts on each of them (`tests/index/test_store_contract.py`, `…_order.py`, `…_writes.py`)."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Iterator, Sequence
from typing import Literal, Protocol

from pydantic import Field, ValidationError

from crawlers.notice import Record
from index.alert import Alert
from index.fields import Facet
from index.query import Query

Sort = Literal["relevance", "date", "deadline", "level"]
Language = Literal["zh", "en"]

MAX_WINDOW = 10_000  # offset + limit of one page; more is what `scan` is for
MAX_LIMIT = 500
#: What the level in force adds to a score: a tie-breaker between alerts that match equally well, never more.
LEVEL_BONUS: dict[str, float] = {"red": 0.02, "yellow": 0.01, "green": 0.0}
#: What each word found adds where some may be missing: more words found come first, whatever BM25 says of them. Far above
#: any BM25 sum, and small enough that a 32-bit score still tells the bonus above.
WORD_FOUND = 500.0


class StoreError(Exception):
    """The engine could not do what was asked. `retry`: asking again later may help."""

    retry = False


class Unavailable(StoreError):
    """The engine cannot be reached, is throttling, or is read-only for now; nothing was half done."""

    retry = True


class WrongIndex(StoreError):
    """The index was built by another version of the analysis or holds an alert of a newer version: rebuild, or upgrade."""

    @classmethod
    def holding(cls, error: ValidationError) -> WrongIndex:
        """Of an alert there that is none of ours."""
        first = error.errors()[0]
        where = ".".join(map(str, first["loc"]))
        return cls(f"an alert of another version is in the index ({where}: {first['msg']}): upgrade, or rebuild")


class PageError(ValueError):
    """A page that is too far or too large; the message says what to use instead."""


class Count(Record):
    """How many hits have the value; over the hits of the query without the filters on the facet's own field."""

    value: str
    n: int


class Highlight(Record):
    """A passage of the original text of `field`; `marks` are (start, end) of the words found, inside `text`."""

    field: str
    text: str
    marks: tuple[tuple[int, int], ...] = ()


class Hit(Record):
    alert: Alert
    score: float = 0.0
    highlights: tuple[Highlight, ...] = ()


class Page(Record):
    """`total` is exact. `histogram` counts hits by the Monday of the week of publication, oldest first.

    `missing`: how many of the words typed side by side a hit may lack here (`Query.missing` of what was asked).
    """

    total: int
    missing: int = 0
    hits: tuple[Hit, ...] = ()
    facets: dict[str, tuple[Count, ...]] = Field(default_factory=dict)
    histogram: tuple[Count, ...] = ()


class Store(Protocol):
    """Alerts by id, and what a query finds among them. Writes are idempotent: the higher version wins, an equal one
    replaces, a lower one is passed over. Many readers and writers may work at once, in other processes too."""

    @property
    def stale(self) -> str:
        """Why the index should be rebuilt before anything is written to it (another analysis, a foreign mapping); empty: no reason."""

    def put(self, alerts: Iterable[Alert]) -> int:
        """Write; returns how many were written (the others are there in a higher version). Raises StoreError."""

    def get(self, alert_id: str) -> Alert | None: ...

    def search(
        self,
        query: Query,
        *,
        as_of: dt.date,
        sort: Sort = "relevance",
        offset: int = 0,
        limit: int = 20,
        facets: Sequence[Facet] = (),
        highlight_lang: Language | None = None,
        histogram: bool = False,
    ) -> Page:
        """A page of hits.

        Orders, each then by id: `relevance` BM25 with the bonus of the level in force, then newest; `date` newest;
        `deadline` nearest deadline not yet over, then those over (latest first), then those without; `level` red,
        yellow, green on `as_of`, then newest.

        Raises PageError, QueryError, StoreError.
        """

    def scan(self, query: Query, *, as_of: dt.date) -> Iterator[Alert]:
        """Every hit, ordered by id, as the index was when the scan began; memory does not grow with their number."""

    def count(self) -> int: ...

    def wait(self) -> None:
        """Returns when everything put so far can be found."""

    def begin_rebuild(self) -> str:
        """A new, empty index beside the present one; from now on `put` writes to both. Readers go on with the old one.

        Returns the token of this rebuild; one that was begun before and not finished is dropped.
        """

    def fill(self, token: str, alerts: Iterable[Alert]) -> None:
        """Write to the new index only, by the same rule as `put`. Raises StoreError when another rebuild took over."""

    def finish_rebuild(self, token: str) -> int:
        """The atomic switch; the old index is dropped. Returns how many alerts the new one holds."""

    def rebuild(self, alerts: Iterable[Alert]) -> int:
        """The three steps in a row. A rebuild that fails leaves the old index as it is."""

    def together(self, query: Query) -> int:
        """How many words and concepts the query's longest run of words asks for together (`Plan.together`)."""

    def words_like(self, word: str, limit: int = 5) -> list[tuple[str, int]]:
        """Indexed words spelt like a folded word, nearest first, with the number of alerts that hold them."""

    def close(self) -> None: ...


def check_page(offset: int, limit: int) -> None:
    """Raises PageError."""
    if offset < 0 or not 0 <= limit <= MAX_LIMIT:
        raise PageError(f"a page has an offset from 0 and at most {MAX_LIMIT} hits")
    if offset + limit > MAX_WINDOW:
        raise PageError(f"pages end at hit {MAX_WINDOW}: narrow the query, or export")
