"""The postings of one index as one read transaction sees them: read from the file when asked for, kept for one search."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from index.postings import Counts, Docs, Mask, Places, Postings, Run, inside, merged
from index.sqlite_schema import LAST, decode

#: Sets are looked up by halves as long as one is so many times the other, else through a mask over all alerts.
_FEW = 16


@dataclass(frozen=True, slots=True)
class Standing:
    """The documents (ascending) that hold a term or a phrase, how much it counts in each, and how many hold each of its terms."""

    docs: Docs
    counts: Counts
    holding: tuple[int, ...]


class Terms:
    """`length`: the highest number of a document this transaction sees."""

    def __init__(self, connection: sqlite3.Connection, epoch: int, length: int) -> None:
        self._connection = connection
        self._postings = f"postings_{epoch}"
        self._from = f"FROM segments_{epoch} s CROSS JOIN postings_{epoch} p ON p.seg = s.seg AND p.term"
        self._length = length
        self._single: dict[str, Standing] = {}
        self._kept: dict[tuple[int, str], Places] = {}

    def single(self, term: str) -> Standing:
        found = self._single.get(term)
        if found is None:
            rows = self._connection.execute(f"SELECT docs, counts {self._from} = ? ORDER BY s.first", (term,))
            parts = [decode(*row) for row in rows]
            docs = _joined([part.docs for part in parts], np.uint32)
            found = Standing(docs, _joined([part.counts for part in parts], np.uint16), (len(docs),))
            self._single[term] = found
        return found

    def any_of(self, terms: Sequence[str]) -> Docs:
        """The documents that hold any of the terms."""
        marks = ",".join("?" * len(terms))
        rows = self._connection.execute(f"SELECT docs {self._from} IN ({marks}) ORDER BY s.first", tuple(terms))
        parts = [np.frombuffer(docs, np.uint32) for (docs,) in rows]
        return _joined(parts, np.uint32) if len(terms) == 1 else self.union(parts)

    def beginning(self, prefix: str) -> Docs:
        """The documents that hold a term with this beginning."""
        rows = self._connection.execute(f"SELECT docs {self._from} >= ? AND p.term < ?", (prefix, prefix + LAST))
        return self.union([np.frombuffer(docs, np.uint32) for (docs,) in rows])

    def phrase(self, sequence: Sequence[str], *, prefix: bool = False, within: Docs | None = None) -> Standing:
        """Where the terms stand one after another; `prefix`: the last one is only begun; `within`: only these documents."""
        last = len(sequence) - 1
        sizes = [self._sizes(term, prefix=prefix and at == last) for at, term in enumerate(sequence)]
        found: list[tuple[Docs, Counts]] = []
        for seg in sizes[0]:
            if all(seg in size for size in sizes):
                order = sorted(range(len(sequence)), key=lambda at: sizes[at][seg][1])  # the rarest first: few are left
                rarest, *others = order
                run = Run.of(self._row(seg, sequence[rarest], prefix=prefix and rarest == last), within)
                for at in others:
                    if not len(run.places):
                        break
                    run = run.with_term(self._places(seg, sequence[at], prefix=prefix and at == last), at - rarest)
                found.append(run.counted())
        return Standing(
            _joined([docs for docs, _ in found], np.uint32),
            _joined([counts for _, counts in found], np.uint16),
            tuple(sum(docs for docs, _ in size.values()) for size in sizes),
        )

    def _sizes(self, term: str, *, prefix: bool) -> dict[int, tuple[int, int]]:
        """Segment → how many documents hold the term and how often it stands in them, without reading where."""
        wanted, values = self._wanted(term, prefix=prefix)
        rows = self._connection.execute(
            f"SELECT s.seg, sum(length(docs)) / 4, sum(length(places)) / 4 {self._from} {wanted} GROUP BY s.first",
            values,
        )
        return {seg: (docs, places) for seg, docs, places in rows if places}

    @staticmethod
    def _wanted(term: str, *, prefix: bool) -> tuple[str, tuple[str, ...]]:
        return (">= ? AND p.term < ?", (term, term + LAST)) if prefix else ("= ?", (term,))

    def _row(self, seg: int, term: str, *, prefix: bool) -> Postings:
        wanted, values = self._wanted(term, prefix=prefix)
        rows = self._connection.execute(
            f"SELECT docs, counts, times, places FROM {self._postings} p WHERE seg = ? AND p.term {wanted}",  # noqa: S608
            (seg, *values),
        )
        return merged([decode(*row) for row in rows])

    def _places(self, seg: int, term: str, *, prefix: bool) -> Places:
        if prefix:
            return self._row(seg, term, prefix=True).places
        if (seg, term) not in self._kept:
            row = self._connection.execute(
                f"SELECT places FROM {self._postings} WHERE seg = ? AND term = ?",  # noqa: S608
                (seg, term),
            ).fetchone()
            self._kept[seg, term] = np.frombuffer(row[0], np.int32)
        return self._kept[seg, term]

    # --- sets of documents -----------------------------------------------------------------------------------------

    def union(self, parts: Sequence[Docs]) -> Docs:
        """The documents of any part, ascending, each once."""
        parts = [part for part in parts if len(part)]
        if len(parts) < 2:
            return parts[0] if parts else np.empty(0, np.uint32)
        if sum(map(len, parts)) * _FEW < self._length:
            return np.unique(np.concatenate(parts))
        return np.flatnonzero(self.mask(parts)).astype(np.uint32)

    def mask(self, parts: Sequence[Docs]) -> Mask:
        """By number of a document (0 is none): whether any part has it."""
        found = np.zeros(self._length + 1, np.bool_)
        for part in parts:
            found[part] = True
        return found

    def among(self, docs: Docs, others: Docs) -> Mask:
        """Which of `docs` are in `others`; both ascending."""
        if len(docs) * _FEW < len(others):
            return inside(docs, others)
        if len(others) * _FEW < len(docs):
            found = np.zeros(len(docs), np.bool_)
            at = np.searchsorted(docs, others)
            at = at[docs[np.minimum(at, len(docs) - 1)] == others]
            found[at] = True
            return found
        return self.mask([others])[docs]

    def counts(self, docs: Docs, standing: Standing) -> Counts:
        """How much it counts in each of `docs` (ascending); 0 where it does not stand."""
        if len(docs) == len(standing.docs) and np.array_equal(docs, standing.docs):
            return standing.counts
        if len(docs) * _FEW < len(standing.docs):
            at = np.minimum(np.searchsorted(standing.docs, docs), len(standing.docs) - 1)
            return np.where(standing.docs[at] == docs, standing.counts[at], np.uint16(0))
        every = np.zeros(self._length + 1, np.uint16)
        every[standing.docs] = standing.counts
        return every[docs]


def _joined(parts: Sequence[npt.NDArray[Any]], dtype: Any) -> npt.NDArray[Any]:
    if len(parts) == 1:
        return parts[0]
    return np.concatenate(parts) if parts else np.empty(0, dtype)
