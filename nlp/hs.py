"""Customs codes of the Harmonized System 2022: which exist, what we call them, which industries they belong to.

Codes are facts of the WCO's nomenclature (97 chapters with 77 reserved, 1,229 headings, 5,613 subheadings); the short
names in Chinese and English are ours (`hs_names.tsv`), for titles and pages: not legal texts. National codes of 8-13
digits count by their first six (FIELD.md: 国外税号仅前6位可比).
"""

from __future__ import annotations

import csv
import functools
import re
from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import yaml

from nlp.text import fold

Lang = Literal["zh", "en"]
EDITION = "HS2022"
_HERE = Path(__file__).parent
_SIGNS = re.compile(r"[\s.\-]")


@dataclass(frozen=True, slots=True)
class _Table:
    names: dict[str, tuple[str, str]]  # chapter or heading → (zh, en)
    subheadings: frozenset[str]


@functools.cache
def _table() -> _Table:
    names: dict[str, tuple[str, str]] = {}
    codes: set[str] = set()
    with (_HERE / "hs_names.tsv").open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE):
            names[row["code"]] = (row["zh"], row["en"])
            codes.update(row["code"] + ending for ending in row["subheadings"].split())
    return _Table(names, frozenset(codes))


def digits(code: str) -> str:
    """The digits of a code as people write it (8507.60.00 90 → 8507600090); '' where it holds anything else."""
    bare = _SIGNS.sub("", code)
    return bare if bare.isascii() and bare.isdigit() else ""


@functools.lru_cache(maxsize=20_000)
def is_code(code: str) -> bool:
    """Whether HS 2022 has it: a chapter, heading or subheading; 7-13 digits count by the first six."""
    bare = digits(code)
    if len(bare) in (2, 4):
        return bare in _table().names
    return 6 <= len(bare) <= 13 and bare[:6] in _table().subheadings


@functools.cache
def codes(level: Literal[2, 4, 6]) -> tuple[str, ...]:
    """All codes of a level, sorted."""
    table = _table()
    return tuple(sorted(table.subheadings if level == 6 else (code for code in table.names if len(code) == level)))


def chapter_name(code: str, lang: Lang = "zh") -> str:
    """Our short name of the code's chapter; '' where there is no such chapter."""
    return _name(digits(code)[:2], lang)


def heading_name(code: str, lang: Lang = "zh") -> str:
    """Our short name of the code's heading; '' where there is no such heading, or the code is a chapter."""
    bare = digits(code)
    return _name(bare[:4], lang) if len(bare) >= 4 else ""


def name(code: str, lang: Lang = "zh") -> str:
    """The nearest name there is: the heading's, otherwise the chapter's, otherwise ''."""
    return heading_name(code, lang) or chapter_name(code, lang)


def _name(code: str, lang: Lang) -> str:
    pair = _table().names.get(code)
    return pair[0 if lang == "zh" else 1] if pair else ""


# --- older editions -----------------------------------------------------------------------------------------------

#: Codes that left the nomenclature → (last edition that had them, where their goods are in HS 2022). What regulators
#: still print most; a code may have gone to several. WCO correlation tables 2012→2017, 2017→2022.
_FORMER: dict[str, tuple[str, tuple[str, ...]]] = {
    "2848": ("HS2012", ("2853",)),
    "6908": ("HS2012", ("6907",)),
    "8469": ("HS2012", ("8472",)),
    "8803": ("HS2017", ("8807",)),
    "300210": ("HS2012", ("300212", "300213", "300214", "300215")),
    "300211": ("HS2017", ("382211",)),
    "300220": ("HS2017", ("300241",)),
    "300230": ("HS2017", ("300242",)),
    "382200": ("HS2017", ("382211", "382212", "382213", "382219", "382290")),
    "382471": ("HS2017", ("382711",)),
    "382473": ("HS2017", ("382712",)),
    "382474": ("HS2017", ("382731", "382732", "382739")),
    "382475": ("HS2017", ("382713",)),
    "382476": ("HS2017", ("382714",)),
    "382477": ("HS2017", ("382740",)),
    "382478": ("HS2017", ("382761", "382762", "382763", "382764", "382765", "382768", "382769")),
    "851712": ("HS2017", ("851713", "851714")),
    "851770": ("HS2017", ("851771", "851779")),
    "852580": ("HS2017", ("852581", "852582", "852583", "852589")),
    "853950": ("HS2017", ("853951", "853952")),
    "854140": ("HS2017", ("854141", "854142", "854143", "854149")),
    "854150": ("HS2017", ("854151", "854159")),
    "854810": ("HS2017", ("854911", "854912", "854913", "854914", "854919")),
    "854890": ("HS2017", ("854800",)),
    "870120": ("HS2017", ("870121", "870122", "870123", "870124", "870129")),
    "870190": ("HS2012", ("870191", "870192", "870193", "870194", "870195")),
    "940130": ("HS2017", ("940131", "940139")),
    "940140": ("HS2017", ("940141", "940149")),
    "940510": ("HS2017", ("940511", "940519")),
    "940520": ("HS2017", ("940521", "940529")),
    "940530": ("HS2017", ("940531", "940539")),
    "940540": ("HS2017", ("940541", "940542", "940549")),
    "940560": ("HS2017", ("940561", "940569")),
}


@dataclass(frozen=True, slots=True)
class Former:
    """A code of an older edition: the last edition that had it, and where its goods are now."""

    code: str
    edition: str
    now: tuple[str, ...]


def former(code: str) -> Former | None:
    """What became of a code that HS 2022 no longer has; None where it has it, or where we do not know it."""
    bare = digits(code)
    if is_code(bare):
        return None
    for prefix in (bare[:6], bare[:4]):
        if prefix in _FORMER:
            edition, now = _FORMER[prefix]
            return Former(prefix, edition, now)
    return None


# --- industries ---------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Conditional:
    industry: str
    codes: tuple[str, ...]
    anywhere: tuple[str, ...]  # Chinese and Japanese words
    whole: re.Pattern[str]  # words of scripts that have spaces


@functools.cache
def industry_table() -> dict[str, dict[str, Any]]:
    """`nlp/industries.yml` as it stands: industry → {hs, with_words, trade_names}."""
    table: dict[str, dict[str, Any]] = yaml.load(
        (_HERE / "industries.yml").read_text(encoding="utf-8"), Loader=yaml.CSafeLoader
    )
    return table


@functools.cache
def _by_prefix() -> dict[str, frozenset[str]]:
    found: dict[str, set[str]] = defaultdict(set)
    for industry, entry in industry_table().items():
        for code in entry["hs"]:
            found[code].add(industry)
    return {code: frozenset(industries) for code, industries in found.items()}


@functools.cache
def _conditional() -> tuple[_Conditional, ...]:
    rules = []
    for industry, entry in industry_table().items():
        if "with_words" in entry:
            words = [fold(str(word)).text for word in entry["with_words"]["words"]]
            spaced = [word for word in words if not re.search("[\u3041-\u30ff\u3400-\u9fff]", word)]
            pattern = re.compile(r"(?<!\w)(?:" + "|".join(map(re.escape, spaced)) + r")(?!\w)")
            anywhere = tuple(word for word in words if word not in spaced)
            rules.append(_Conditional(industry, tuple(entry["with_words"]["hs"]), anywhere, pattern))
    return tuple(rules)


@functools.lru_cache(maxsize=16)
def _has_words(industry: str, text: str) -> bool:
    """Whether the text has one of the words that widen codes to the industry; the codes of one notice ask again and again."""
    (rule,) = (rule for rule in _conditional() if rule.industry == industry)
    return any(word in text for word in rule.anywhere) or rule.whole.search(text) is not None


@functools.lru_cache(maxsize=20_000)
def _industries_of(code: str) -> frozenset[str]:
    bare = digits(code)[:6]
    lengths = range(len(bare), 1, -1)
    return next((found for length in lengths if (found := _by_prefix().get(bare[:length])) is not None), frozenset())


def industries_of(code: str, text: str = "") -> frozenset[str]:
    """The industries of a code (2-13 digits): the lists' longest prefix decides; no such chapter → the empty set.

    `text` (folded) widens it where a heading holds several trades: 8703 with "electric" is new-energy vehicles too.
    """
    base = _industries_of(code)
    if not text or not base:
        return base
    bare = digits(code)[:6]
    more = {rule.industry for rule in _conditional() if bare.startswith(rule.codes) and _has_words(rule.industry, text)}
    return base | more
