"""One analysis for both engines: text → terms that each engine's own tokenizer keeps whole (DESIGN.md, "Search").

A term holds only letters, digits and `_`, so FTS5's `ascii` tokenizer (with `_` as a letter) and Elasticsearch's `whitespace`
tokenizer both give it back unchanged. Text is folded first (`nlp.text.fold`: NFKC, case, Traditional → Simplified, kana, Arabic
letters, diacritics). Then:

* Chinese, Japanese, Korean, Thai: overlapping pairs of characters, and the last character of a run alone, so that each place of
  a run begins a term: one character is searched as a prefix, more as a phrase of pairs;
* Latin: stems of the document's language (English, French, Spanish; others as English); a query asks for all three;
* Arabic: stems; everything else: the word itself.

`_` alone stands between two fields, so no phrase reaches across. Terms with `_` inside are concepts of the gazetteer.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Protocol

import Stemmer

VERSION = "1"

GAP = "_"
LITERAL = "="  # before a word as it stands, in the embedded index; Elasticsearch has a field for these
MAX_TERM = 64  # characters; a longer run of letters (base64, OCR) is cut on both sides of the search
_CACHE = 400_000

_PAIRED = (
    "\u3005-\u3007\u3041-\u3096\u309d-\u309f\u30a1-\u30fa\u30fc-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff"
    "\U00020000-\U0003ffff\u1100-\u11ff\uac00-\ud7a3\u0e01-\u0e4e\u0e80-\u0eff\u1780-\u17d3\u1000-\u109f"
)
#: Marks that belong to the letter before them, in the scripts whose marks folding leaves in place.
_MARKS = "\u0300-\u036f\u0591-\u05c7\u0610-\u061a\u064b-\u065f\u0670\u0900-\u0903\u093a-\u094f\u0955-\u0957\u0962\u0963"
_TOKEN = re.compile(
    rf"(?P<pairs>[{_PAIRED}]+)|(?P<word>(?:(?![{_PAIRED}])[^\W_])(?:(?![{_PAIRED}])[^\W_]|[{_MARKS}])*)"
)
_ASCII_TOKEN = re.compile(r"(?P<word>[a-z0-9]+)")
_POSSESSIVE = re.compile(r"'s(?![^\W_])")
_ARABIC = re.compile("[\u0620-\u064a]+")
_LETTERS = re.compile("[a-z]+")

STEMMED = ("en", "fr", "es")
_ALGORITHMS = {"en": "english", "fr": "french", "es": "spanish", "ar": "arabic"}


@dataclass(frozen=True, slots=True)
class Token:
    """A surface term and where it stands in the folded text."""

    text: str
    start: int
    end: int


class Found(Protocol):
    """A span of folded text and the concept it names (`nlp.gazetteer.Match`)."""

    @property
    def concept(self) -> str: ...
    @property
    def start(self) -> int: ...
    @property
    def end(self) -> int: ...


class Gazetteer(Protocol):
    """What the analysis needs of `nlp.gazetteer.Gazetteer`."""

    def find(self, folded: str) -> Sequence[Found]: ...
    def query_word(self, folded: str) -> str: ...
    def everyday(self, folded: str) -> str: ...
    def broader(self, concept: str) -> Sequence[str]: ...


def tokens(folded: str) -> list[Token]:
    """The surface terms of folded text, in order; one a position."""
    if "'s" in folded:
        folded = _POSSESSIVE.sub("  ", folded)  # same length: places stay true
    found: list[Token] = []
    for match in (_ASCII_TOKEN if folded.isascii() else _TOKEN).finditer(folded):
        start, end = match.span()
        if match.lastgroup == "word":
            found.append(Token(match[0][:MAX_TERM], start, end))
            continue
        for at in range(start, end):
            stop = min(at + 2, end)
            found.append(Token(folded[at:stop], at, stop))
    return found


def surface(folded: str) -> list[str]:
    """The texts of `tokens(folded)`, without the objects: this runs over every document."""
    if "'s" in folded:
        folded = _POSSESSIVE.sub("  ", folded)
    if folded.isascii():
        return [word[:MAX_TERM] for word in _ASCII_TOKEN.findall(folded)]
    found: list[str] = []
    for match in _TOKEN.finditer(folded):
        text = match[0]
        if match.lastgroup == "word":
            found.append(text[:MAX_TERM])
        else:
            found += [text[at : at + 2] for at in range(len(text))]
    return found


class _Stems(dict[str, str]):
    """word → stem, filled as words are met, bounded; letters only: codes and numbers stay as they are."""

    def __init__(self, algorithm: str, letters: re.Pattern[str]) -> None:
        super().__init__()
        self._stemmer = Stemmer.Stemmer(algorithm, 0)
        self._letters = letters

    def __missing__(self, word: str) -> str:
        if len(self) > _CACHE:
            self.clear()
        if self._letters.fullmatch(word):
            # Snowball gives the same stem for the same word; an empty stem (a word that is all suffix) stays a word.
            stem = str(self._stemmer.stemWord(word)) or word
        elif self._letters is _LETTERS and not word.isascii() and _ARABIC.fullmatch(word):
            stem = _arabic()[word]
        else:
            stem = word
        self[word] = stem
        return stem


@lru_cache(maxsize=1)
def _arabic() -> _Stems:
    return _Stems("arabic", _ARABIC)


@lru_cache(maxsize=8)
def _stems(language: str) -> _Stems:
    return _Stems(_ALGORITHMS[language], _LETTERS)


def stemming(language: str) -> str:
    """The stemmer a document of this language tag is read with."""
    primary = language.partition("-")[0].lower()
    return primary if primary in STEMMED else "en"


def stems(words: Iterable[str], language: str) -> list[str]:
    """The term of each word as a document in `language` holds it."""
    table = _stems(stemming(language))
    return [table[word] for word in words]


def alternatives(words: Sequence[str]) -> tuple[tuple[str, ...], ...]:
    """The sequences of terms a query must ask for, since it does not know the document's language; each once."""
    return tuple(dict.fromkeys(tuple(stems(words, language)) for language in STEMMED))


class _Literals(dict[str, str]):
    """word → the term that holds it as it stands, filled as words are met, bounded; "" where its stem is always the word itself."""

    def __missing__(self, word: str) -> str:
        if len(self) > _CACHE:
            self.clear()
        stemmed = _LETTERS.fullmatch(word) or _ARABIC.fullmatch(word)
        self[word] = found = LITERAL + word if stemmed else ""
        return found


_literals = _Literals()


def literals(words: Iterable[str]) -> list[str]:
    """The term of each word as it stands; "" for a word that no language stems, and that is therefore its own term."""
    return [_literals[word] for word in words]


_UNSAFE = re.compile(r"[^0-9a-z]")


def concept_term(concept: str) -> str:
    """The term of a concept: `c_` and its id; signs other than a-z, 0-9 as `_` and their code. Reversible, no word has `_`."""
    return "c_" + _UNSAFE.sub(lambda sign: "_" if sign[0] == "_" else f"_{ord(sign[0]):x}_", concept.lower())


class Concepts:
    """Finds the concepts a text names, also those inside a longer one and the broader ones: a "battery charger" is also about a
    "battery", and electrical equipment.

    The gazetteer gives the longest match; a reader who types the shorter word expects the longer one found, as with words. And
    who types the broader word (toys, antibiotics) expects the narrower found (dolls, chloramphenicol), which no text says.
    """

    def __init__(self, gazetteer: Gazetteer) -> None:
        self._gazetteer = gazetteer
        self._inside: dict[tuple[str, str], tuple[str, ...]] = {}

    def spans(self, folded: str) -> Sequence[Found]:
        """Longest matches, in order."""
        return self._gazetteer.find(folded)

    def query_word(self, folded: str) -> str:
        """The concept that a word means which stands alone in a query and would be too short for prose; empty: none."""
        return self._gazetteer.query_word(folded)

    def everyday(self, folded: str) -> str:
        """The concept that a name in a query is a kind of, or another name for; empty: none."""
        return self._gazetteer.everyday(folded)

    def all(self, folded: str) -> list[str]:
        """Ids of the concepts named in the text, once for each time."""
        found: list[str] = []
        for match in self._gazetteer.find(folded):
            found.append(match.concept)
            words = folded[match.start : match.end]
            key = words, match.concept
            inside = self._inside.get(key)
            if inside is None:
                if len(self._inside) > _CACHE:
                    self._inside.clear()
                inside = self._inside[key] = self._nested(words, match.concept)
            found += inside
        return found

    def broader(self, named: Iterable[str]) -> list[str]:
        """Ids of what is broader than one of the `named`, each once, without these."""
        known = frozenset(named)
        wider = (concept for name in known for concept in self._gazetteer.broader(name))
        return sorted({concept for concept in wider if concept not in known})

    def places(self, folded: str, wanted: frozenset[str]) -> list[tuple[int, int]]:
        """The spans that name one of the `wanted` concepts, or hold a word that does."""
        self.all(folded)
        return [
            (match.start, match.end)
            for match in self._gazetteer.find(folded)
            if match.concept in wanted
            or wanted.intersection(self._inside.get((folded[match.start : match.end], match.concept), ()))
            or wanted.intersection(self._gazetteer.broader(match.concept))
        ]

    def _nested(self, words: str, whole: str) -> tuple[str, ...]:
        """Concepts of the parts of `words`, each once, without `whole`; parts begin and end where terms do."""
        places = tokens(words)
        found: dict[str, None] = {}
        for first, start in enumerate(places):
            for last in range(len(places) - 1, first - 1, -1):
                if first == 0 and last == len(places) - 1:
                    continue
                part = words[start.start : places[last].end]
                for match in self._gazetteer.find(part):
                    if match.start == 0 and match.end == len(part) and match.concept != whole:
                        found[match.concept] = None
        return tuple(found)
