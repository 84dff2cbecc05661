"""An inverted index in plain arrays: ranks what a common word finds some hundred times as fast as FTS5's `bm25()`.

Documents are numbered from 1 in the order they come and never renumbered. A *place* is where a term stands in its segment: the words
of all its documents in a row, a gap after each part; its two lowest bits tell how often the part counts (less one), and each document
begins a *slot* of 64 places, so a phrase is found, counted and given to its document from the places alone
(docs/decisions/embedded-postings.md).

Scores are Lucene's BM25 (k1 1.2, b 0.75) with its one-byte lengths, so that both engines agree.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from functools import lru_cache
from itertools import chain
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from index.sets import Mask, changes, common, inside

Docs = npt.NDArray[np.uint32]
Counts = npt.NDArray[np.uint16]
Places = npt.NDArray[np.int32]
Floats = npt.NDArray[np.float32]
Positions = npt.NDArray[np.int64]
#: One searched text of a document: how often it counts (1 to 4), its terms, and the terms of its words as they stand (never ranked by).
Text = tuple[int, Sequence[str], Sequence[str]]

K1, B = 1.2, 0.75
WEIGHT_BITS = 2
STEP = 1 << WEIGHT_BITS  # from one place to the next
SLOT_BITS = 6
SLOT = 1 << SLOT_BITS  # places: a document begins a new one, so a table of slots tells whose a place is
FIRST_PLACE = 1 << 10  # of a segment, the first of a slot: no phrase reaches back below zero
MOST_PLACES = 1 << 29  # of a segment, so that places fit 31 bits
#: Numbers that are worked on at a time, and places that are marked at a time: what a step leaves for the next one stays in the processor's
#: cache, and asking the system for new memory, a long array after another, takes longer than the sums.
PART, PIECE = 1 << 16, 1 << 20


class Postings(NamedTuple):
    """One term of one segment: the documents that hold it, ascending; how much it counts in each; and where it stands."""

    docs: Docs
    counts: Counts
    places: Places

    def without(self, dead: Docs, owners: Docs) -> Postings:
        """Without the documents in `dead` (ascending); `owners`: of each slot of the segment."""
        keep = ~inside(self.docs, dead)
        if keep.all():
            return self
        counts = self.counts[keep] if len(self.counts) else self.counts
        stays = keep.take(np.searchsorted(self.docs, owned(self.places, owners)))
        return Postings(self.docs[keep], counts, self.places[stays])


Row = tuple[str, Postings]
_NO_COUNTS, _NO_PLACES = np.empty(0, np.uint16), np.empty(0, np.int32)


def invert(documents: Sequence[Sequence[Text]], first: int) -> tuple[list[Row], Docs]:
    """The postings of a segment of documents numbered from `first`, sorted by term, and how many slots each document has.

    An empty string holds its place and is not indexed.
    """
    texts = [text for document in documents for text in document]
    lengths = np.fromiter((len(words) for _, words, _ in texts), np.int64, len(texts))
    total = int(lengths.sum())
    number = np.repeat(np.arange(len(documents)), [len(document) for document in documents])  # of each text's document
    widths = np.bincount(number, lengths + 1, len(documents)).astype(np.int64)
    slots = -(-widths // SLOT)
    empty = np.cumsum(SLOT * slots - widths) - (SLOT * slots - widths)  # places before each document
    place = FIRST_PLACE + np.arange(total) + np.repeat(np.arange(len(texts)) + empty[number], lengths)
    owner = np.repeat(number, lengths).astype(np.uint32) + np.uint32(first)
    weight = np.repeat(np.fromiter((text[0] for text in texts), np.int64, len(texts)), lengths)
    keys = (place * STEP + weight - 1).astype(np.int32)
    rows: list[Row] = []
    for side in (1, 2):
        numbers: dict[str, int] = {"": 0}
        words = chain.from_iterable(text[1] if side == 1 else text[2] for text in texts)
        ids = np.fromiter((numbers.setdefault(word, len(numbers)) for word in words), np.uint32, total)
        found = _grouped(list(numbers), ids, owner, keys)
        rows += found if side == 1 else ((term, p._replace(counts=_NO_COUNTS)) for term, p in found)
    rows.sort(key=lambda row: row[0])
    return rows, slots.astype(np.uint32)


def end_of(slots: Docs) -> int:
    """The first place behind a segment whose documents have so many slots."""
    return FIRST_PLACE + SLOT * int(slots.sum())


def owners(slots: Docs, first: int) -> Docs:
    """By slot: its document. `slots`: how many each document has, from the one numbered `first` on."""
    numbers = np.arange(first, first + len(slots), dtype=np.uint32)
    return np.concatenate((np.zeros(FIRST_PLACE // SLOT, np.uint32), np.repeat(numbers, slots)))


def owned(places: Places, owners: Docs) -> Docs:
    """The document of each place."""
    return owners.take(places >> (WEIGHT_BITS + SLOT_BITS))


def counted(documents: Sequence[Sequence[tuple[str, int]]], first: int) -> list[Row]:
    """The postings of terms that stand nowhere, each with what it counts (0: nothing), sorted by term; each once a document."""
    found: dict[str, tuple[list[int], list[int]]] = {}
    for number, document in enumerate(documents, first):
        for term, count in document:
            docs, counts = found.setdefault(term, ([], []))
            docs.append(number)
            if count:
                counts.append(count)
    return [
        (term, Postings(np.array(docs, np.uint32), np.array(counts, np.uint16), _NO_PLACES))
        for term, (docs, counts) in sorted(found.items())
    ]


def _grouped(names: Sequence[str], ids: Docs, owner: Docs, keys: Places) -> Iterator[Row]:
    """Terms by number; number 0 is none."""
    order = np.argsort(ids, kind="stable")  # within a term: by place, and so by document
    order = order[np.searchsorted(ids[order], 1) :]
    if not len(order):
        return
    ids, owner, keys = ids[order], owner[order], keys[order]
    new_term = np.concatenate(([True], ids[1:] != ids[:-1]))
    new_pair = new_term | np.concatenate(([True], owner[1:] != owner[:-1]))
    pair_starts = np.flatnonzero(new_pair)
    docs = owner[pair_starts]
    counts = np.add.reduceat((keys & (STEP - 1)) + 1, pair_starts).clip(max=65535).astype(np.uint16)
    term_starts = np.flatnonzero(new_term)
    place_ends = np.append(term_starts[1:], len(ids)).tolist()
    pair_of_term = np.searchsorted(pair_starts, term_starts)
    pair_ends = np.append(pair_of_term[1:], len(pair_starts)).tolist()
    bounds = zip(
        ids[term_starts].tolist(), term_starts.tolist(), place_ends, pair_of_term.tolist(), pair_ends, strict=True
    )
    for number, a, b, p, q in bounds:
        yield names[number], Postings(docs[p:q], counts[p:q], keys[a:b])


def shifted(places: bytes, by: int) -> bytes:
    """Places of a segment that is laid behind another one: `by` places later."""
    if len(places) == 4:  # most terms stand once: a tenth of the time
        return (int.from_bytes(places, sys.byteorder) + by * STEP).to_bytes(4, sys.byteorder)
    return (np.frombuffer(places, np.int32) + np.int32(by * STEP)).tobytes()


def followed(places: Places, others: Places | Bits, distance: int) -> Places:
    """Those of `places` that have one of `others` so many places later (earlier: below 0). All ascend, each once."""
    by = np.int32(distance * STEP)
    if isinstance(others, Bits):
        pieces = [places[start : start + PART] for start in range(0, max(len(places), 1), PART)]
        return np.concatenate([piece.compress(others.has(piece + by)) for piece in pieces])
    found = common(places + by, others)
    found -= by
    return found


def by_document(places: Places, owners: Docs) -> tuple[Docs, Counts]:
    """The documents that have any of the places (ascending), and how much these count in each."""
    docs = owned(places, owners)
    weights = places & np.int32(STEP - 1)
    weights += np.int32(1)
    starts = changes(docs)
    if len(starts) == len(docs):  # once in each
        return docs, weights.astype(np.uint16)
    return docs.take(starts), _summed(weights, np.append(starts[1:], len(docs)))


class Bits(NamedTuple):
    """The places of a common term, a bit for each place of the segment: asked for very many of them, many times as fast as a search by
    halves, and no larger than the list where it has one place in thirty-two."""

    bytes: npt.NDArray[np.uint8]

    @classmethod
    def of(cls, places: Places) -> Bits:
        """`places` ascend and are not empty."""
        at = places >> WEIGHT_BITS
        found = np.zeros(
            (int(at[-1]) >> 3) + 2, np.uint8
        )  # the last octet stays empty: it answers for all places behind
        there = np.empty(PIECE, np.bool_)
        starts = np.arange(0, int(at[-1]) + 1, PIECE, dtype=np.int32)
        ends = np.searchsorted(at, starts + np.int32(PIECE)).tolist()
        for start, first, last in zip(starts.tolist(), [0, *ends], ends, strict=False):
            there[:] = False
            there[(at[first:last] - start).astype(np.intp)] = True
            octets = np.packbits(there, bitorder="little")
            found[start >> 3 : (start + PIECE) >> 3] = octets[: len(found) - (start >> 3)]
        return cls(found)

    def has(self, places: Places) -> Mask:
        """Which of the places (in any order) it has."""
        at = places >> WEIGHT_BITS
        octets = self.bytes.take(at >> 3, mode="clip")
        at &= 7
        np.right_shift(octets, at.astype(np.uint8), out=octets)
        octets &= np.uint8(1)
        return octets.view(np.bool_)


def _summed(weights: Places, ends: Positions) -> Counts:
    """Sums of what stands before each end: `np.add.reduceat` takes more than twice as long where most groups have one or two."""
    sums = np.cumsum(weights, dtype=np.int64).take(ends - 1)
    return np.diff(sums, prepend=0).clip(max=65535).astype(np.uint16)


@lru_cache(maxsize=1)
def _lengths() -> npt.NDArray[np.float64]:
    """Lucene's 256 representable lengths (SmallFloat.byte4ToInt)."""

    def decode(code: int) -> int:
        bits, shift = code & 7, (code >> 3) - 1
        return bits if shift == -1 else (bits | 8) << shift

    free = 24  # 255 - longToInt4(2³¹ - 1): the first lengths are exact
    return np.array([code if code < free else free + decode(code - free) for code in range(256)], np.float64)


def length_codes(lengths: Sequence[int]) -> npt.NDArray[np.uint8]:
    """The byte of each length: the largest representable one that is not longer."""
    return (np.searchsorted(_lengths(), np.asarray(lengths), side="right") - 1).astype(np.uint8)


def idf(documents: int, holding: int) -> float:
    return float(np.log(1 + (documents - min(holding, documents) + 0.5) / (holding + 0.5)))


def norms(codes: npt.NDArray[np.uint8], average: float) -> Floats:
    """What a document's length makes of its counts, by document."""
    inverse = (1 / (K1 * ((1 - B) + B * _lengths() / max(average, 1e-9)))).astype(np.float32)
    return inverse[codes]


def scores(counts: Counts, weight: float, norm: Floats) -> Floats:
    """BM25 of documents in which a term counts so much (0: it does not occur); `weight` is the idf (of a phrase: the sum of its terms')."""
    full = np.float32((K1 + 1) * weight)
    found: Floats = counts * norm  # the arrays may be as long as the index: the same one for every step
    found += np.float32(1)
    np.divide(full, found, out=found)
    np.subtract(full, found, out=found)
    return found
