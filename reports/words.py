"""Words a reader sees, always in both languages: names of our values, dates, and the fixed phrases of the bulletin.

Values (industries, kinds, measures, hazards…) are named by `nlp.words`, places only by `crawlers.places`;
`phrases.yml` holds the fixed phrases, with `{name}` where a value goes.
"""

from __future__ import annotations

import datetime as dt
from functools import lru_cache
from pathlib import Path
from typing import Literal, NamedTuple

import yaml

from crawlers import places
from nlp import words as field

Language = Literal["zh", "en"]
LANGUAGES: tuple[Language, ...] = ("zh", "en")
HERE = Path(__file__).parent

_MONTHS = (
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
)


class Words(NamedTuple):
    """One thing said in Chinese and in English."""

    zh: str
    en: str

    def of(self, lang: Language) -> str:
        return self.zh if lang == "zh" else self.en

    def __bool__(self) -> bool:
        return bool(self.zh or self.en)


NOTHING = Words("", "")


class UnknownPhrase(KeyError):
    """A phrase that `phrases.yml` does not hold: a template went ahead of it."""


def same(text: str) -> Words:
    """A text that is not ours to translate (a symbol, a name, an authority's own words)."""
    return Words(text, text)


def joined(parts: list[Words] | tuple[Words, ...], zh: str = "、", en: str = ", ") -> Words:
    return Words(zh.join(part.zh for part in parts), en.join(part.en for part in parts))


@lru_cache(maxsize=1)
def _phrases() -> dict[str, Words]:
    body = yaml.safe_load((HERE / "phrases.yml").read_text(encoding="utf-8"))
    return {key: Words(pair["zh"], pair["en"]) for key, pair in body.items()}


def named(values: str, key: str) -> Words:
    """The name of `key` in the value set `values` (`industry`, `kind`, `measure`, `hazard`, …).

    A value this version does not know stands as it is.
    """
    return Words(field.word(values, key, "zh"), field.word(values, key, "en"))


def say(key: str, **values: object) -> Words:
    """The phrase `key` with its values; a value may itself be `Words`. Raises UnknownPhrase, and KeyError for a missing value."""
    try:
        phrase = _phrases()[key]
    except KeyError:
        raise UnknownPhrase(f"phrases.yml has no {key}") from None
    return Words(*(phrase.of(lang).format(**{n: _value(v, lang) for n, v in values.items()}) for lang in LANGUAGES))


class _Number(int):
    """A count that chooses its word: `{n} {n:member|members}`."""

    def __format__(self, spec: str) -> str:
        one, bar, many = spec.partition("|")
        return (one if self == 1 else many) if bar else super().__format__(spec)


def _value(value: object, lang: Language) -> object:
    if isinstance(value, int) and not isinstance(value, bool):
        return _Number(value)
    return value.of(lang) if isinstance(value, Words) else value


def place(code: str, column: places.Column = "origin") -> Words:
    """The approved name of a place. Raises places.UnknownPlace."""
    return Words(*(places.name(code, lang, column) for lang in LANGUAGES))


def group(key: places.Group) -> Words:
    names = places.GROUP_NAMES[key]
    return Words(names["zh"], names["en"])


def long_date(day: dt.date) -> Words:
    """2025年6月4日 / 4 June 2025."""
    return Words(f"{day.year}年{day.month}月{day.day}日", f"{day.day} {_MONTHS[day.month - 1]} {day.year}")


def moment(at: dt.datetime) -> Words:
    """A point in time, as UTC: the data come from many time zones."""
    utc = at.astimezone(dt.UTC)
    return same(utc.strftime("%Y-%m-%d %H:%M UTC"))
