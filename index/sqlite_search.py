"""Answering a plan: ascending numbers of documents, narrowed from the rarest, and scores of those alone that are asked for."""

from __future__ import annotations

import datetime as dt
import sqlite3
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from index.analysis import literals
from index.columns import LEVELS, NEVER, Key, Slots, View, top
from index.expression import Filter
from index.fields import DATE_FIELDS
from index.plan import Both, Either, Literal, Maybe, Part, Plan, Some, Term, Without
from index.postings import PART, Docs, Floats, idf, scores
from index.sets import Mask, among
from index.sqlite_postings import Kept, Standing, Terms
from index.store import WORD_FOUND, Sort


class Search:
    """One plan over one view, on one connection that holds a read transaction."""

    def __init__(
        self, connection: sqlite3.Connection, epoch: int, view: View, kept: Kept, plan: Plan, as_of: dt.date
    ) -> None:
        self._view = view
        self._plan = plan
        self._as_of = as_of
        self._terms = Terms(connection, epoch, view, kept)
        self._found: dict[Part, Docs] = {}
        self._phrases: dict[
            tuple[tuple[str, ...], bool], Standing
        ] = {}  # by their terms, and whether the last is only begun
        self._base: Docs | None = None
        self._kept: dict[Filter, Mask] = {}
        self._last: tuple[Slots, Docs] = (np.empty(0, np.int64), np.empty(0, np.uint32))  # the hits given out last
        self._norms: Floats = np.empty(0, np.float32)  # of the documents whose scores are being computed
        self._in_parts = False  # these are some of the hits: others follow

    @property
    def conditions(self) -> tuple[Filter, ...]:
        return self._plan.conditions

    def hits(self, *, without: str = "") -> Slots:
        """Slots of the alerts that match, ascending; `without` leaves out the conditions on that field."""
        wanted = [condition for condition in self._plan.conditions if condition.field != without]
        if self._plan.root is None and wanted:
            docs = self._alive(self._all_of(wanted))
        else:
            docs = self._root()
            for condition in wanted:
                if condition not in self._kept:
                    self._kept[condition] = self._holds(condition, docs)
            masks = [self._kept[condition] for condition in wanted]
            if masks:
                docs = docs.compress(np.logical_and.reduce(masks))
        hits = docs.astype(np.int64)
        hits -= 1
        self._last = hits, docs
        return hits

    def ordered(self, hits: Slots, sort: Sort, k: int) -> tuple[Slots, Floats]:
        """The first `k` hits in order, with their scores."""
        if not k:
            return hits[:0], np.empty(0, np.float32)
        single = self._view.single
        newest: Key = lambda at: -single["published"][hits[at]]  # noqa: E731 - three keys, each one line
        last: Key = lambda at: single["tie"][hits[at]]  # noqa: E731
        keys: Sequence[Key]
        if sort == "date":
            keys = (newest, last)
        elif sort == "level":
            levels = self._view.levels(self._as_of)
            keys = (lambda at: -RANKS[levels[hits[at]]], newest, last)
        elif sort == "deadline":
            keys = (lambda at: self._urgency(hits[at]), last)
        else:
            scored = self._scores(hits)
            order = top(len(hits), (lambda at: -scored[at], newest, last), k)
            return hits[order], scored[order]
        first = hits[top(len(hits), keys, k)]
        place = np.argsort(first)
        found = np.empty(len(first), np.float32)
        found[place] = self._scores(first[place])
        return first, found

    def level_counts(self, hits: Slots) -> dict[str, int]:
        counts = np.bincount(self._view.levels(self._as_of)[hits], minlength=len(LEVELS))
        return {level: int(counts[i]) for i, level in enumerate(LEVELS) if counts[i]}

    def _urgency(self, hits: Slots) -> npt.NDArray[np.int64]:
        """Deadlines to come (nearest first), then those over (latest first), then alerts without."""
        deadline = self._view.single["deadline"][hits].astype(np.int64)
        left = deadline - self._as_of.toordinal()
        far = np.int64(1 << 24)
        return np.where(deadline == NEVER, 2 * far, np.where(left >= 0, left, far - left))

    def _scores(self, hits: Slots) -> Floats:
        """By hit; these ascend."""
        whole = len(hits) == self._view.length
        bonus = self._view.bonus(self._as_of)
        if self._plan.root is None:
            return bonus if whole else bonus.take(hits)
        docs = self._last[1] if hits is self._last[0] else (hits + 1).astype(np.uint32)
        self._in_parts = len(hits) > PART
        found = np.empty(len(hits), np.float32)
        for start in range(0, len(hits), PART):
            part = slice(start, start + PART)
            at = part if whole else hits[part]
            self._norms = self._view.norms[at]
            scored = self._score(self._plan.root, docs[part], sure=True)
            found[part] = bonus[at] if scored is None else scored + bonus[at]
        return found

    def _root(self) -> Docs:
        if self._base is None:
            root = self._plan.root
            self._base = self._alive(self._every() if root is None else self._docs(root))
        return self._base

    def _every(self) -> Docs:
        return np.arange(1, self._view.length + 1, dtype=np.uint32)

    def _alive(self, docs: Docs) -> Docs:
        return docs if self._view.living == self._view.length else docs.compress(self._view.alive.take(docs - 1))

    # --- which documents -------------------------------------------------------------------------------------------

    def _docs(self, part: Part) -> Docs:
        """The documents for which it holds, ascending."""
        if part not in self._found:
            self._found[part] = self._find(part)
        return self._found[part]

    def _find(self, part: Part) -> Docs:
        if isinstance(part, Term):
            return self._terms.union([self._sequence(part, sequence, None).docs for sequence in part.sequences])
        if isinstance(part, Literal):
            return self._literal(part, None)
        if isinstance(part, Filter):
            return self._filtered(part)
        if isinstance(part, Without):
            return self._all_but(self._docs(part.item))
        if isinstance(part, Both):
            return self._all_of([item for item in part.items if not isinstance(item, Maybe)])
        if isinstance(part, Maybe):
            return self._every()
        if isinstance(part, Either):
            return self._any_of(part.items)
        return self._some(part)

    def _any_of(self, items: Sequence[Part]) -> Docs:
        masks = [mask for item in items if (mask := self._mask(item)) is not None]
        if not masks:
            return self._terms.union([self._docs(item) for item in items])
        rest = [self._docs(item) for item in items if self._mask(item) is None]
        return np.flatnonzero(self._terms.mask(rest, masks)).astype(np.uint32)

    def _mask(self, part: Part) -> Mask | None:
        """Of a word that many alerts hold: whether each does, by number of a document (0 is none)."""
        if isinstance(part, Term) and len(part.sequences) == len(part.sequences[0]) == 1 and not part.prefix:
            return self._terms.single(part.sequences[0][0]).mask
        return None

    def _some(self, part: Some) -> Docs:
        held = np.zeros(self._view.length + 1, np.uint16)
        for item in part.items:
            held[self._docs(item)] += np.uint16(1)
        return np.flatnonzero(held >= part.least).astype(np.uint32)

    def _all_of(self, items: Sequence[Part]) -> Docs:
        """What is cheap to list comes first, the rarest of it foremost; a phrase is then only looked for in what is left."""
        listed = [item for item in items if _is_listed(item)]
        words = [item for item in listed if not (isinstance(item, Filter) and item.field in self._view.alone)]
        listed = words or listed  # a filter that a column answers need not be listed
        rest = sorted((item for item in items if item not in listed), key=_effort)
        first, *others = [*sorted(listed, key=lambda item: len(self._docs(item))), *rest]
        docs = self._docs(first)
        for item in others:
            docs = docs.compress(self._holds(item, docs))  # many times as fast as `docs[…]` where half of them are left
        return docs

    def _holds(self, part: Part, docs: Docs) -> Mask:
        """For which of `docs` (ascending) it holds."""
        if isinstance(part, Without):
            return ~self._holds(part.item, docs)
        if isinstance(part, Maybe):
            return np.ones(len(docs), np.bool_)
        if isinstance(part, Filter):
            held = self._column(part, docs)
            if held is not None:
                return held
        if isinstance(part, Both):
            return np.asarray(np.logical_and.reduce([self._holds(item, docs) for item in part.items]))
        if isinstance(part, Either):
            return np.asarray(np.logical_or.reduce([self._holds(item, docs) for item in part.items]))
        mask = self._mask(part)
        if mask is not None:
            return mask.take(docs)
        if part not in self._found and isinstance(part, Literal):
            return among(docs, self._literal(part, docs))
        if part not in self._found and isinstance(part, Term) and not _is_listed(part):
            found = [self._sequence(part, sequence, docs).docs for sequence in part.sequences]
            return among(docs, self._terms.union(found))
        return among(docs, self._docs(part))

    def _sequence(self, term: Term, sequence: tuple[str, ...], within: Docs | None) -> Standing:
        """`within`: what is found elsewhere is not wanted. A phrase that was looked for everywhere is not looked for again."""
        if len(sequence) == 1 and not term.prefix:
            return self._terms.single(sequence[0])
        known = self._phrases.get((sequence, term.prefix))
        if known is None and len(sequence) == 1:
            known = self._phrases[sequence, True] = Standing(self._terms.beginning(sequence[0]), _UNCOUNTED, (0,))
        if known is None:
            within = self._worth(sequence, term.prefix, within)
            known = self._terms.phrase(sequence, prefix=term.prefix, within=within)
            if within is None:
                self._phrases[sequence, term.prefix] = known
        return known

    def _worth(self, sequence: Sequence[str], prefix: bool, within: Docs | None) -> Docs | None:
        """Looking in few documents only pays when they are few; what is looked for everywhere need not be looked for again."""
        return None if within is None or len(within) * RARE > self._terms.holding(sequence, prefix=prefix) else within

    def _literal(self, part: Literal, within: Docs | None) -> Docs:
        words = literals(part.words)
        if len(words) > 1:
            sequences = part.scored.sequences
            for at, word in enumerate(words):
                stems = {sequence[at] for sequence in sequences}
                if word and len(stems) == 1 and self._terms.is_only_form(word, *stems):
                    words[at] = ""
            found = [
                self._terms.literal(
                    sequence, words, prefix=part.prefix, within=self._worth(sequence, part.prefix, within)
                )
                for sequence in sequences
            ]
            return self._terms.union(found)
        if part.prefix:
            return self._terms.beginning(part.words[0])
        return self._terms.single(words[0] or part.words[0]).docs

    def _filtered(self, wanted: Filter) -> Docs:
        filled = wanted.filled is not None and wanted.field in self._view.alone
        if wanted.field == "level" or wanted.field in DATE_FIELDS or filled:
            every = self._every()
            held = self._column(wanted, every)
            assert held is not None  # noqa: S101 - these fields have columns
            return every.compress(held)
        if wanted.filled is None:
            return self._terms.any_of(condition_names(wanted))
        holding = self._terms.any_of([f"#{wanted.field}"])
        return holding if wanted.filled else self._all_but(holding)

    def _all_but(self, docs: Docs) -> Docs:
        return np.flatnonzero(~self._terms.mask([docs])[1:]).astype(np.uint32) + np.uint32(1)

    def _column(self, wanted: Filter, docs: Docs) -> Mask | None:
        """For which of `docs` a filter holds that columns answer; None: another one."""
        view, field = self._view, wanted.field
        if field == "level":
            chosen = np.zeros(256, np.bool_)
            if wanted.filled is None:
                chosen[[LEVELS.index(value) for value in wanted.values]] = True
            else:
                chosen[:] = not wanted.filled
                chosen[: len(LEVELS)] = wanted.filled
            return np.asarray(chosen.take(view.levels(self._as_of).take(docs - 1)))
        if field in view.alone:
            tags = view.alone[field].take(docs - 1)
            if wanted.filled is None:
                return view.chosen(field, wanted.values).take(tags)
            return np.asarray((tags != 0) == wanted.filled)
        if field not in DATE_FIELDS:
            return None
        if wanted.filled is not None:
            held = view.between(field, NEVER + 1, dt.date.max.toordinal(), docs - 1)
            return held if wanted.filled else ~held
        assert wanted.days is not None  # noqa: S101 - a filter on a date has days or filled
        low, high = wanted.days.resolve(field, self._as_of)
        return view.between(field, low.toordinal(), high.toordinal(), docs - 1)

    # --- how well --------------------------------------------------------------------------------------------------

    def _score(self, part: Part, docs: Docs, *, sure: bool) -> Floats | None:
        """By document of `docs` (ascending), 0 where it does not hold; None: it never adds to a score. `sure`: it holds for all."""
        if isinstance(part, Term):
            return self._term_score(part, docs)
        if isinstance(part, Filter | Without):
            return None
        if isinstance(part, Maybe):
            return self._score(part.item, docs, sure=False)
        if isinstance(part, Literal):
            total = self._term_score(part.scored, docs)
        else:
            each = sure and isinstance(part, Both)
            parts = [found for item in part.items if (found := self._score(item, docs, sure=each)) is not None]
            if isinstance(part, Some):
                parts += [np.float32(WORD_FOUND) * self._holds(item, docs) for item in part.items]
            if not parts:
                return None
            total = parts[0]
            for found in parts[1:]:
                total = total + found if total is parts[0] else np.add(total, found, out=total)
        return total if sure or isinstance(part, Either) else total * self._holds(part, docs)

    def _term_score(self, term: Term, docs: Docs) -> Floats:
        total: Floats | None = None
        for sequence in term.sequences:
            standing = self._sequence(term, sequence, None if self._in_parts else docs)
            if term.prefix:
                return among(docs, standing.docs).astype(np.float32)  # 1, like Elasticsearch's prefix query
            if len(standing.docs):
                weight = sum(idf(self._view.living, holding) for holding in standing.holding)
                found = scores(standing.counts_in(docs), weight, self._norms)
                total = found if total is None else np.add(total, found, out=total)
        return np.zeros(len(docs), np.float32) if total is None else total


RARE = 8  # a phrase is looked for among some documents alone where its rarest word stands in so many times as many
#: Of a level's number, 255 (none in force) lowest.
RANKS = np.full(256, -1, np.int16)
RANKS[: len(LEVELS)] = range(len(LEVELS))
_UNCOUNTED = np.empty(0, np.uint16)


def _is_listed(part: Part) -> bool:
    """Whether its documents stand in the index as they are."""
    if isinstance(part, Term):
        return all(len(sequence) == 1 for sequence in part.sequences)
    if isinstance(part, Filter):
        return part.field != "level" and part.field not in DATE_FIELDS and part.filled is None
    return isinstance(part, Either) and all(map(_is_listed, part.items))


def _effort(part: Part) -> int:
    """Columns first, then phrases, then what must be listed whole to be taken away."""
    return 0 if isinstance(part, Filter) else 2 if isinstance(part, Without | Some) else 1


def condition_names(wanted: Filter) -> list[str]:
    """The condition terms any of which must be there. An HS code also finds its parents: an act on 8507 is about 850760."""
    if wanted.field != "hs":
        return [f"#{wanted.field}={value}" for value in wanted.values]
    names = {f"#hs={code[:6]}" for code in wanted.values}
    names |= {f"#hs_at={code[:end]}" for code in wanted.values for end in range(2, min(len(code), 7))}
    return sorted(names)
