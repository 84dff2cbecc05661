"""The watch-list: named measures that a city's exporters follow, each a dossier that its notices join.

`watchlist.yml` is ours, one dossier an entry. A notice joins by, in this order of strength:
* `numbers`: of the act or one it replaced or supplements, in any usual writing (`nlp.citations`) - in the text, as the
  notice's own symbol or parent, or among the acts the register says it amends - in any market: a member state's decree
  that quotes (EU) 2023/1542 and an amendment that names nothing else both belong to it;
* `titles`: the official or usual name, in a market of the dossier (a Turkish rule may quote RoHS without being part of
  it); a title in capitals is found in capitals only ("REACH", not "out of reach");
* `concepts`: ids of the gazetteer (`eu_battery_regulation`), in a market of the dossier.
A dossier of the EU is also one of its member states, one of the GCC also one of the states of its standardization body.
"""

from __future__ import annotations

import functools
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import yaml

from crawlers import places
from nlp import assessment, citations
from nlp.document import BREAK, Document
from nlp.gazetteer import Concept, Gazetteer, GazetteerError
from nlp.text import fold

Ground = Literal["number", "title", "concept"]
_FILE = Path(__file__).with_name("watchlist.yml")
_KEYS = frozenset(
    ["zh", "name", "en", "markets", "numbers", "titles", "concepts", "industries", "hs", "url", "checked", "note"]
)
#: Labels under which registers give the acts a notice is about, as numbers.
_STATED = ("base", "cfr_references")
_WITHIN: dict[str, frozenset[str]] = {
    "EU": places.EU_MEMBERS | {"EU"},
    "GCC": places.GSO_STATES | {"GCC"},
}


@dataclass(frozen=True, slots=True)
class Dossier:
    """One named measure. `checked` says where its numbers were checked, or that they were not."""

    id: str
    nickname_zh: str
    official_name: str
    markets: tuple[str, ...]
    numbers: tuple[str, ...]
    titles: tuple[str, ...]
    concepts: tuple[str, ...]
    industries: tuple[str, ...]
    hs: tuple[str, ...]
    url: str
    checked: str
    english_name: str = ""  # where the official name is in another script

    @property
    def name_en(self) -> str:
        """What a reader of English is shown: the official name, or its usual English form."""
        return self.english_name or self.official_name

    def concerns(self, market: str) -> bool:
        """Whether a title found in a notice of `market` names this measure."""
        return any(market in _WITHIN.get(one, (one,)) for one in self.markets)


@dataclass(frozen=True, slots=True)
class Joined:
    """Why a notice joins a dossier: the kind of ground and the (folded) words, or the concept, that gave it."""

    dossier: str
    ground: Ground
    words: str


class WatchlistError(ValueError):
    """An entry of `watchlist.yml` that cannot be used; says which, and what is wrong."""


class Watchlist:
    """Dossiers, and what finds them in a notice. Immutable; share one (`Watchlist.load()`)."""

    def __init__(self, dossiers: Iterable[Dossier]) -> None:
        """Raises WatchlistError where two dossiers claim one number or title."""
        self.dossiers = {dossier.id: dossier for dossier in dossiers}
        self._number: dict[str, str] = {}
        self._concept: dict[str, list[str]] = {}
        entries = []
        for dossier in self.dossiers.values():
            plain = []
            for number in dossier.numbers:
                keys = citations.keys_of(number, dossier.markets[0])
                for key in keys:
                    if self._number.setdefault(key, dossier.id) != dossier.id:
                        raise WatchlistError(f"{dossier.id}: {number} is a number of {self._number[key]} too")
                if not keys:
                    plain.append(number)
            if plain:
                entries.append(Concept(f"number:{dossier.id}", "scheme", {"en": tuple(plain)}))
            if dossier.titles:
                entries.append(Concept(f"title:{dossier.id}", "scheme", {"en": dossier.titles}))
            for concept in dossier.concepts:
                self._concept.setdefault(concept, []).append(dossier.id)
        try:
            self._finder = Gazetteer(entries) if entries else None
        except GazetteerError as error:
            raise WatchlistError(str(error)) from error
        self._capitals = {
            fold(title).text for dossier in self.dossiers.values() for title in dossier.titles if _is_acronym(title)
        }

    @staticmethod
    @functools.cache
    def load() -> Watchlist:
        """The watch-list of `watchlist.yml`. Raises WatchlistError."""
        return Watchlist(read(_FILE))

    def match(self, document: Document, concepts: Iterable[str]) -> tuple[Joined, ...]:
        """The dossiers a notice joins, each once with its strongest ground, in the watch-list's order."""
        text = document.text
        given = [
            value for value in (document.notice.symbol, document.notice.parent_symbol, *_stated(document)) if value
        ]
        if given:
            text = BREAK.join([text, *(fold(value).text for value in dict.fromkeys(given))])
        numbers, titles = self._by_number(document, text), self._by_words(document, text)
        joined: dict[str, Joined] = {}
        for found in (*numbers, *sorted(titles, key=_strength), *self._by_concept(document, concepts)):
            joined.setdefault(found.dossier, found)
        return tuple(joined[name] for name in self.dossiers if name in joined) if joined else ()

    def _by_number(self, document: Document, text: str) -> Iterator[Joined]:
        for one in citations.find(text, document.notice.market):
            name = self._number.get(one.key)
            if name is not None:
                yield Joined(name, "number", text[one.start : one.end])

    def _by_words(self, document: Document, text: str) -> Iterator[Joined]:
        """Titles, and marks with a number that no law has (`BD-142004-01`); one walk over the text for both."""
        for match in self._finder.find(text) if self._finder else ():
            words = text[match.start : match.end]
            ground, _, name = match.concept.partition(":")
            if ground == "number":
                yield Joined(name, "number", words)
            elif match.end <= len(document.text) and self.dossiers[name].concerns(document.notice.market):
                acronym = words in self._capitals and not document.evidence(match.start, match.end).text.isupper()
                if not acronym:
                    yield Joined(name, "title", words)

    def _by_concept(self, document: Document, concepts: Iterable[str]) -> Iterator[Joined]:
        for concept in concepts:
            for name in self._concept.get(concept, ()):
                if self.dossiers[name].concerns(document.notice.market):
                    yield Joined(name, "concept", concept)


def by_id() -> dict[str, Dossier]:
    """All dossiers, in the file's order. Raises WatchlistError."""
    return Watchlist.load().dossiers


def all_dossiers() -> tuple[Dossier, ...]:
    """All dossiers, in the file's order."""
    return tuple(by_id().values())


def match(document: Document, concepts: Iterable[str]) -> tuple[Joined, ...]:
    """The dossiers a notice joins, each once with its strongest ground, in the watch-list's order."""
    return Watchlist.load().match(document, concepts)


def read(path: Path) -> list[Dossier]:
    """The dossiers of a file. Raises WatchlistError for an entry that cannot be used."""
    raw: dict[str, dict[str, Any]] = yaml.safe_load(path.read_text(encoding="utf-8"))
    return [_dossier(name, entry) for name, entry in raw.items()]


def _dossier(name: str, entry: dict[str, Any]) -> Dossier:
    def many(key: str) -> tuple[str, ...]:
        return tuple(str(value) for value in entry.get(key, ()))

    unknown = set(entry) - _KEYS
    if unknown:
        raise WatchlistError(f"{name}: no such key: {', '.join(sorted(unknown))}")
    for key in ("zh", "name", "markets", "url", "checked"):
        if not entry.get(key):
            raise WatchlistError(f"{name}: needs {key}")
    if not (entry.get("numbers") or entry.get("titles") or entry.get("concepts")):
        raise WatchlistError(f"{name}: nothing could join it: needs numbers, titles or concepts")
    wrong = [value for value in many("industries") if value not in assessment.INDUSTRIES]
    wrong += [value for value in many("concepts") if value not in Gazetteer.load()]
    wrong += [value for value in many("markets") if value not in places.table()]
    if wrong:
        raise WatchlistError(f"{name}: unknown: {', '.join(wrong)}")
    loose = [number for number in many("numbers") if _is_loose(number, many("markets")[0])]
    if loose:
        raise WatchlistError(f"{name}: would match too much: {', '.join(loose)}")
    return Dossier(
        name, entry["zh"], entry["name"], many("markets"), many("numbers"), many("titles"), many("concepts"),
        many("industries"), many("hs"), entry["url"], entry["checked"], entry.get("en", ""),
    )  # fmt: skip


def _is_loose(number: str, market: str) -> bool:
    """A number that is no act's, and no mark with letters and three digits either ("10/2011", "GSO 9", "2030")."""
    if citations.keys_of(number, market):
        return False
    return sum(c.isdigit() for c in number) < 3 or not any(c.isalpha() for c in number)


def _strength(found: Joined) -> int:
    return ("number", "title", "concept").index(found.ground)


def _is_acronym(title: str) -> bool:
    """Capitals, as a word of its own: "REACH", "K-REACH", "SABER"."""
    return title.isascii() and title.isupper() and " " not in title


def _stated(document: Document) -> Iterator[str]:
    for label in _STATED:
        value = document.notice.stated.get(label, ())
        yield from (value,) if isinstance(value, str) else value
