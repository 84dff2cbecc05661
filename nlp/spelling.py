"""Terms that mean what the gazetteer says only where they are written as it writes them.

Folding makes one form of many spellings, and some of these are other words: REACH is a regulation and `reach` a verb;
カツオ is a fish, and the same sounds in hiragana stand in any sentence (安価かつおいしい). Matches are of the folded text,
so this is where the authority's own letters are looked at.
"""

from __future__ import annotations

import functools
from collections.abc import Sequence

from nlp.document import Document
from nlp.gazetteer import Gazetteer, Match, folded_terms

#: Abbreviations that are words of a language: folded form → whose word. Longer terms ("reach regulation") need no capitals.
CAPITALS = {
    "reach": "English: to arrive at; what an arm can touch",
    "saber": "English and Spanish: a sword; to know",
    "saleem": "a man's name",
    "ont": "French: have",
}
#: A kana word longer than this is hardly met by chance where words are not set apart.
SHORT = 4


def kept(document: Document, matches: Sequence[Match]) -> list[Match]:
    """The matches without those whose own letters are another word's."""
    text, katakana = document.text, _katakana()
    found = []
    for match in matches:
        form = text[match.start : match.end]
        if form in CAPITALS:
            if not _written(document, match).isupper():
                continue
        elif form in katakana and any("\u3041" <= sign <= "\u3096" for sign in _written(document, match)):
            continue
        found.append(match)
    return found


def certain(folded: str, matches: Sequence[Match]) -> list[Match]:
    """Of a text whose spelling is lost (a row of a table, folded): the matches that need no capitals."""
    return [match for match in matches if folded[match.start : match.end] not in CAPITALS]


def _written(document: Document, match: Match) -> str:
    """What the authority wrote where the match is."""
    _, offset, folded = next(part for part in reversed(document.parts) if part[1] <= match.start)
    start, end = folded.origin(match.start - offset, match.end - offset)
    return folded.source[start:end]


@functools.cache
def _katakana() -> frozenset[str]:
    """Folded forms of the short Japanese terms that are never written in hiragana."""
    forms: dict[str, bool] = {}
    for _, lang, term, folded in folded_terms(Gazetteer.load()):
        if lang == "ja" and len(folded) <= SHORT and term:
            forms[folded] = forms.get(folded, True) and all("\u30a1" <= sign <= "\u30fc" for sign in term)
    return frozenset(form for form, only in forms.items() if only)
