"""Texts → sparse rows, vectorised over a whole batch: no per-document Python.

Features are word 1-2-grams, character n-grams inside words (4 and 5; in Chinese and Japanese 1 to 3, where there are no
words) and tokens given from outside (concept ids, their industries and HS chapters). Each is named by a 64-bit hash; a
`Vocabulary` keeps the hashes a model was trained on and turns them into columns, so what was never seen adds nothing
(and can be counted: drift).

How: the batch is one array of code points; H[i] = Σ c_j·p^j (mod 2^64) gives the hash of any substring by two look-ups,
(H[e] - H[s])·p^(-s). Digits count as one sign: quantities and model numbers are noise.
"""

from __future__ import annotations

import functools
import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

U64 = NDArray[np.uint64]
I32 = NDArray[np.int32]
F32 = NDArray[np.float32]

_P = 0x9E3779B97F4A7C15  # odd, so that it has an inverse
_P_INVERSE = pow(_P, -1, 1 << 64)
_MIX = np.uint64(0xFF51AFD7ED558CCD)
_SALT_WORD, _SALT_PAIR, _SALT_CHAR, _SALT_CJK = (
    np.uint64(value) for value in (0x243F6A8885A308D3, 0x13198A2E03707344, 0xA4093822299F31D0, 0x082EFA98EC4E6C89)
)
_NONE, _WORD, _CJK = 0, 1, 2
_TABLE = 0x30000
LATIN_GRAMS = (4, 5)
CJK_GRAMS = (1, 2, 3)
_PAIR_CODE = np.uint64(0x9E3779B97F4A7C55)


@dataclass(frozen=True, slots=True)
class Grams:
    """Every occurrence of a feature in a batch. `start`/`end`: code points of the document's text."""

    hashes: U64
    document: I32
    start: I32
    end: I32
    words: int  # the first `words` entries are words and pairs of words (CJK n-grams included): what evidence shows
    size: int  # documents


@functools.cache
def _classes() -> tuple[NDArray[np.uint8], NDArray[np.uint32]]:
    """Code point → class, code point → the sign it counts as."""
    kinds = np.zeros(_TABLE, np.uint8)
    signs = np.arange(_TABLE, dtype=np.uint32)
    for code in range(_TABLE):
        char = chr(code)
        if 0x3041 <= code <= 0x30FF or 0x3400 <= code <= 0x9FFF or 0xAC00 <= code <= 0xD7A3 or code >= 0x20000:
            kinds[code] = _CJK
        elif char.isalnum():
            kinds[code] = _WORD
            if char.isdecimal():
                signs[code] = 0x30
    signs[kinds == _NONE] = 0x20
    return kinds, signs


@functools.lru_cache(maxsize=4)
def _powers(size: int) -> tuple[U64, U64]:
    """p^i and p^(-i) for i < size, mod 2^64."""
    out = []
    for base in (_P, _P_INVERSE):
        row = np.full(size, base, np.uint64)
        row[0] = 1
        with np.errstate(over="ignore"):
            out.append(np.cumprod(row, dtype=np.uint64))
    return out[0], out[1]


def _mix(values: U64) -> U64:
    with np.errstate(over="ignore"):
        values = (values ^ (values >> np.uint64(33))) * _MIX
        return values ^ (values >> np.uint64(29))


def token(name: str) -> int:
    """The hash of a token given from outside."""
    return int.from_bytes(hashlib.blake2b(name.encode("utf-8", "replace"), digest_size=8).digest(), "little")


def grams(texts: Sequence[str]) -> Grams:
    """All features of a batch of folded texts, in order of kind, then of place."""
    if not texts:
        empty = np.zeros(0, np.int32)
        return Grams(np.zeros(0, np.uint64), empty, empty, empty, 0, 0)
    joined = "  " + "  ".join(texts) + "     "
    raw = np.frombuffer(joined.encode("utf-32-le", "surrogatepass"), np.uint32)
    kinds_of, signs_of = _classes()
    clipped = np.minimum(raw, _TABLE - 1)
    kinds, signs = kinds_of[clipped], signs_of[clipped]
    if int(raw.max()) >= _TABLE:
        kinds = np.where(raw < _TABLE, kinds, _NONE).astype(np.uint8)
        signs = np.where(raw < _TABLE, signs, np.uint32(0x20)).astype(np.uint32)
    size = len(raw)
    lengths = np.fromiter((len(text) + 2 for text in texts), np.int64, len(texts))
    begins = np.concatenate(([2], 2 + np.cumsum(lengths)[:-1])).astype(np.int64)
    document = np.zeros(size, np.int32)
    document[begins[1:] - 1] = 1
    document = np.cumsum(document, dtype=np.int32)

    power, inverse = _powers(1 << max(12, int(size).bit_length()))
    with np.errstate(over="ignore"):
        prefix = np.concatenate(
            (np.zeros(1, np.uint64), np.cumsum(signs.astype(np.uint64) * power[:size], dtype=np.uint64))
        )

        def substring(start: NDArray[np.int64], end: NDArray[np.int64]) -> U64:
            values: U64 = (prefix[end] - prefix[start]) * inverse[start]
            return values

        is_word = kinds == _WORD
        edge = np.flatnonzero(np.diff(np.concatenate(([False], is_word, [False])).astype(np.int8)))
        starts, ends = edge[0::2], edge[1::2]
        word_hash = substring(starts, ends)
        long = ends - starts > 1
        hashes = [_mix(word_hash[long] ^ _SALT_WORD)]
        places = [(starts[long], ends[long])]
        if len(starts) > 1:  # pairs of neighbours in one document
            together = document[starts[:-1]] == document[starts[1:]]
            pair = word_hash[:-1][together] * _PAIR_CODE + word_hash[1:][together]
            hashes.append(_mix(pair ^ _SALT_PAIR))
            places.append((starts[:-1][together], ends[1:][together]))
        is_cjk = kinds == _CJK
        if is_cjk.any():
            run = np.concatenate(([0], np.cumsum(is_cjk)))
            for n in CJK_GRAMS:
                at = np.flatnonzero(run[n:] - run[:-n] == n)
                hashes.append(_mix(substring(at, at + n) ^ _SALT_CJK))
                places.append((at, at + n))
        words = sum(map(len, hashes))
        inside = np.concatenate(([0], np.cumsum(is_word)))
        for n in LATIN_GRAMS:  # a blank may begin or end one, never lie inside
            at = np.flatnonzero(inside[n - 1 : size] - inside[1 : size - n + 2] == n - 2)
            at = at[at + n <= size]
            hashes.append(_mix(substring(at, at + n) ^ _SALT_CHAR))
            places.append((at, at + n))
    start = np.concatenate([place[0] for place in places])
    end = np.concatenate([place[1] for place in places])
    owner = document[np.minimum(start + 1, size - 1)]
    offset = begins[owner]
    return Grams(
        np.concatenate(hashes),
        owner,
        np.maximum(start - offset, 0).astype(np.int32),
        (end - offset).astype(np.int32),
        words,
        len(texts),
    )


class Vocabulary:
    """The hashes a model knows, each with a column. Look-up: one slot a hash in a table, with the hash's upper bits as check."""

    BITS = 20

    def __init__(self, hashes: U64) -> None:
        """`hashes`: in the order of columns. Raises ValueError where two share a slot (training keeps one of them)."""
        self.hashes = hashes
        slots = self.slots(hashes)
        if len(np.unique(slots)) != len(hashes):
            raise ValueError("two features in one slot")
        self._column = np.full(1 << self.BITS, -1, np.int32)
        self._column[slots] = np.arange(len(hashes), dtype=np.int32)
        self._check = np.zeros(1 << self.BITS, np.uint32)
        self._check[slots] = (hashes >> np.uint64(32)).astype(np.uint32)

    def __len__(self) -> int:
        return len(self.hashes)

    @classmethod
    def slots(cls, hashes: U64) -> NDArray[np.int64]:
        return (hashes & np.uint64((1 << cls.BITS) - 1)).astype(np.int64)

    def columns(self, hashes: U64) -> I32:
        """The column of each hash; -1 where it is not known."""
        slots = self.slots(hashes)
        found = self._column[slots]
        same = self._check[slots] == (hashes >> np.uint64(32)).astype(np.uint32)
        return np.where(same, found, -1).astype(np.int32)


#: What stands in the head of a notice (its title) counts once more, as features of its own.
_SALT_HEAD = np.uint64(0x9E3779B97F4A7C15)
#: Weight of the tokens beside the text, whose features have length 1 together.
TOKEN_WEIGHT = 0.6


@dataclass(frozen=True, slots=True)
class Rows:
    """A batch as two sparse matrices of the vocabulary's columns: its text, and the tokens given from outside."""

    text: sp.csr_matrix
    tokens: sp.csr_matrix
    grams: Grams
    columns: I32  # of each occurrence in `grams`; -1 unknown
    unknown: F32  # per document: the share of its words the vocabulary does not know


def rows(
    vocabulary: Vocabulary,
    idf: F32,
    texts: Sequence[str],
    heads: Sequence[int],
    tokens: Sequence[Sequence[tuple[int, float]]],
) -> Rows:
    """`heads`: how many code points of each text are its head; `tokens`: (hash, count) of each document."""
    found = grams(texts)
    columns = vocabulary.columns(found.hashes)
    head = np.asarray(heads, np.int32)
    in_head = found.end <= head[found.document]
    head_columns = vocabulary.columns(found.hashes[in_head] ^ _SALT_HEAD)
    width = len(vocabulary)
    text = weighted(
        np.concatenate((found.document, found.document[in_head])),
        np.concatenate((columns, head_columns)),
        None,
        idf,
        len(texts),
        width,
    )
    owner = np.repeat(np.arange(len(texts), dtype=np.int32), [len(row) for row in tokens])
    hashes = np.fromiter((h for row in tokens for h, _ in row), np.uint64, len(owner))
    counts = np.fromiter((c for row in tokens for _, c in row), np.float32, len(owner))
    token_matrix = weighted(owner, vocabulary.columns(hashes), counts, idf, len(texts), width)
    token_matrix.data *= TOKEN_WEIGHT
    words = found.document[: found.words]
    total = np.bincount(words, minlength=len(texts))
    missing = np.bincount(words[columns[: found.words] < 0], minlength=len(texts))
    unknown = np.where(total > 0, missing / np.maximum(total, 1), 1.0).astype(np.float32)
    return Rows(text, token_matrix, found, columns, unknown)


def occurrences(
    texts: Sequence[str], heads: Sequence[int], tokens: Sequence[Sequence[tuple[int, float]]]
) -> tuple[U64, I32, F32]:
    """(hash, document, count) of everything in a batch before any vocabulary: what training chooses from."""
    found = grams(texts)
    in_head = found.end <= np.asarray(heads, np.int32)[found.document]
    owner = np.repeat(np.arange(len(texts), dtype=np.int32), [len(row) for row in tokens])
    hashes = np.fromiter((h for row in tokens for h, _ in row), np.uint64, len(owner))
    counts = np.fromiter((c for row in tokens for _, c in row), np.float32, len(owner))
    every = np.concatenate((found.hashes, found.hashes[in_head] ^ _SALT_HEAD, hashes))
    document = np.concatenate((found.document, found.document[in_head], owner))
    ones = np.ones(len(found.hashes) + int(in_head.sum()), np.float32)
    return every, document, np.concatenate((ones, counts))


def weighted(document: I32, columns: I32, counts: F32 | None, idf: F32, size: int, width: int) -> sp.csr_matrix:
    """Rows of (1 + ln tf)·idf, each of length 1; unknown columns left out. Equal input gives equal bits."""
    known = columns >= 0
    key = document[known].astype(np.int64) * width + columns[known]
    if counts is None:
        key.sort()
        edge = np.flatnonzero(np.concatenate(([True], key[1:] != key[:-1]))) if len(key) else np.zeros(0, np.int64)
        tf = np.diff(np.concatenate((edge, [len(key)]))).astype(np.float32)
        unique = key[edge]
    else:
        unique, inverse = np.unique(key, return_inverse=True)
        tf = np.bincount(inverse, counts[known], minlength=len(unique)).astype(np.float32)
    row, column = (unique // width).astype(np.int32), (unique % width).astype(np.int32)
    values = (1 + np.log(np.maximum(tf, 1))).astype(np.float32) * idf[column]
    norm = np.sqrt(np.bincount(row, values.astype(np.float64) ** 2, minlength=size)).astype(np.float32)
    values /= np.maximum(norm[row], 1e-9)
    indptr = np.concatenate(([0], np.cumsum(np.bincount(row, minlength=size)))).astype(np.int32)
    return sp.csr_matrix((values, column, indptr), shape=(size, width))
