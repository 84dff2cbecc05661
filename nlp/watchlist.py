"""The watch-list: named measures that a city's exporters follow, each a dossier that its notices join.

`watchlist.yml` is ours, one dossier an entry. A notice joins by, in this order of strength:
* `numbers`: CELEX, CFR, law or docket numbers in any usual writing ("32023R1542", "(EU) 2023/1542"), in any market;
* `titles`: the official or usual name, in a market of the dossier (a Turkish rule may quote RoHS without being part of it);
* `concepts`: ids of the gazetteer (`eu_battery_regulation`), in a market of the dossier.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import yaml

from nlp import assessment
from nlp.document import Document
from nlp.gazetteer import Concept, Gazetteer

Ground = Literal["number", "title", "concept"]
_FILE = Path(__file__).with_name("watchlist.yml")
_CELEX = re.compile(r"3(\d{4})([RLD])(\d{4})")


@dataclass(frozen=True, slots=True)
class Dossier:
    """One named measure. `checked` says where its number was checked, or that it was not."""

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


@dataclass(frozen=True, slots=True)
class Joined:
    """Why a notice joins a dossier: the kind of ground and the words (or concept) that gave it."""

    dossier: str
    ground: Ground
    words: str


class WatchlistError(ValueError):
    """An entry of `watchlist.yml` that cannot be used; says which, and what is wrong."""


@functools.cache
def by_id() -> dict[str, Dossier]:
    """All dossiers, in the file's order. Raises WatchlistError."""
    raw: dict[str, dict[str, Any]] = yaml.safe_load(_FILE.read_text(encoding="utf-8"))
    return {name: _dossier(name, entry) for name, entry in raw.items()}


def all_dossiers() -> tuple[Dossier, ...]:
    """All dossiers, in the file's order."""
    return tuple(by_id().values())


def _dossier(name: str, entry: dict[str, Any]) -> Dossier:
    def many(key: str) -> tuple[str, ...]:
        return tuple(str(value) for value in entry.get(key, ()))

    unknown = set(entry) - {*Dossier.__slots__, "zh", "name", "note"}
    if unknown:
        raise WatchlistError(f"{name}: no such key: {', '.join(sorted(unknown))}")
    for key in ("zh", "name", "markets", "url", "checked"):
        if not entry.get(key):
            raise WatchlistError(f"{name}: needs {key}")
    wrong = [value for value in many("industries") if value not in assessment.INDUSTRIES]
    wrong += [value for value in many("concepts") if value not in Gazetteer.load()]
    if wrong:
        raise WatchlistError(f"{name}: unknown: {', '.join(wrong)}")
    return Dossier(
        name, entry["zh"], entry["name"], many("markets"), many("numbers"), many("titles"), many("concepts"),
        many("industries"), many("hs"), entry["url"], entry["checked"],
    )  # fmt: skip


def match(document: Document, concepts: Iterable[str]) -> tuple[Joined, ...]:
    """The dossiers a notice joins, each once with its strongest ground, in the watch-list's order."""
    market = document.notice.market
    joined: dict[str, Joined] = {}
    finder = _finder()
    for found in finder.find(document.text):
        ground, _, name = found.concept.partition(":")
        if ground == "number" or market in by_id()[name].markets:
            words = document.text[found.start : found.end]
            candidate = Joined(name, "number" if ground == "number" else "title", words)
            if name not in joined or joined[name].ground == "title":
                joined[name] = candidate
    for concept in concepts:
        for dossier in _of_concept().get(concept, ()):
            if dossier.id not in joined and market in dossier.markets:
                joined[dossier.id] = Joined(dossier.id, "concept", concept)
    return tuple(joined[name] for name in by_id() if name in joined)


@functools.cache
def _of_concept() -> dict[str, tuple[Dossier, ...]]:
    found: dict[str, tuple[Dossier, ...]] = {}
    for dossier in all_dossiers():
        for concept in dossier.concepts:
            found[concept] = (*found.get(concept, ()), dossier)
    return found


@functools.cache
def _finder() -> Gazetteer:
    entries = []
    for dossier in all_dossiers():
        numbers = tuple(way for number in dossier.numbers for way in writings(number))
        for ground, terms in (("number", numbers), ("title", dossier.titles)):
            if terms:
                entries.append(Concept(f"{ground}:{dossier.id}", "scheme", {"en": terms}))
    return Gazetteer(entries)


def writings(number: str) -> tuple[str, ...]:
    """The usual writings of a number: CELEX ones also as "2023/1542" ("No 396/2005" before 2015), others as they stand."""
    celex = _CELEX.fullmatch(number)
    if celex is None:
        return (number,)
    year, _, serial = celex[1], celex[2], str(int(celex[3]))
    return (number, f"{year}/{serial}") if int(year) >= 2015 or celex[2] != "R" else (number, f"{serial}/{year}")
