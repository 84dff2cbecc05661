"""Do two notices speak of one thing? Pure pair scoring; `index/events.py` finds the candidates and keeps the clusters.

Exact keys first - they decide alone:
* the WTO symbol family (G/TBT/N/USA/552/Rev.3/Add.5 belongs to G/TBT/N/USA/552) and joint notifications;
* the parent an addendum or follow-up names; the same recall number in two registers;
* the same barcode (a valid GTIN), if the goods are not plainly different.
Then likeness inside a brand: the same brand and model, or words so alike that chance is no explanation. Registers without
fields for them (CPSC, FSA) name brand and model in words: these count where the other register states both. An authority
that told of two goods in two notices meant two, so likeness alone joins notices of two registers only; and two recalls of
one car are two, until their maker's recall code says otherwise. `score` is a probability; at `LINK` and above two notices
are joined, from `POSSIBLE` on they are shown as "possible". Every link says why (`because`).
"""

from __future__ import annotations

import functools
import math
import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

from crawlers.notice import INCIDENT_KINDS, Notice
from nlp.barcodes import gtins, valid_gtin
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
    "model_named": ("一方载明的品牌与型号见于另一方文字", "brand and model stated by one, named in the other's text"),
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
    head: str  # title and products, folded: where a register without a field for it names the brand
    named: frozenset[str]  # models and numbered trade names ("cube 216") that it states
    mentioned: frozenset[str]  # what looks like either in any text
    words: frozenset[str]
    weights: dict[str, float]
    risks: frozenset[str]
    vehicle: bool
    origins: frozenset[str]
    days: int


def blocks(notice: Notice) -> frozenset[str]:
    """Keys under which candidates of a notice are found: two notices without a common block are never one event."""
    return blocks_of(keys(notice))


def blocks_of(found: Keys) -> frozenset[str]:
    out = {f"s:{family}" for family in found.families | found.joint | found.parents}
    out |= {f"n:{number}" for number in found.numbers | found.parents}
    out |= {f"b:{code}" for code in found.barcodes}
    if found.incident:
        out |= {f"m:{found.brand}|{model}" for model in found.models if found.brand}
        out |= {f"t:{model}" for model in found.named | found.mentioned}
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
            ("joint", (a.joint & (b.joint | b.families)) | (b.joint & a.families)),
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
    model = _same_model(a, b)
    because: list[str] = []
    value = 0.0
    shared = a.numbers & b.numbers
    if shared:
        because.append("number")
        telling = any(len(number) >= 6 for number in shared)  # "27071" and "69bl" are numbers of many
        value = 0.95 if brand or likeness >= (0.1 if telling else 0.35) else 0.6
    if a.barcodes & b.barcodes:
        because.append("barcode")
        # One shop's code on several goods: a sharp contradiction in the words leaves it at "possible".
        value = max(value, 0.97 if likeness >= 0.15 or brand or model else 0.7)
    if brand and model:
        because.append("model")
        same = likeness >= 0.35 and not (_other_barcode(a, b) or _other_risk(a, b) or a.vehicle or b.vehicle)
        value = max(value, 0.9 if same else 0.6 if a.vehicle or b.vehicle else 0.75)
    elif a.register != b.register and likeness >= 0.15 and (_names(a, b) or _names(b, a)):
        because.append("model_named")
        # No recorded week has two registers with one product, so nothing measured says that this joins: a person does.
        value = max(value, 0.6 if a.vehicle or b.vehicle else 0.7)
    if likeness >= 0.9 and (brand or not (a.brand and b.brand)) and min(len(a.words), len(b.words)) >= 12:
        because.append("text")
        value = max(value, 0.85 if a.register != b.register and not _different(a, b) else 0.6)
    elif brand and likeness >= 0.6:
        because.append("brand_text")
        value = max(value, 0.7 if a.register != b.register and not _different(a, b) else 0.5)
    certain = bool(shared) or "barcode" in because
    if value and a.origins and b.origins and not a.origins & b.origins and not certain:
        value *= 0.8
    if value and abs(a.days - b.days) > 3 * 365 and not certain:
        value *= 0.85
    return Pair(round(value, 3), tuple(because))


def _same_model(a: Keys, b: Keys) -> bool:
    """More than half of the models that one of the two names are the other's too: a series name is one of several."""
    shared = a.models & b.models
    return bool(shared) and 2 * len(shared) > min(len(a.models), len(b.models))


def _names(a: Keys, b: Keys) -> bool:
    """`a` states brand and models or trade names; `b` names the brand in its title or products, and the others anywhere."""
    told = b.named | b.mentioned
    shared = a.named & told
    if len(a.brand) < 3 or not shared or 2 * len(shared) <= min(len(a.named), len(told)):
        return False
    return re.search(rf"(?<!\w){re.escape(a.brand)}(?!\w)", b.head) is not None


def _other_risk(a: Keys, b: Keys) -> bool:
    """Both name risks, and no common one: another case of the same goods."""
    return bool(a.risks and b.risks and not a.risks & b.risks)


def _other_barcode(a: Keys, b: Keys) -> bool:
    """Both have barcodes, and no common one: variants of a product, each with its own case."""
    return bool(a.barcodes and b.barcodes and not a.barcodes & b.barcodes)


def _different(a: Keys, b: Keys) -> bool:
    """Both name models or barcodes, and no common one."""
    return bool(a.models and b.models and not a.models & b.models) or _other_barcode(a, b)


def _cosine(a: Keys, b: Keys) -> float:
    small, large = (a.weights, b.weights) if len(a.weights) < len(b.weights) else (b.weights, a.weights)
    return math.fsum(weight * large.get(word, 0.0) for word, weight in small.items())  # in any order the same


# --- keys of a notice -----------------------------------------------------------------------------------------------

_FAMILY = re.compile(r"^(g/(?:tbt|sps)/(?:n/[a-z]{2,4}/\d+|notif\.?[\d./]+))", re.IGNORECASE)
_WORDS = re.compile(r"[^\W\d_]{3,}|[\u3040-\u30ff\u3400-\u9fff]{2}")
_MODEL = re.compile(r"(?=[a-z0-9./-]*\d)[a-z0-9][a-z0-9./-]{2,}")
#: "e1*2007/46*0301*25": the approval of a type of vehicle or tyre; its parts are no models.
_TYPE_APPROVAL = re.compile(r"(?<![a-z0-9])t?e\d{1,2}\s?[*-](?:ks)?[\d*/\s.-]*\d[\d*/.-]*|\*\d{2,5}(?:\*[\d-]*)?")
#: Sizes, capacities, years, voltages: of many goods.
_MEASURE = re.compile(
    r"\d+(?:[.,]\d+)?(?:ml|cl|l|m?g|kg|m?ah|wh|m?w|kw|v|a|hz|mm|cm|m|pcs|st|gb|mb|led|in)|\d+(?:[x/]\d+)+(?:mm|cm|m)?"
    r"|\d{1,3}|\d{1,2}[.,/]\d{1,4}|(?:19|20)\d\d(?:[-/]\d+)?"
)
_HAS_LETTER = re.compile(r"[a-z]").search
#: "15-inch", "3-in-1", "10th": a number and a word, where a sentence has them.
_COUNTED = re.compile(r"\d+(?:[-/]?[a-z]{2,}(?:-\d+)?)+")
_NUMBERED = re.compile(
    r"(?<!\w)(?!(?:and|for|item|mid|model|no|number|of|pack|part|piece|set|size|the|type|with)s?\s)[^\W\d_]{3,} \d{2,5}(?![\w.,/-])"
)
_YEAR = re.compile(r"(?:19|20)\d\d")
#: Registers of vehicles: one model has many recalls.
_CATEGORY_FIELDS = ("category", "product_category")
_VEHICLES = re.compile(r"(?<![a-z])(?:motor vehicles?|passenger cars?|motor ?(?:cycles?|bikes?))(?![a-z])")
_VEHICLE_REGISTERS = frozenset({"us_nhtsa"})
_UNKNOWN = frozenset(
    {"", "unknown", "n/a", "none", "no", "-", "not known", "unbranded", "no brand", "various", "other"}
)
_BRAND_FIELDS = ("brand", "Brand", "BRAND", "MARKA", "product_brand", "brand_name", "MAKETXT")
_RISK_FIELDS = ("riskType",)
_NAME_FIELDS = ("name", "product_name")
_MODEL_FIELDS = ("type_numberOfModel", "model", "Model", "product_model", "MODELTXT", "型番", "型式")
_BARCODE_FIELDS = ("barcode", "Barcode", "barcodes", "UPCs", "ProductUPCs", "product_barcode", "JAN", "GTIN")
_BATCH_FIELDS = ("batchNumber", "batch", "LOT")
_NUMBER_FIELDS = ("companyRecallCode", "recall_number", "RecallNumber", "CAMPNO")


def family(symbol: str) -> str:
    """The symbol of the original notification that a WTO symbol belongs to; "" for another kind of symbol."""
    match = _FAMILY.match(symbol.strip())
    return match[1].upper().rstrip("./") if match else ""


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
    incident = notice.kind in INCIDENT_KINDS or notice.kind == "import_alert"
    brand = next((b for b in map(_folded, _stated(notice, _BRAND_FIELDS)) if b not in _UNKNOWN), "")
    named = [_folded(value[:500]) for value in _stated(notice, _MODEL_FIELDS)]
    head = _folded(f"{notice.title} {notice.products_text}"[:1000])
    counts = Counter(_WORDS.findall(_folded(f"{notice.title} {notice.products_text} {notice.text[:1500]}")))
    weights = {word: (1 + math.log(count)) * _weight(word) for word, count in counts.items()}
    norm = math.sqrt(math.fsum(weight * weight for weight in weights.values())) or 1.0
    return Keys(
        id=notice.id,
        register=notice.register_name,
        incident=incident,
        families=frozenset(filter(None, [family(notice.symbol)])),
        joint=frozenset(filter(None, map(family, notice.joint_symbols)))
        if len(notice.joint_symbols) > 1
        else frozenset(),
        parents=frozenset(filter(None, [family(notice.parent_symbol) or _folded(notice.parent_symbol)])),
        numbers=_numbers(notice) if incident else frozenset(),
        barcodes=_barcodes(notice),
        brand=brand,
        models=_models(named),
        head=head,
        named=_models(named) | _numbered(_stated(notice, _NAME_FIELDS)),
        mentioned=mentioned(notice) if incident else frozenset(),
        words=frozenset(counts),
        weights={word: weight / norm for word, weight in weights.items()},
        risks=frozenset(map(_folded, _stated(notice, _RISK_FIELDS))),
        vehicle=_is_vehicle(notice, named),
        origins=frozenset(notice.origins),
        days=notice.published.toordinal(),
    )


def _is_vehicle(notice: Notice, named: Iterable[str]) -> bool:
    """Cars and motorcycles: one model has many recalls, each for another defect."""
    return (
        notice.register_name in _VEHICLE_REGISTERS
        or any(_VEHICLES.search(_folded(value)) for value in (notice.title, *_stated(notice, _CATEGORY_FIELDS)))
        or any(_TYPE_APPROVAL.search(value) for value in named)
    )


def _models(named: Iterable[str]) -> frozenset[str]:
    """Models: letters and digits mixed, or four digits and more; no sizes, years, approvals of a type, barcodes."""
    tokens = {m.strip("./-") for value in named for m in _MODEL.findall(_TYPE_APPROVAL.sub(" ", value))}
    return frozenset(m for m in tokens if len(m) >= 3 and not _MEASURE.fullmatch(m) and not valid_gtin(m))


def mentioned(notice: Notice) -> frozenset[str]:
    """What looks like a model in title, products and text: letters and digits in one word, no number, date or measure; and
    numbered trade names in title and products."""
    head = _folded(f"{notice.title} {notice.products_text}"[:1000])
    found = _models([f"{head} {_folded(notice.text[:1500])}"])
    return frozenset(m for m in found if _HAS_LETTER(m) and not _COUNTED.fullmatch(m)) | _numbered([head])


def _numbered(texts: Iterable[str]) -> frozenset[str]:
    """Trade names with a number: "Cube 216", "PowerLite 20000"."""
    return frozenset(name for text in texts for name in _NUMBERED.findall(_folded(text[:1000])))


def _barcodes(notice: Notice) -> frozenset[str]:
    """Where an authority has no field for them, they stand among models and batches, or in the text."""
    given = [*_stated(notice, _BARCODE_FIELDS), *(v[:2000] for v in _stated(notice, (*_MODEL_FIELDS, *_BATCH_FIELDS)))]
    found = frozenset[str]().union(*map(gtins, given))
    return found or gtins(notice.text[:4000], stated=False)


def _numbers(notice: Notice) -> frozenset[str]:
    """An incident's own number and its maker's: two of one register are two, unless they are twins."""
    found = {_folded(notice.symbol)} if notice.symbol.strip() else set()
    for value in map(_folded, _stated(notice, _NUMBER_FIELDS)):
        found |= {value, *re.split(r"[\s,;]+", value)}
    return frozenset(
        number
        for number in found
        if len(number) > 3
        and number not in _UNKNOWN
        and any(c.isdigit() for c in number)
        and not _YEAR.fullmatch(number)
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
# fmt: off
_COMMON = frozenset((
    "the", "and", "for", "with", "from", "that", "this", "product", "products", "item", "items", "model",
    "batch", "number", "cardboard", "packaging", "plastic", "box", "bag", "made", "pack", "package", "black",
    "white", "blue", "red", "green", "pink", "colour", "color", "approx", "size", "code", "barcode", "sold",
    "set", "children", "child", "various", "type",
))
# fmt: on


def _weight(word: str) -> float:
    return 0.25 if word in _COMMON else 1.0 + 0.1 * min(len(word), 10)
