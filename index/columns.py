"""What filters, facets and orders need of every alert, as arrays in memory: about 170 bytes an alert.

Alerts are numbered from 1; slot `n - 1` of an array belongs to alert `n`. Arrays only ever grow, and a `View` is a fixed length of
them, so that a search never sees half of another process's write.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import struct
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from index.documents import Document
from index.fields import FACETS, Facet, ValueField
from index.postings import Floats, length_codes, norms
from index.sets import Mask
from index.store import LEVEL_BONUS

Slots = npt.NDArray[np.int64]
Array = npt.NDArray[Any]

NEVER = 0  # no day
LEVELS = ("green", "yellow", "red")
TAGGED: tuple[Facet, ...] = tuple(facet for facet in FACETS if facet != "level")
#: Facets of which an alert has one value or none: a column each, counted in a tenth of the time.
ALONE: tuple[Facet, ...] = ("market_group", "source", "kind", "stage", "severity", "measure", "reach", "week", "status")

#: name → dtype. One value an alert, then (owner = slot, …) rows of what an alert may have several of.
SINGLE: Mapping[str, Any] = {
    "published": np.int32,
    "deadline": np.int32,
    "length": np.uint8,
    "size": np.int32,  # the exact number of terms, for the average
    "tie": np.int64,
    "tags": np.uint16,  # how many rows of `tag` belong to the alert
    "spans": np.uint8,  # of `level`, `since`, `until`
    "days": np.uint8,  # of `applies`
}
SEVERAL: Mapping[str, Any] = {
    "tag": np.uint32,
    "level": np.uint8,
    "since": np.int32,
    "until": np.int32,
    "applies": np.int32,
}
COUNT_OF = {"tag": "tags", "level": "spans", "since": "spans", "until": "spans", "applies": "days"}


def tie(alert_id: str) -> int:
    """The last key of every order, the same in both engines: eight bytes of the id's sha256, signed."""
    return int(struct.unpack(">q", hashlib.sha256(alert_id.encode()).digest()[:8])[0])


def pack(documents: Sequence[Document], tag_of: Mapping[tuple[str, str], int]) -> dict[str, bytes]:
    """The columns of a batch as bytes; `tag_of` numbers every (facet, value) that occurs in it.

    Raises ValueError for a document with several values of a facet in `ALONE`.
    """
    for document in documents:
        for facet in ALONE:
            if len(document.values[_value_field(facet)]) > 1:
                raise ValueError(f"{document.id}: {facet} has several values: {document.values[_value_field(facet)]}")
    tags = [[tag_of[pair] for pair in tagged(document)] for document in documents]
    sizes = [document.size for document in documents]
    columns: dict[str, Array] = {
        "published": np.array([document.published for document in documents], np.int32),
        "deadline": np.array([document.deadline or NEVER for document in documents], np.int32),
        "length": length_codes(sizes),
        "size": np.array(sizes, np.int32),
        "tie": np.array([tie(document.id) for document in documents], np.int64),
        "tags": np.array([len(row) for row in tags], np.uint16),
        "spans": np.array([len(document.levels) for document in documents], np.uint8),
        "days": np.array([len(document.applies) for document in documents], np.uint8),
        "tag": np.array([tag for row in tags for tag in row], np.uint32),
        "level": np.array([LEVELS.index(span[0]) for d in documents for span in d.levels], np.uint8),
        "since": np.array([span[1] for d in documents for span in d.levels], np.int32),
        "until": np.array([span[2] for d in documents for span in d.levels], np.int32),
        "applies": np.array([day for d in documents for day in d.applies], np.int32),
    }
    return {name: column.tobytes() for name, column in columns.items()}


def tagged(document: Document) -> list[tuple[str, str]]:
    """Every (facet, value) of a document."""
    return [(facet, value) for facet in TAGGED for value in document.values[_value_field(facet)]]


def _value_field(facet: Facet) -> ValueField:
    assert facet != "level"  # noqa: S101 - it depends on the day and has columns of its own
    return facet


class Growing:
    """An array that grows at its end; slices taken before stay what they were."""

    def __init__(self, dtype: Any) -> None:
        self._data: Array = np.empty(1024, dtype)
        self.length = 0

    def extend(self, values: Array) -> None:
        end = self.length + len(values)
        if end > len(self._data):
            grown = np.empty(max(end, len(self._data) * 3 // 2), self._data.dtype)
            grown[: self.length] = self._data[: self.length]
            self._data = grown
        self._data[self.length : end] = values
        self.length = end

    def view(self) -> Array:
        return self._data[: self.length]


class Columns:
    """The growing arrays of one index. Not thread-safe: the store locks around `append` and `view`."""

    def __init__(self) -> None:
        self._single = {name: Growing(dtype) for name, dtype in SINGLE.items()}
        self._several = {name: Growing(dtype) for name, dtype in SEVERAL.items()}
        self._owner = {name: Growing(np.uint32) for name in ("tags", "spans", "days")}
        self._starts = Growing(np.int64)
        self._starts.extend(np.zeros(1, np.int64))
        self._alone = {facet: Growing(np.uint32) for facet in ALONE}
        self._alive = np.empty(0, np.bool_)

    @property
    def length(self) -> int:
        return self._single["published"].length

    def append(self, packed: Mapping[str, bytes], skip: int, facet_of: npt.NDArray[np.uint8]) -> None:
        """Add a segment, but for its first `skip` alerts (which are here already). `facet_of`: the facet of each tag, by `TAGGED`."""
        single = {name: np.frombuffer(packed[name], dtype)[skip:] for name, dtype in SINGLE.items()}
        several = {name: np.frombuffer(packed[name], dtype) for name, dtype in SEVERAL.items()}
        before = {name: int(np.frombuffer(packed[name], SINGLE[name])[:skip].sum()) for name in self._owner}
        several = {name: column[before[COUNT_OF[name]] :] for name, column in several.items()}
        single["tags"], several["tag"] = self._part(single["tags"], several["tag"], facet_of)
        slots = np.arange(self.length, self.length + len(single["tags"]), dtype=np.uint32)
        for count, owners in self._owner.items():
            owners.extend(np.repeat(slots, single[count]))
        self._starts.extend(self._starts.view()[-1] + np.cumsum(single["tags"], dtype=np.int64))
        for name, column in single.items():
            self._single[name].extend(column)
        for name, column in several.items():
            self._several[name].extend(column)

    def _part(self, counts: Array, tags: Array, facet_of: npt.NDArray[np.uint8]) -> tuple[Array, Array]:
        """Tags of the facets in `ALONE` go to their columns; returns how many are left of each alert, and those."""
        owner = np.repeat(np.arange(len(counts)), counts)
        facets = facet_of[tags]
        left = np.ones(len(tags), np.bool_)
        for facet, column in self._alone.items():
            mine = facets == TAGGED.index(facet)
            values = np.zeros(len(counts), np.uint32)
            values[owner[mine]] = tags[mine]
            column.extend(values)
            left &= ~mine
        return np.bincount(owner[left], minlength=len(counts)).astype(np.uint16), tags[left]

    def view(self, gone: Sequence[int], generation: int, names: Sequence[tuple[str, str]]) -> View:
        """The arrays as they stand, without the alerts numbered in `gone`."""
        alive = np.ones(self.length, np.bool_)
        alive[: len(self._alive)] = self._alive
        alive[np.asarray(gone, np.int64) - 1] = False
        self._alive = alive
        return View(
            generation=generation,
            alive=alive,
            living=int(alive.sum()),
            single={name: column.view() for name, column in self._single.items()},
            several={name: column.view() for name, column in self._several.items()},
            owner={name: column.view() for name, column in self._owner.items()},
            starts=self._starts.view(),
            alone={facet: column.view() for facet, column in self._alone.items()},
            names=names,
        )


@dataclass
class View:
    """The columns at one moment. `living` alerts are visible; the others were replaced by a later number."""

    generation: int
    alive: Mask
    living: int
    single: Mapping[str, Array]
    several: Mapping[str, Array]
    owner: Mapping[str, Array]
    starts: Slots
    alone: Mapping[str, Array]
    names: Sequence[tuple[str, str]]  # (facet, value) by number of a tag

    def __post_init__(self) -> None:
        self._levels: dict[dt.date, npt.NDArray[np.uint8]] = {}
        self._bonus: dict[dt.date, Floats] = {}
        self._norms: Floats | None = None
        self._numbers: dict[tuple[str, str], int] | None = None

    @property
    def length(self) -> int:
        return len(self.alive)

    @property
    def norms(self) -> Floats:
        """What the length of each alert makes of its counts (BM25)."""
        if self._norms is None:
            average = float(self.single["size"].sum(dtype=np.int64) / max(self.length, 1))
            self._norms = norms(self.single["length"], average)
        return self._norms

    def levels(self, as_of: dt.date) -> npt.NDArray[np.uint8]:
        """Index into `LEVELS` of the level in force; 255 before publication or without a time line."""
        found = self._levels.get(as_of)
        if found is None:
            day = as_of.toordinal()
            holds = (self.several["since"] <= day) & (day < self.several["until"])
            found = np.full(self.length, 255, np.uint8)
            found[self.owner["spans"][holds]] = self.several["level"][holds]
            if len(self._levels) > 3:
                self._levels.clear()
            self._levels[as_of] = found
        return found

    def bonus(self, as_of: dt.date) -> Floats:
        """What the level in force adds to each alert's score."""
        found = self._bonus.get(as_of)
        if found is None:
            table = np.zeros(256, np.float32)
            table[: len(LEVELS)] = [LEVEL_BONUS[level] for level in LEVELS]
            found = table[self.levels(as_of)]
            if len(self._bonus) > 3:
                self._bonus.clear()
            self._bonus[as_of] = found
        return found

    def between(self, name: str, low: int, high: int, slots: npt.NDArray[Any]) -> Mask:
        """Which of the alerts at `slots` have a day `name` in the span, both ends included."""
        if name == "applies":
            days = self.several["applies"]
            mask = np.zeros(self.length, np.bool_)
            mask[self.owner["days"][(days >= low) & (days <= high)]] = True
            return np.asarray(mask[slots])
        days = self.single[name][slots]
        return np.asarray((days >= max(low, NEVER + 1)) & (days <= high))

    def chosen(self, facet: str, values: Sequence[str]) -> Mask:
        """By number of a tag: whether it is one of these values of the facet."""
        if self._numbers is None:
            self._numbers = {pair: number for number, pair in enumerate(self.names)}
        found = np.zeros(len(self.names), np.bool_)
        found[[self._numbers[facet, value] for value in values if (facet, value) in self._numbers]] = True
        return found

    def counts(self, hits: Slots, facets: Collection[Facet], values: int) -> npt.NDArray[np.int64]:
        """How many of the alerts at `hits` have each of the `values` numbered tags; those of `facets` at least are counted."""
        found = np.zeros(values, np.int64)
        for facet, column in self.alone.items():
            if facet in facets:
                found += np.bincount(column if len(hits) == self.length else column[hits], minlength=values)
        if not all(facet in self.alone for facet in facets):
            found += np.bincount(self._tags(hits), minlength=values)
        return found

    def _tags(self, hits: Slots) -> Array:
        """The tags, but for those in columns of their own, of the alerts at `hits`."""
        tag = self.several["tag"]
        if len(hits) == self.length:
            return tag
        if len(hits) * 3 > self.length:  # most of them: running over all tags is cheaper than gathering
            chosen = np.zeros(self.length, np.bool_)
            chosen[hits] = True
            return tag[chosen[self.owner["tags"]]]
        starts, lengths = self.starts[hits], self.single["tags"][hits].astype(np.int64)
        offsets = np.repeat(starts - np.cumsum(lengths) + lengths, lengths)
        return tag[offsets + np.arange(len(offsets))]


Key = Callable[[Slots | slice], Array]


def top(count: int, keys: Sequence[Key], k: int) -> Slots:
    """The first `k` of the positions 0 … `count` - 1 in ascending order of `keys`, the most significant first.

    A key is asked only for positions that the keys before it leave equal: of half a million hits, most never need their day.
    """
    order = np.arange(count) if count <= max(k, 64) else _first(None, keys, k)
    ranked = np.lexsort([key(order) for key in reversed(keys)])
    return order[ranked][:k]


def _first(chosen: Slots | None, keys: Sequence[Key], k: int) -> Slots:
    """Positions (of `chosen`, or of all) that hold the first `k`, unordered: narrowed key by key, so that equal keys never mean a full sort."""
    if chosen is not None and (len(chosen) <= max(k, 64) or not keys):
        return chosen
    values = keys[0](slice(None) if chosen is None else chosen)
    near = np.flatnonzero(values <= _bound(values, k))
    values = values.take(near)
    last = np.partition(values, k - 1)[k - 1]
    before, equal = near.compress(values < last), near.compress(values == last)
    if chosen is not None:
        before, equal = chosen.take(before), chosen.take(equal)
    return np.concatenate((before, _first(equal, keys[1:], k - len(before))))


def _bound(values: Array, k: int) -> Any:
    """What at least `k` of the values are not above: the k-th of the least of every `_BLOCK`, found in one pass."""
    least = values[: len(values) // _BLOCK * _BLOCK].reshape(-1, _BLOCK).min(axis=1)
    return np.partition(least, k - 1)[k - 1] if len(least) > k else values.max()


_BLOCK = 256
