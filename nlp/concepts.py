"""What the gazetteer finds, as tokens for the models: the same in every language, whoever wrote the notice."""

from __future__ import annotations

import functools
from collections.abc import Iterable, Sequence

from nlp import features, spelling
from nlp.gazetteer import Gazetteer, Match

#: How much more a concept of the title counts.
HEAD = 2.0
_INDUSTRIES_OF = frozenset({"product", "scheme"})


@functools.cache
def _tokens(concept: str) -> tuple[tuple[int, float], ...]:
    """A concept's tokens: itself; for products also its industries and HS chapters, each with its share."""
    entry = Gazetteer.load().concept(concept)
    tokens = [(features.token(f"c:{concept}"), 1.0)]
    if entry.kind in _INDUSTRIES_OF:
        tokens.extend((features.token(f"i:{industry}"), 1.0) for industry in entry.industries)
        tokens.extend((features.token(f"h:{chapter}"), 1.0) for chapter in sorted({code[:2] for code in entry.hs}))
    return tuple(tokens)


def tokens(matches: Iterable[Match], head: int) -> list[tuple[int, float]]:
    """(hash, count) of the concepts of one text; those within its first `head` characters count twice."""
    counts: dict[int, float] = {}
    for match in matches:
        weight = HEAD if match.end <= head else 1.0
        for name, share in _tokens(match.concept):
            counts[name] = counts.get(name, 0.0) + weight * share
    return list(counts.items())


def of_texts(texts: Sequence[str], heads: Sequence[int]) -> list[list[tuple[int, float]]]:
    """The tokens of folded texts."""
    gazetteer = Gazetteer.load()
    return [tokens(spelling.certain(text, gazetteer.find(text)), head) for text, head in zip(texts, heads, strict=True)]
