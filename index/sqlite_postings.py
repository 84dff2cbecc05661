"""The postings of one index as one read transaction sees them: read from the file when asked for; long ones are kept between searches."""

from __future__ import annotations

import sqlite3
import threading
from collections import OrderedDict
from collections.abc import Hashable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from operator import itemgetter
from typing import Any

import numpy as np
import numpy.typing as npt

from index.columns import View
from index.postings import STEP, Bits, Counts, Docs, Places, by_document, followed, owned, owners
from index.sets import Mask, marked, span, united
from index.sqlite_schema import LAST, arrays

_FEW = 16  # so many times as many: they are looked up by halves
_SOME = 8  # sets are merged as long as together they are not one in so many of all alerts, else by such a mask
LONG = 1 << 16  # bytes: what is shorter is read in no time
LEAST, PER_ALERT = 64 << 20, 1_500  # bytes of what is kept, and for each alert
#: Places of a term in a segment from which on bits pay, where at least one in so many of all places is the term's.
SHORT, _DENSE = 10_000, 100
_COMMON = 4  # a term that one alert in so many holds is also kept as arrays over all alerts


@dataclass(frozen=True, slots=True)
class Standing:
    """The documents (ascending) that hold a term or a phrase, how much it counts in each, and how many hold each of its terms.

    Of a term that many alerts hold, also by number of a document (0 is none): whether it does, and how much it counts.
    """

    docs: Docs
    counts: Counts
    holding: tuple[int, ...]
    mask: Mask | None = None
    every: Counts | None = None

    def counts_in(self, docs: Docs) -> Counts:
        """How much it counts in each of `docs` (ascending, some); 0 where it does not stand."""
        width = int(docs[-1] - docs[0]) + 1
        if self.every is not None:
            return self.every[docs[0] : docs[0] + width] if width == len(docs) else self.every.take(docs)
        there, counts = self.docs[(near := span(self.docs, docs))], self.counts[near]
        if len(there) == len(docs) and np.array_equal(there, docs):
            return counts
        if len(docs) * _FEW < len(there):
            at = np.minimum(np.searchsorted(there, docs), len(there) - 1)
            return np.where(there[at] == docs, counts[at], np.uint16(0))
        every = np.zeros(width, np.uint16)
        every[(there - docs[0]).astype(np.intp)] = counts
        return every if width == len(docs) else every.take(docs - docs[0])


@dataclass(frozen=True)
class Run:
    """Where a phrase stands in a segment: the places of one of its terms, the `rarest`th. `owners`: the document of each slot."""

    places: Places
    rarest: int
    owners: Docs

    @cached_property
    def documents(self) -> tuple[Docs, Counts]:
        return by_document(self.places, self.owners)


class Kept:
    """Long arrays of common terms, kept between searches up to `limit` bytes; what was not asked for longest goes first. Thread-safe.

    A segment never changes and its number is never given again, so what is kept of it stays true. A term that most alerts hold needs
    some tens of bytes of each of them, so the limit grows with the index.
    """

    def __init__(self, limit: int = LEAST) -> None:
        self._limit = limit
        self._held: OrderedDict[Hashable, tuple[Any, int]] = OrderedDict()
        self._bytes = 0
        self._lock = threading.Lock()

    def room_for(self, alerts: int) -> None:
        """Make room for an index of so many alerts."""
        self._limit = max(self._limit, LEAST, PER_ALERT * alerts)

    def get(self, key: Hashable) -> Any:
        """None: it is not here."""
        with self._lock:
            if key not in self._held:
                return None
            self._held.move_to_end(key)
            return self._held[key][0]

    def put(self, key: Hashable, value: tuple[npt.NDArray[Any], ...]) -> None:
        size = sum(array.nbytes for array in value)
        if not LONG <= size <= self._limit // 4:
            return
        with self._lock:
            self._bytes -= self._held.pop(key, (None, 0))[1]
            self._held[key] = (value, size)
            self._bytes += size
            while self._bytes > self._limit:
                self._bytes -= self._held.popitem(last=False)[1][1]


class Terms:
    """What one search reads, on a connection that holds a read transaction; `view` is what that transaction sees."""

    def __init__(self, connection: sqlite3.Connection, epoch: int, view: View, kept: Kept) -> None:
        self._connection = connection
        self._segments = f"segments_{epoch} s CROSS JOIN terms_{epoch} t ON t.seg = s.seg AND t.term"
        self._places_of = (
            f"SELECT {arrays('places')} FROM terms_{epoch} t"  # noqa: S608
            f" LEFT JOIN long_{epoch} l ON l.long = t.long WHERE t.seg = ? AND t.term"
        )
        self._long = f"LEFT JOIN long_{epoch} l ON l.long = t.long"
        self._length = view.length
        self._state = (epoch, view.generation)
        self._epoch = epoch
        self._kept = kept
        self._single: dict[str, Standing] = {}
        self._known: dict[tuple[str, bool], dict[int, tuple[int, int]]] = {}
        self._runs: dict[tuple[int, tuple[str, ...], bool], Run] = {}
        self._slots: dict[int, Docs] = {}

    def single(self, term: str) -> Standing:
        found = self._single.get(term)
        if found is None:
            kept = self._kept.get((self._state, term))
            if kept is None:
                kept = self._read(term)
                self._kept.put((self._state, term), kept)
            found = self._single[term] = Standing(kept[0], kept[1], (len(kept[0]),), *kept[2:])
        return found

    def _read(self, term: str) -> tuple[Docs, Counts] | tuple[Docs, Counts, Mask, Counts]:
        rows = self._everywhere("= ?", (term,), "docs", "counts")
        docs = _joined([np.frombuffer(row[1], np.uint32) for row in rows], np.uint32)
        counts = _joined([np.frombuffer(row[2], np.uint16) for row in rows], np.uint16)
        if len(docs) * _COMMON < self._length or len(counts) != len(docs):
            return docs, counts
        every = np.zeros(self._length + 1, np.uint16)
        every[docs] = counts
        return docs, counts, every != 0, every

    def _everywhere(self, wanted: str, values: Sequence[str], *names: str) -> list[tuple[Any, ...]]:
        """First number of a segment and arrays of the terms there, by segment. Sorted here: SQLite's sorter would copy them."""
        sql = f"SELECT s.first, {arrays(*names)} FROM {self._segments} {wanted} {self._long}"  # noqa: S608
        return sorted(self._connection.execute(sql, tuple(values)), key=itemgetter(0))

    def any_of(self, terms: Sequence[str]) -> Docs:
        """The documents that hold any of the terms."""
        if len(terms) <= 4:
            return self.union([self.single(term).docs for term in terms])
        return self._any(f"IN ({','.join('?' * len(terms))})", terms)

    def beginning(self, prefix: str) -> Docs:
        """The documents that hold a term with this beginning."""
        return self._any(">= ? AND t.term < ?", (prefix, prefix + LAST))

    def _any(self, wanted: str, values: Sequence[str]) -> Docs:
        sql = f"SELECT {arrays('docs')} FROM {self._segments} {wanted} {self._long}"  # noqa: S608
        found = b"".join(docs for (docs,) in self._connection.execute(sql, tuple(values)))
        docs = np.frombuffer(found, np.uint32)
        if len(docs) * _SOME < self._length:
            return united([docs])
        return np.flatnonzero(self.mask([docs])).astype(np.uint32)

    def phrase(self, sequence: tuple[str, ...], *, prefix: bool = False, within: Docs | None = None) -> Standing:
        """Where the terms stand one after another; `prefix`: the last one is only begun; `within`: elsewhere it is not wanted."""
        found = [run.documents for _, run in self._stands(sequence, prefix, within)]
        return Standing(
            _joined([docs for docs, _ in found], np.uint32),
            _joined([counts for _, counts in found], np.uint16),
            tuple(sum(docs for docs, _ in size.values()) for size in self._sizes(sequence, prefix=prefix)),
        )

    def literal(
        self, sequence: tuple[str, ...], words: Sequence[str], *, prefix: bool = False, within: Docs | None = None
    ) -> Docs:
        """The documents in which the phrase stands as it is written: each of `words` where its term does ("": wherever that does)."""
        found = []
        for seg, run in self._stands(sequence, prefix, within):
            places = run.places
            for at, word in enumerate(words):
                if word and len(places):
                    places = self._followed(seg, word, places, at - run.rarest)
            all_stay = len(places) == len(run.places)
            found.append((run.documents if all_stay else by_document(places, run.owners))[0])
        return _joined(found, np.uint32)

    def is_only_form(self, word: str, term: str) -> bool:
        """Whether a term stands just where a word does that every language makes this term of: "of" has no other form."""
        return self._size(word, prefix=False) == self._size(term, prefix=False)

    def _stands(self, sequence: tuple[str, ...], prefix: bool, within: Docs | None) -> Iterator[tuple[int, Run]]:
        """Each segment that has all the terms, and where the phrase stands there."""
        sizes = self._sizes(sequence, prefix=prefix)
        for seg in sizes[0]:
            if all(seg in size for size in sizes):
                yield seg, self._run(seg, sequence, [size[seg][1] for size in sizes], prefix, within)

    def _run(self, seg: int, sequence: tuple[str, ...], sizes: Sequence[int], prefix: bool, within: Docs | None) -> Run:
        """Where the phrase stands in a segment. It begins with the rarest of its terms, since few are left then."""
        known = self._runs.get((seg, sequence, prefix))
        if known is not None:
            return known
        rarest, *others = sorted(range(len(sequence)), key=lambda at: sizes[at])
        last = len(sequence) - 1 if prefix else -1
        places = self._beginning(seg, sequence[last]) if rarest == last else self._places(seg, sequence[rarest])
        owner = self._owners(seg)
        if within is not None and len(places):
            places = places.compress(marked(owned(places, owner), within))
        for at in others:
            if not len(places):
                break
            if at == last:
                places = followed(places, self._beginning(seg, sequence[at]), at - rarest)
            else:
                places = self._followed(seg, sequence[at], places, at - rarest)
        run = Run(places, rarest, owner)
        if within is None:
            self._runs[seg, sequence, prefix] = run
        return run

    def holding(self, sequence: Sequence[str], *, prefix: bool) -> int:
        """How many documents hold the rarest of the terms."""
        return min(sum(docs for docs, _ in size.values()) for size in self._sizes(sequence, prefix=prefix))

    def _sizes(self, sequence: Sequence[str], *, prefix: bool) -> list[dict[int, tuple[int, int]]]:
        last = len(sequence) - 1
        return [self._size(term, prefix=prefix and at == last) for at, term in enumerate(sequence)]

    def _size(self, term: str, *, prefix: bool) -> dict[int, tuple[int, int]]:
        """Segment → how many documents hold the term and how often it stands in them, without reading where."""
        if (term, prefix) not in self._known:
            self._known[term, prefix] = self._counted(term, prefix=prefix)
        return self._known[term, prefix]

    def _counted(self, term: str, *, prefix: bool) -> dict[int, tuple[int, int]]:
        wanted, values = (">= ? AND t.term < ?", (term, term + LAST)) if prefix else ("= ?", (term,))
        rows = self._connection.execute(
            f"SELECT s.seg, sum(holding), sum(standing) FROM {self._segments} {wanted} GROUP BY s.first",  # noqa: S608
            values,
        )
        return {seg: (docs, places) for seg, docs, places in rows if places}

    def _beginning(self, seg: int, prefix: str) -> Places:
        rows = self._connection.execute(f"{self._places_of} >= ? AND t.term < ?", (seg, prefix, prefix + LAST))
        places = np.frombuffer(b"".join(places for (places,) in rows), np.int32)
        return np.sort(places, kind="stable")

    def _places(self, seg: int, term: str) -> Places:
        key = (self._epoch, seg, term, "places")
        kept = self._kept.get(key)
        if kept is None:
            row = self._connection.execute(f"{self._places_of} = ?", (seg, term)).fetchone()
            kept = (np.frombuffer(row[0] if row else b"", np.int32),)
            self._kept.put(key, kept)
        places: Places = kept[0]
        return places

    def _followed(self, seg: int, term: str, places: Places, distance: int) -> Places:
        """Those of `places` that have the term so far away.

        A term that stands so often that its list would be longer gets a bit for each place of the segment when it is asked for again.
        """
        key = (self._epoch, seg, term, "bits")
        bits = self._kept.get(key)
        if bits is None:
            before = self._kept.get((self._epoch, seg, term, "places"))
            if before is None or not _wants_bits(*before):
                return followed(places, self._places(seg, term), distance)
            bits = Bits.of(*before)
            self._kept.put(key, bits)
        return followed(places, Bits(*bits), distance)

    def _owners(self, seg: int) -> Docs:
        """By slot of a segment: its document."""
        found = self._slots.get(seg)
        if found is None:
            key = (self._epoch, seg, "owners")
            kept = self._kept.get(key)
            if kept is None:
                sql = f"SELECT slots, first FROM segments_{self._epoch} WHERE seg = ?"  # noqa: S608
                slots, first = self._connection.execute(sql, (seg,)).fetchone()
                kept = (owners(np.frombuffer(slots, np.uint32), first),)
                self._kept.put(key, kept)
            found = self._slots[seg] = kept[0]
        return found

    # --- sets of documents -----------------------------------------------------------------------------------------

    def union(self, parts: Sequence[Docs]) -> Docs:
        """The documents of any part, ascending, each once."""
        parts = [part for part in parts if len(part)]
        if len(parts) < 2:
            return parts[0] if parts else np.empty(0, np.uint32)
        if sum(map(len, parts)) * _SOME < self._length:
            return united(parts)
        return np.flatnonzero(self.mask(parts)).astype(np.uint32)

    def mask(self, parts: Sequence[Docs], masks: Sequence[Mask] = ()) -> Mask:
        """By number of a document (0 is none): whether any part, or any of the masks, has it."""
        found = masks[0].copy() if masks else np.zeros(self._length + 1, np.bool_)
        for mask in masks[1:]:
            found |= mask
        for part in parts:
            found[part.astype(np.intp)] = True  # NumPy would make these as well, but in small pieces
        return found


def _wants_bits(places: Places) -> bool:
    return len(places) > SHORT and len(places) * _DENSE * STEP > int(places[-1])


def _joined(parts: Sequence[npt.NDArray[Any]], dtype: Any) -> npt.NDArray[Any]:
    if len(parts) == 1:
        return parts[0]
    return np.concatenate(parts) if parts else np.empty(0, dtype)
