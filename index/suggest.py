"""Misspelt words: what the index holds that is spelt nearly the same. No dictionary: only words that find something."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import TYPE_CHECKING

from index.expression import All, Any, Node, Not, Words
from index.query import Query
from nlp.text import fold

if TYPE_CHECKING:
    from index.store import Store

_WORD = re.compile(r"[^\W\d_]{4,40}")
MAX_WORDS = 8  # of one query that are looked up


def distance(a: str, b: str, limit: int) -> int:
    """Letters to insert, delete, change, or swap with their neighbour (optimal string alignment); limit + 1: more than that."""
    if abs(len(a) - len(b)) > limit:
        return limit + 1
    before: list[int] = []
    row = list(range(len(b) + 1))
    for i, x in enumerate(a, 1):
        older, before = before, row
        row = [i]
        for j, y in enumerate(b, 1):
            cost = min(before[j] + 1, row[j - 1] + 1, before[j - 1] + (x != y))
            if i > 1 and j > 1 and x == b[j - 2] and a[i - 2] == y:
                cost = min(cost, older[j - 2] + 1)
            row.append(cost)
        if min(row) > limit:
            return limit + 1
    return row[-1]


def nearest(word: str, vocabulary: Iterable[tuple[str, int]], limit: int) -> list[tuple[str, int]]:
    """The words of (word, alerts) at most two letters away (one for five letters or fewer), nearest and commonest first."""
    most = 1 if len(word) <= 5 else 2
    scored = ((distance(word, other, most), -n, other) for other, n in vocabulary)
    return [(other, -n) for d, n, other in sorted(item for item in scored if item[0] <= most)[:limit]]


def suggest(query: Query, store: Store) -> str | None:
    """The query with each word that the index does not hold replaced by the nearest it holds; None: nothing to suggest."""
    text, changed = query.text, False
    for word in list(dict.fromkeys(_words(query.tree)))[:MAX_WORDS]:
        folded = fold(word).text
        near = store.words_like(folded, 2)
        if near and near[0][0] != folded:
            text = re.sub(rf"(?<!\w){re.escape(word)}(?!\w)", near[0][0], text)
            changed = True
    return text if changed else None


def _words(node: Node | None) -> Iterable[str]:
    if isinstance(node, Words):
        yield from (match[0] for match in _WORD.finditer(node.text) if match[0].isascii() or match[0][0] < "\u0590")
    elif isinstance(node, Not):
        yield from _words(node.item)
    elif isinstance(node, All | Any):
        for item in node.items:
            yield from _words(item)
