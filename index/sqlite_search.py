"""Answering a plan from the arrays: masks over all alerts for what must hold, one array for what it scores."""

from __future__ import annotations

import datetime as dt
import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from index.columns import LEVELS, NEVER, Key, Mask, Slots, View, top
from index.expression import Filter
from index.fields import DATE_FIELDS
from index.plan import Both, Either, Literal, Part, Plan, Some, Term, Without
from index.postings import Floats, Postings, idf, phrase, scores
from index.sqlite_schema import decode
from index.store import LEVEL_BONUS, WORD_FOUND, Sort

#: Above every code point a term can hold: the end of the range of a prefix.
_LAST = "\U0010ffff"


@dataclass(frozen=True, slots=True)
class Found:
    mask: Mask
    score: Floats | None  # beside the mask, 0 where it does not hold; None: nothing scores


class Search:
    """One plan over one view, on one connection that holds a read transaction."""

    def __init__(self, connection: sqlite3.Connection, epoch: int, view: View, plan: Plan, as_of: dt.date) -> None:
        self._connection = connection
        self._epoch = epoch
        self._view = view
        self._plan = plan
        self._as_of = as_of
        self._average = view.average()
        self._base: Found | None = None
        self._conditions: list[tuple[Filter, Mask]] | None = None

    @property
    def conditions(self) -> tuple[Filter, ...]:
        return self._plan.conditions

    def hits(self, *, without: str = "") -> Slots:
        """Slots of the alerts that match, ascending; `without` leaves out the conditions on that field."""
        mask = self._root().mask & self._view.alive
        for condition, holds in self._masks():
            if condition.field != without:
                mask &= holds
        return np.flatnonzero(mask)

    def ordered(self, hits: Slots, sort: Sort, k: int) -> tuple[Slots, Floats]:
        """The first `k` hits in order, with their scores."""
        if not k:
            return hits[:0], np.empty(0, np.float32)
        single = self._view.single
        levels = self._view.levels(self._as_of)

        def level(at: Slots) -> npt.NDArray[np.int16]:
            found = levels[hits[at]].astype(np.int16)
            found[found == 255] = -1
            return found

        def score(at: Slots) -> Floats:
            return self._scores(hits[at], level(at))

        newest: Key = lambda at: -single["published"][hits[at]]  # noqa: E731 - three keys, each one line
        last: Key = lambda at: single["tie"][hits[at]]  # noqa: E731
        keys: Sequence[Key]
        if sort == "date":
            keys = (newest, last)
        elif sort == "level":
            keys = (lambda at: -level(at), newest, last)
        elif sort == "deadline":
            keys = (lambda at: self._urgency(hits[at]), last)
        else:
            keys = (lambda at: -score(at), newest, last)
        order = top(len(hits), keys, k)
        return hits[order], score(order)

    def level_counts(self, hits: Slots) -> dict[str, int]:
        counts = np.bincount(self._view.levels(self._as_of)[hits], minlength=len(LEVELS))
        return {level: int(counts[i]) for i, level in enumerate(LEVELS) if counts[i]}

    def _urgency(self, hits: Slots) -> npt.NDArray[np.int64]:
        """Deadlines to come (nearest first), then those over (latest first), then alerts without."""
        deadline = self._view.single["deadline"][hits].astype(np.int64)
        left = deadline - self._as_of.toordinal()
        far = np.int64(1 << 24)
        return np.where(deadline == NEVER, 2 * far, np.where(left >= 0, left, far - left))

    def _scores(self, hits: Slots, levels: npt.NDArray[np.int16]) -> Floats:
        bonus = np.array([LEVEL_BONUS[level] for level in LEVELS] + [0.0], np.float32)[levels]
        score = self._root().score
        return bonus if score is None else score[hits] + bonus

    def _root(self) -> Found:
        if self._base is None:
            root = self._plan.root
            self._base = Found(np.ones(self._view.length, np.bool_), None) if root is None else self._part(root)
        return self._base

    def _masks(self) -> list[tuple[Filter, Mask]]:
        if self._conditions is None:
            self._conditions = [(condition, self._filter(condition)) for condition in self._plan.conditions]
        return self._conditions

    def _part(self, part: Part) -> Found:
        if isinstance(part, Filter):
            return Found(self._filter(part), None)
        if isinstance(part, Term):
            return self._term(part)
        if isinstance(part, Literal):
            scored = self._term(part.scored)
            mask = scored.mask & self._literal(part)
            return Found(mask, None if scored.score is None else scored.score * mask)
        if isinstance(part, Without):
            return Found(~self._part(part.item).mask, None)
        return self._combined(part)

    def _combined(self, part: Both | Some | Either) -> Found:
        found = [self._part(item) for item in part.items]
        masks = [item.mask for item in found]
        if isinstance(part, Some):
            return self._some(found, np.add.reduce(masks, dtype=np.uint16), part.least)
        mask: Mask = (np.logical_and if isinstance(part, Both) else np.logical_or).reduce(masks)
        parts = [item.score for item in found if item.score is not None]
        if not parts:
            return Found(mask, None)
        total = parts[0].copy()
        for score in parts[1:]:
            total += score
        return Found(mask, total * mask if isinstance(part, Both) else total)

    @staticmethod
    def _some(found: Sequence[Found], words: npt.NDArray[np.uint16], least: int) -> Found:
        total = words.astype(np.float32) * np.float32(WORD_FOUND)
        for item in found:
            if item.score is not None:
                total += item.score
        mask: Mask = words >= least
        return Found(mask, total * mask)

    def _term(self, term: Term) -> Found:
        mask = np.zeros(self._view.length, np.bool_)
        score = np.zeros(self._view.length, np.float32)
        for sequence in term.sequences:
            parts = [self._postings(name, places=len(sequence) > 1) for name in sequence[:-1]]
            parts.append(
                self._beginning(sequence[-1]) if term.prefix else self._postings(sequence[-1], places=len(sequence) > 1)
            )
            found = parts[0] if len(parts) == 1 else phrase(parts)
            slots = found.docs.astype(np.int64) - 1
            mask[slots] = True
            if term.prefix:
                score[slots] = 1.0  # like Elasticsearch's prefix query
            else:
                weight = sum(idf(self._view.living, len(part.docs)) for part in parts)
                score[slots] += scores(found, weight, self._view.single["length"][slots], self._average)
        return Found(mask, score)

    def _postings(self, term: str, *, places: bool) -> Postings:
        columns = "docs, counts, places" if places else "docs, counts"
        rows = self._connection.execute(
            f"SELECT {columns} FROM segments_{self._epoch} s CROSS JOIN postings_{self._epoch} p"  # noqa: S608
            " ON p.seg = s.seg AND p.term = ? ORDER BY s.first",
            (term,),
        )
        return Postings.joined([decode(*row) for row in rows])

    def _beginning(self, prefix: str) -> Postings:
        rows = self._connection.execute(
            f"SELECT p.term, docs, counts, places FROM segments_{self._epoch} s"  # noqa: S608
            f" CROSS JOIN postings_{self._epoch} p ON p.seg = s.seg AND p.term >= ? AND p.term < ? ORDER BY s.first",
            (prefix, prefix + _LAST),
        )
        by_term: dict[str, list[Postings]] = {}
        for term, *blobs in rows:
            by_term.setdefault(term, []).append(decode(*blobs))
        return Postings.merged([Postings.joined(parts) for parts in by_term.values()])

    def _literal(self, part: Literal) -> Mask:
        text = '"' + " ".join(part.words) + '"' + ("*" if part.prefix else "")
        rows = self._connection.execute(
            f"SELECT rowid FROM exact_{self._epoch} WHERE exact_{self._epoch} MATCH ?",  # noqa: S608
            (text,),
        ).fetchall()
        mask = np.zeros(self._view.length, np.bool_)
        mask[np.array([row[0] - 1 for row in rows], np.int64)] = True
        return mask

    def _condition(self, names: Sequence[str]) -> Mask:
        mask = np.zeros(self._view.length, np.bool_)
        marks = ",".join("?" * len(names))
        rows = self._connection.execute(
            f"SELECT docs FROM segments_{self._epoch} s CROSS JOIN postings_{self._epoch} p"  # noqa: S608
            f" ON p.seg = s.seg AND p.term IN ({marks})",
            tuple(names),
        )
        for (docs,) in rows:
            mask[np.frombuffer(docs, np.uint32).astype(np.int64) - 1] = True
        return mask

    def _filter(self, wanted: Filter) -> Mask:
        field = wanted.field
        view = self._view
        if field == "level":
            levels = view.levels(self._as_of)
            if wanted.filled is not None:
                known: Mask = (levels != 255) == wanted.filled
                return known
            mask: Mask = np.isin(levels, [LEVELS.index(value) for value in wanted.values])
            return mask
        if field in DATE_FIELDS:
            if wanted.filled is not None:
                mask = view.between(field, NEVER + 1, dt.date.max.toordinal())
                return mask if wanted.filled else ~mask
            assert wanted.days is not None  # noqa: S101 - a filter on a date has days or filled
            low, high = wanted.days.resolve(field, self._as_of)
            return view.between(field, low.toordinal(), high.toordinal())
        if wanted.filled is not None:
            mask = self._condition([f"#{field}"])
            return mask if wanted.filled else ~mask
        return self._condition(condition_names(wanted))


def condition_names(wanted: Filter) -> list[str]:
    """The condition terms any of which must be there. An HS code also finds its parents: an act on 8507 is about 850760."""
    if wanted.field != "hs":
        return [f"#{wanted.field}={value}" for value in wanted.values]
    names = {f"#hs={code[:6]}" for code in wanted.values}
    names |= {f"#hs_at={code[:end]}" for code in wanted.values for end in range(2, min(len(code), 7))}
    return sorted(names)
