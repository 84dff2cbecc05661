"""Countries and regions: one approved table of names, every spelling regulators print, and the market groups.

The table is `places.csv`: all of ISO 3166-1, and the two groupings the project uses as a market (`EU`, `GCC`). Names for
readers come from here and from nowhere else (`docs/data-model.md` says which column uses which form):

* `origin` - where goods come from: 中国台湾, 中国香港, 中国澳门 ("Taiwan, China" …);
* `member` - who notified to the WTO: 台湾、澎湖、金门、马祖单独关税区(中国台北) ("… (Chinese Taipei)").

Regulators' own spellings are only ever read, never shown as ours.
"""

from __future__ import annotations

import csv
import re
import unicodedata
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Literal

Group = Literal["us", "europe", "japan", "middle_east", "other"]
Language = Literal["zh", "en"]
Column = Literal["origin", "member"]

TABLE = Path(__file__).parent / "places.csv"

EU_MEMBERS: frozenset[str] = frozenset(
    [
        "AT",
        "BE",
        "BG",
        "CY",
        "CZ",
        "DE",
        "DK",
        "EE",
        "ES",
        "FI",
        "FR",
        "GR",
        "HR",
        "HU",
        "IE",
        "IT",
        "LT",
        "LU",
        "LV",
        "MT",
        "NL",
        "PL",
        "PT",
        "RO",
        "SE",
        "SI",
        "SK",
    ]
)
EFTA: frozenset[str] = frozenset(["CH", "IS", "LI", "NO"])
GCC_STATES: frozenset[str] = frozenset(["AE", "BH", "KW", "OM", "QA", "SA"])
#: A Gulf technical regulation is notified by the six and Yemen, a member of the Gulf standardization body (GSO).
GSO_STATES: frozenset[str] = GCC_STATES | {"YE"}
#: The Middle East of this project: SOURCES.md's WTO members, and the neighbours that are not members of the WTO.
MIDDLE_EAST: frozenset[str] = GSO_STATES | frozenset(["GCC", "IL", "EG", "TR", "JO", "IR", "IQ", "LB", "SY", "PS"])

GROUP_NAMES: dict[Group, dict[Language, str]] = {
    "us": {"zh": "美国", "en": "United States"},
    "europe": {"zh": "欧洲", "en": "Europe"},
    "japan": {"zh": "日本", "en": "Japan"},
    "middle_east": {"zh": "中东", "en": "Middle East"},
    "other": {"zh": "其他", "en": "Other"},
}
#: Written beside a market whose government does not notify to the WTO and has no source here.
NOT_COVERED: dict[Language, str] = {"zh": "未覆盖", "en": "not covered"}


class UnknownPlace(KeyError):
    """A code that is not in the table."""


@dataclass(frozen=True)
class Place:
    """One row of the table. `wto`: a member of the WTO (166 of them, as of 2024-08-30)."""

    code: str
    alpha3: str
    m49: str
    wto: bool
    zh: str
    en: str
    member_zh: str
    member_en: str
    spellings: tuple[str, ...]


@lru_cache(maxsize=1)
def table() -> dict[str, Place]:
    """code → place, in the order of codes (`EU` and `GCC` last)."""
    places = {}
    with TABLE.open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            names = [row["zh"], row["en"], row["member_zh"], row["member_en"], row["ja"], row["tr"], row["ar"]]
            places[row["code"]] = Place(
                code=row["code"],
                alpha3=row["alpha3"],
                m49=row["m49"],
                wto=row["wto"] == "yes",
                zh=row["zh"],
                en=row["en"],
                member_zh=row["member_zh"] or row["zh"],
                member_en=row["member_en"] or row["en"],
                spellings=tuple(dict.fromkeys(n for n in [*names, *row["aliases"].split("|")] if n)),
            )
    return places


def place(code: str) -> Place:
    """The row of `code`. Raises UnknownPlace."""
    try:
        return table()[code]
    except KeyError:
        raise UnknownPlace(f"no place {code!r}: ISO 3166-1 alpha-2, EU or GCC") from None


def name(code: str, lang: Language = "zh", column: Column = "origin") -> str:
    """The approved name. `column` is what the column says of the place: an origin of goods, or a notifying member.

    Raises UnknownPlace.
    """
    row = place(code)
    if column == "member":
        return row.member_zh if lang == "zh" else row.member_en
    return row.zh if lang == "zh" else row.en


def is_wto_member(code: str) -> bool:
    """Whether the place notifies to the WTO. Raises UnknownPlace."""
    return place(code).wto


def group(code: str) -> Group:
    """The market group of FIELD: 欧洲 = EU and its members, the United Kingdom, EFTA. Raises UnknownPlace."""
    place(code)
    if code in {"US", "PR", "GU", "VI", "AS", "MP", "UM"}:
        return "us"
    if code in EU_MEMBERS or code in EFTA or code in {"EU", "GB"}:
        return "europe"
    if code == "JP":
        return "japan"
    return "middle_east" if code in MIDDLE_EAST else "other"


def expand(market: str) -> frozenset[str]:
    """The market and what belongs to it: EU → also each member state, GCC → also each Gulf state. Raises UnknownPlace."""
    place(market)
    return {"EU": EU_MEMBERS | {"EU"}, "GCC": GCC_STATES | {"GCC"}}.get(market, frozenset({market}))


@lru_cache(maxsize=20_000)
def code(name: str) -> str | None:
    """The code of a name as a regulator printed it, in Chinese, English, Japanese, Turkish or Arabic; None if unknown.

    Takes also alpha-2 and alpha-3 codes and the WTO's own (`C156`, `U918`), and "Lithuania (LT)" where both agree.
    Historical states (Netherlands Antilles, Serbia and Montenegro) and places without an ISO code give None.
    """
    folded = _fold(name)
    found = _by_spelling().get(folded)
    if found is not None:
        return found
    bracketed = re.fullmatch(r"(.+?)\s*[(（]([A-Z]{2})[)）]", name.strip())
    if bracketed:
        inner, outer = _by_spelling().get(bracketed[2].lower()), code(bracketed[1])
        return outer if outer is not None and outer == inner else None
    return None


@lru_cache(maxsize=20_000)
def codes(text: str) -> tuple[str, ...]:
    """The codes of a list of places as regulators join them (`; , / | *** 、` line ends, "and"), in order, each once.

    What is no place is left out: keep the words in `stated`. "Korea, Republic of, Japan" is two places.
    """
    whole = code(text)
    if whole is not None:
        return (whole,)
    found: list[str] = []
    for part in re.split(r"\*{3}|[;；|\n/、•]", text):
        found += _of_part(part)
    return tuple(dict.fromkeys(found))


def _of_part(part: str) -> list[str]:
    whole = code(part)
    if whole is not None:
        return [whole]
    pieces = re.split(
        r"\s*[,，]\s*|\s+(?:and|ve|et)\s+|(?<=[\u0600-\u06ff])\s+و\s*(?=[\u0600-\u06ff])|[()（）:：]", part
    )
    found, at = [], 0
    while at < len(pieces):
        # The longest run of pieces that is one name: "Korea, Republic of", "Taiwan, Penghu, Kinmen and Matsu".
        for end in range(min(len(pieces), at + 5), at, -1):
            one = code(", ".join(pieces[at:end]))
            if one is not None:
                found.append(one)
                at = end
                break
        else:
            at += 1
    return found


@lru_cache(maxsize=1)
def _by_spelling() -> dict[str, str]:
    spellings: dict[str, str] = {}
    for row in table().values():
        marks = [row.code, row.alpha3, f"C{row.m49}" if row.code != "EU" else "U918"]
        for spelling in (*row.spellings, *(mark for mark in marks if len(mark) > 1)):
            folded = _fold(spelling)
            other = spellings.setdefault(folded, row.code)
            if other != row.code:
                raise ValueError(f"places.csv: {spelling!r} stands for both {other} and {row.code}")
    return spellings


#: Japanese voiced marks: part of the letter, while other combining marks are decoration between spellings.
_VOICED = {"\u3099", "\u309a"}


def _fold(name: str) -> str:
    """One form for all spellings of a name: case, accents, dotless i, apostrophes, articles, brackets, "&", "St."."""
    text = unicodedata.normalize("NFKC", name).replace("İ", "i").replace("ı", "i").casefold()
    text = "".join(
        c for c in unicodedata.normalize("NFD", text) if c in _VOICED or (not unicodedata.combining(c) and c != "ـ")
    )
    text = unicodedata.normalize("NFC", text).replace("&", " and ")
    text = re.sub(r"[’‘'`´ʼ.]", "", text)
    text = re.sub(r"[^\w]+|_", " ", text)
    words = [{"st": "saint", "ste": "saint"}.get(word, word) for word in text.split()]
    # Arabic: the article is written or not, final ه/ة and ى/ي are typed for each other.
    words = [re.sub(r"^ال(?=\w{2})", "", word).replace("ة", "ه").replace("ى", "ي") for word in words]
    words = [word for word in words if word not in {"the", "and", "of"}] or words
    return " ".join(words)


#: What must not stand in anything we show: pattern → what is approved. (FIELD, "Names of places".)
_UNAPPROVED: tuple[tuple[re.Pattern[str], str], ...] = tuple(
    (re.compile(pattern, re.IGNORECASE), advice)
    for pattern, advice in (
        (r"Taiwan,?\s*\(?Province of China\)?|China,?\s*Taiwan Province", "Taiwan, China / 中国台湾"),
        (r"(?<!People's )(?<!People’s )\bRepublic of (China \(Taiwan\)|Taiwan)", "Taiwan, China / 中国台湾"),
        (
            r"\bTaiwan\b(?!,\s*(China|Penghu|Province))(?!\s*\(Province)(?!\s*Province)",
            "Taiwan, China / Chinese Taipei",
        ),
        (r"\bHong\s?Kong\b(?!,\s*China)", "Hong Kong, China"),
        (r"\bMaca[ou]\b(?!,\s*China)", "Macao, China"),
        (r"(?<!中国)台湾(?!、澎湖、金门、马祖单独关税区\(中国台北\))(?=$|[^海省地区])", "中国台湾"),
        (r"(?<!中国)香港(?!特别行政区)", "中国香港"),
        (r"(?<!中国)澳门(?!特别行政区)", "中国澳门"),
        (r"中华民国", "中国台湾"),
    )
)


def lint(text: str) -> list[str]:
    """Forms in `text` that are not approved for what we show, each with the approved one. Empty = good.

    For our own words: templates, names, exports, briefs. Never for what an authority said (`title`, `text`, `stated`).
    """
    return [f"{hit[0]!r}: write {advice}" for pattern, advice in _UNAPPROVED for hit in pattern.finditer(text)]
