"""Do two notices speak of one thing? Pure pair scoring; `index/events.py` finds the candidates and keeps the clusters.

Exact keys first - they decide alone:
* the WTO symbol family (G/TBT/N/USA/552/Rev.3/Add.5 belongs to G/TBT/N/USA/552) and joint notifications;
* the parent an addendum or follow-up names; the same recall number in two registers;
* the same barcode (a valid GTIN), if the goods are not plainly different.
Then likeness inside a brand, model or origin: the same brand and model, or a title so alike that chance is no
explanation. `score` is a probability; at `LINK` and above two notices are joined, from `POSSIBLE` on they are shown as
"possible". Every link says why (`because`).
"""

from __future__ import annotations

import functools
import math
import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

from crawlers.notice import INCIDENT_KINDS, Notice
from nlp.text import fold

LINK = THRESHOLD = 0.8
POSSIBLE = 0.5

#: Because: key → (zh, en).
BECAUSE: dict[str, tuple[str, str]] = {
    "symbol_family": ("同一通报号系列", "same family of WTO symbols"),
    "joint": ("联合通报", "joint notification"),
    "parent": ("后续或补遗指明原通报", "the follow-up names the original"),
    "number": ("同一召回或案件编号", "same recall or case number"),
    "barcode": ("条形码相同", "same barcode"),
    "model": ("品牌与型号相同", "same brand and model"),
    "brand_text": ("品牌相同且描述相近", "same brand, like descriptions"),
    "text": ("描述几乎相同", "nearly the same text"),
}


@dataclass(frozen=True, slots=True)
class Pair:
    """How likely two notices are one event, and the grounds (keys of `BECAUSE`), strongest first."""

    score: float
    because: tuple[str, ...] = ()

    @property
    def linked(self) -> bool:
        return self.score >= LINK

    @property
    def possible(self) -> bool:
        return POSSIBLE <= self.score < LINK


@dataclass(frozen=True, slots=True)
class Keys:
    """What of a notice is compared: made once, compared often."""

    id: str
    register: str
    incident: bool
    families: frozenset[str]
    joint: frozenset[str]
    parents: frozenset[str]
    numbers: frozenset[str]
    barcodes: frozenset[str]
    brand: str
    models: frozenset[str]
    words: frozenset[str]
    weights: dict[str, float]
    origins: frozenset[str]
    days: int


def blocks(notice: Notice) -> frozenset[str]:
    """Keys under which candidates of a notice are found: two notices without a common block are never one event."""
    return blocks_of(keys(notice))


def blocks_of(found: Keys) -> frozenset[str]:
    out = {f"s:{family}" for family in found.families | found.joint | found.parents}
    out |= {f"n:{number}" for number in found.numbers}
    out |= {f"b:{code}" for code in found.barcodes}
    if found.incident:
        out |= {f"m:{found.brand}|{model}" for model in found.models if found.brand}
        if found.brand:
            rarest = sorted(found.words, key=lambda word: (-len(word), word))[:3]
            out |= {f"w:{found.brand}|{word}" for word in rarest}
    return frozenset(out)


def score(a: Notice, b: Notice) -> float:
    """How likely two notices are one event, 0 … 1. Symmetric; 1.0 only for exact keys."""
    return pair(a, b).score


def pair(a: Notice, b: Notice) -> Pair:
    """The score with its grounds."""
    return compare(_keys_of(a), _keys_of(b))


def compare(a: Keys, b: Keys) -> Pair:
    if a.id == b.id:
        return Pair(1.0, ("number",))
    exact = [
        name
        for name, shared in (
            ("symbol_family", a.families & b.families),
            ("joint", a.joint & b.joint),
            ("parent", (a.parents & (b.families | b.numbers)) | (b.parents & (a.families | a.numbers))),
        )
        if shared
    ]
    if exact:
        return Pair(1.0, tuple(exact))
    if not (a.incident and b.incident):
        return Pair(0.0)
    return _incidents(a, b)


def _incidents(a: Keys, b: Keys) -> Pair:
    likeness = _cosine(a, b)
    brand = bool(a.brand) and a.brand == b.brand
    model = bool(a.models & b.models)
    because: list[str] = []
    value = 0.0
    if a.numbers & b.numbers:
        because.append("number")
        value = 0.95 if likeness >= 0.1 or brand else 0.6
    if a.barcodes & b.barcodes:
        because.append("barcode")
        # One shop's code on several goods: a sharp contradiction in the words leaves it at "possible".
        value = max(value, 0.97 if likeness >= 0.15 or brand or model else 0.7)
    if brand and model:
        because.append("model")
        value = max(value, 0.9 if likeness >= 0.35 and not _other_barcode(a, b) else 0.75)
    if likeness >= 0.9 and (brand or not (a.brand and b.brand)) and len(a.words) >= 12:
        because.append("text")
        value = max(value, 0.85 if not _different(a, b) else 0.6)
    elif brand and likeness >= 0.6:
        because.append("brand_text")
        value = max(value, 0.7 if not _different(a, b) else 0.5)
    if value and a.origins and b.origins and not a.origins & b.origins and "barcode" not in because:
        value *= 0.8
    if value and abs(a.days - b.days) > 3 * 365 and "barcode" not in because:
        value *= 0.85
    return Pair(round(value, 3), tuple(because))


def _other_barcode(a: Keys, b: Keys) -> bool:
    """Both have barcodes, and no common one: variants of a product, each with its own case."""
    return bool(a.barcodes and b.barcodes and not a.barcodes & b.barcodes)


def _different(a: Keys, b: Keys) -> bool:
    """Both name models or barcodes, and no common one."""
    return bool(a.models and b.models and not a.models & b.models) or _other_barcode(a, b)


def _cosine(a: Keys, b: Keys) -> float:
    small, large = (a.weights, b.weights) if len(a.weights) < len(b.weights) else (b.weights, a.weights)
    return sum(weight * large.get(word, 0.0) for word, weight in small.items())


# --- keys of a notice -----------------------------------------------------------------------------------------------

_FAMILY = re.compile(r"^(g/(?:tbt|sps)/(?:n/[a-z]{2,4}/\d+|notif\.?[\d./]+))", re.IGNORECASE)
_GTIN = re.compile(r"(?<![\d.])(?:\d[ -]?){7,13}\d(?![\d.])")
_WORDS = re.compile(r"[^\W\d_]{3,}|[\u3040-\u30ff\u3400-\u9fff]{2}")
_MODEL = re.compile(r"(?=[a-z0-9./-]*\d)[a-z0-9][a-z0-9./-]{2,}")
_UNKNOWN = frozenset(
    {"", "unknown", "n/a", "none", "no", "-", "not known", "unbranded", "no brand", "various", "other"}
)
_BRAND_FIELDS = ("brand", "Brand", "BRAND", "MARKA", "product_brand", "brand_name", "MAKETXT")
_MODEL_FIELDS = ("type_numberOfModel", "model", "Model", "product_model", "MODELTXT", "型番", "型式")
_BARCODE_FIELDS = ("barcode", "Barcode", "barcodes", "UPCs", "ProductUPCs", "product_barcode", "JAN", "GTIN")
_BATCH_FIELDS = ("batchNumber", "batch", "LOT")
_NUMBER_FIELDS = ("companyRecallCode", "recall_number", "RecallNumber", "CAMPNO")


def family(symbol: str) -> str:
    """The symbol of the original notification that a WTO symbol belongs to; "" for another kind of symbol."""
    match = _FAMILY.match(symbol.strip())
    return match[1].upper() if match else ""


def valid_gtin(digits: str) -> bool:
    """Whether 8, 12, 13 or 14 digits are a GTIN by their check digit; not all one digit, and no shop's own prefix."""
    if len(digits) not in (8, 12, 13, 14) or len(set(digits)) < 3:
        return False
    padded = digits.zfill(14)
    if len(digits) == 13 and digits.startswith("2"):  # 20-29: numbers of one shop
        return False
    total = sum(int(digit) * (3 if place % 2 == 0 else 1) for place, digit in enumerate(padded))
    return total % 10 == 0


def gtins(text: str) -> frozenset[str]:
    """The barcodes a text names, as 14 digits."""
    found = set()
    for match in _GTIN.finditer(text):
        digits = re.sub(r"\D", "", match[0])
        if valid_gtin(digits):
            found.add(digits.zfill(14))
    return frozenset(found)


@functools.lru_cache(maxsize=4096)
def _folded(text: str) -> str:
    return " ".join(fold(text).text.split())


def _stated(notice: Notice, names: Iterable[str]) -> list[str]:
    values: list[str] = []
    for name in names:
        value = notice.stated.get(name)
        values += list(value) if isinstance(value, tuple) else [value] if value else []
    return values


def keys(notice: Notice) -> Keys:
    """The keys of a notice."""
    symbols = [notice.symbol, *notice.joint_symbols]
    families = frozenset(filter(None, map(family, symbols)))
    parents = frozenset(filter(None, [family(notice.parent_symbol) or notice.parent_symbol.strip().upper()]))
    incident = notice.kind in INCIDENT_KINDS or notice.kind == "import_alert"
    brand = next((b for b in map(_folded, _stated(notice, _BRAND_FIELDS)) if b not in _UNKNOWN), "")
    models: set[str] = set()  # letters and digits mixed, or four digits and more
    for value in _stated(notice, _MODEL_FIELDS):
        models |= {m.strip("./-") for m in _MODEL.findall(_GTIN.sub(" ", _folded(value[:500])))}
    barcodes: set[str] = set()
    for value in _stated(notice, _BARCODE_FIELDS):
        barcodes |= gtins(value)
    for value in _stated(
        notice, (*_MODEL_FIELDS, *_BATCH_FIELDS)
    ):  # where authorities put them when they have no field
        barcodes |= gtins(value[:2000])
    if not barcodes:
        barcodes |= gtins(notice.text[:4000])
    # Of an incident the number its authority gave is its own: two of one register are two, unless they are twins.
    numbers = {_folded(value) for value in _stated(notice, _NUMBER_FIELDS)}
    numbers = {
        number for number in numbers if number not in _UNKNOWN and any(c.isdigit() for c in number) and len(number) > 3
    }
    if notice.symbol and incident:
        numbers.add(f"{notice.symbol.strip().upper()}")
    counts = Counter(_WORDS.findall(_folded(f"{notice.title} {notice.products_text} {notice.text[:1500]}")))
    weights = {word: (1 + math.log(count)) * _weight(word) for word, count in counts.items()}
    norm = math.sqrt(sum(weight * weight for weight in weights.values())) or 1.0
    return Keys(
        id=notice.id,
        register=notice.register_name,
        incident=incident,
        families=families,
        joint=frozenset(s.strip().upper() for s in notice.joint_symbols)
        if len(notice.joint_symbols) > 1
        else frozenset(),
        parents=parents,
        numbers=frozenset(numbers),
        barcodes=frozenset(barcodes),
        brand=brand,
        models=frozenset(m for m in models if len(m) >= 4 or not m.isdigit()),
        words=frozenset(counts),
        weights={word: weight / norm for word, weight in weights.items()},
        origins=frozenset(notice.origins),
        days=notice.published.toordinal(),
    )


_made: dict[int, tuple[Notice, Keys]] = {}


def _keys_of(notice: Notice) -> Keys:
    """Keys of the notices asked last: one is compared with many. By identity, holding the notice so that it stays its own."""
    held = _made.get(id(notice))
    if held is None or held[0] is not notice:
        if len(_made) > 512:
            _made.clear()
        held = _made[id(notice)] = (notice, keys(notice))
    return held[1]


#: Words of every recall: they make no likeness.
_COMMON = frozenset(
    [
        "the",
        "and",
        "for",
        "with",
        "from",
        "that",
        "this",
        "product",
        "products",
        "item",
        "items",
        "model",
        "batch",
        "number",
        "cardboard",
        "packaging",
        "plastic",
        "box",
        "bag",
        "made",
        "pack",
        "package",
        "black",
        "white",
        "blue",
        "red",
        "green",
        "pink",
        "colour",
        "color",
        "approx",
        "size",
        "code",
        "barcode",
        "sold",
        "set",
        "children",
        "child",
        "various",
        "type",
    ]
)


def _weight(word: str) -> float:
    return 0.25 if word in _COMMON else 1.0 + 0.1 * min(len(word), 10)
