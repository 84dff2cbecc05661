"""The fields a query may name: their Chinese and English names, how a person writes their values, which are facets.

One table for the parser, both engines and `docs/query-syntax.md`; a value is always stored in its own (English) form.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache, lru_cache
from typing import Literal, get_args

from crawlers import places
from nlp import words
from nlp.text import fold

#: Fields that hold one or more plain values, compared for equality.
ValueField = Literal[
    "market",
    "market_group",
    "source",
    "kind",
    "stage",
    "industry",
    "hazard",
    "severity",
    "measure",
    "reach",
    "origin",
    "regulation",
    "symbol",
    "concept",
    "status",
    "language",
    "event",
    "id",
    "hs_chapter",
    "hs_heading",
    "week",
]
#: Fields that hold one day; `deadline` counts the days left, `published` the days gone by.
DateField = Literal["published", "deadline", "applies"]
FieldName = Literal[ValueField, DateField, "hs", "level"]

VALUE_FIELDS: tuple[ValueField, ...] = get_args(ValueField)
DATE_FIELDS: tuple[DateField, ...] = get_args(DateField)

#: What can be counted over a set of hits (issue: facets). `week` is the Monday of the week of publication.
Facet = Literal[
    "market_group",
    "market",
    "source",
    "kind",
    "stage",
    "hs_chapter",
    "hs_heading",
    "industry",
    "hazard",
    "severity",
    "level",
    "measure",
    "reach",
    "regulation",
    "week",
    "origin",
    "status",
]
FACETS: tuple[Facet, ...] = get_args(Facet)


@dataclass(frozen=True)
class Field:
    """`names` are the spellings a query may use, the Chinese ones first; `zh`, `en` say what it holds."""

    name: FieldName
    names: tuple[str, ...]
    zh: str
    en: str


FIELDS: tuple[Field, ...] = (
    Field("market", ("市场", "国家", "market", "country"), "发布的国家(地区)", "who published it"),
    Field("market_group", ("市场组", "market_group", "group"), "市场分组", "group of markets"),
    Field("hs", ("税号", "海关编码", "hs编码", "编码", "hs"), "HS编码，4-13位，仅比前6位", "HS code of 4-13 digits"),
    Field(
        "severity", ("严重程度", "严重", "severity"), "严重程度：高、中、低、无", "severity: high, medium, low, none"
    ),
    Field("level", ("等级", "风险等级", "通用级别", "级别", "level"), "风险等级：红、黄、绿", "red, yellow, green"),
    Field("deadline", ("截止", "评议截止", "截止日期", "deadline"), "提意见截止日期", "final date for comments"),
    Field("published", ("发布", "发布日期", "日期", "published", "date"), "发布日期", "date of publication"),
    Field("applies", ("适用", "生效", "适用日期", "生效日期", "applies"), "适用日期", "date of application"),
    Field("source", ("来源", "数据源", "source"), "数据源", "source"),
    Field("kind", ("类型", "种类", "kind", "type"), "类型", "kind of act or incident"),
    Field("stage", ("阶段", "stage"), "措施所处阶段", "stage of a measure"),
    Field("industry", ("行业", "产业", "industry"), "行业", "industry"),
    Field("hazard", ("危害", "风险", "hazard"), "危害", "hazard"),
    Field("origin", ("原产地", "产地", "origin"), "产品原产国(地区)", "origin of the goods"),
    Field("reach", ("涉及范围", "范围", "reach"), "涉及范围：涉华、所有来源、其他", "whom it touches"),
    Field("measure", ("措施", "measure"), "措施", "measure"),
    Field("regulation", ("法规专题", "专题", "regulation", "dossier"), "重大措施专题", "dossier of the watch-list"),
    Field("symbol", ("通报号", "文号", "symbol"), "通报号，补遗随之", "document symbol, addenda with it"),
    Field("concept", ("概念", "concept"), "概念编号", "id of a concept"),
    Field("status", ("状态", "status"), "审核状态", "status of review"),
    Field("language", ("语言", "language", "lang"), "原文语言", "language of the original"),
    Field("event", ("事件", "event"), "事件编号", "id of the event"),
    Field("id", ("编号", "id"), "预警编号", "id of the alert"),
    Field("hs_chapter", ("章", "hs_chapter", "chapter"), "HS章", "HS chapter"),
    Field("hs_heading", ("品目", "hs_heading", "heading"), "HS品目", "HS heading"),
    Field("week", ("周", "week"), "发布所在周的周一", "Monday of the week of publication"),
)

#: What people also write for a value, beside the value itself and its words (`nlp.words`).
_ALSO: dict[str, dict[str, tuple[str, ...]]] = {
    "kind": {
        "proposed_rule": ("法规草案", "拟议规则", "proposal"),
        "consultation": ("征求意见", "公众咨询"),
        "border_rejection": ("边境拒绝", "拒绝入境"),
        "refusal": ("拒绝", "import refusal"),
        "import_alert": ("自动扣留",),
        "violation": ("违规", "违反"),
        "news": ("资讯", "新闻"),
    },
    "stage": {"in_force": ("生效", "in force"), "adopted": ("通过",), "published": ("公布",)},
    "severity": {"none": ("无", "未判定", "不适用")},
    "level": {"red": ("红",), "yellow": ("黄",), "green": ("绿", "绿色", "一般")},
    "measure": {
        "labelling": ("标签", "labeling"),
        "standard": ("限量",),
        "conformity": ("合格评定", "认证", "注册", "certification"),
        "inspection": ("查验", "检查", "detention"),
        "recall": ("召回",),
        "rejection": ("拒绝入境", "拒绝进口"),
        "ban": ("禁令",),
    },
    "reach": {
        "names_china": ("china", "中国"),
        "all_origins": ("所有来源", "all"),
        "other_origins": ("其他来源", "仅针对其他国家", "other"),
    },
    "industry": {
        "nev_battery": ("新能源", "新能源汽车", "动力电池", "nev"),
        "optoelectronics": ("光电子",),
        "health": ("健康", "医药"),
        "agri_food": ("食品", "农产品", "food"),
        "vehicles": ("汽车",),
        "appliances_electrical": ("家电", "appliances"),
        "textiles_apparel": ("纺织", "服装", "textiles"),
        "toys_children": ("玩具", "toys"),
        "chemicals": ("化学品",),
        "materials_construction": ("建材",),
    },
    "market_group": {
        "us": ("美国",),
        "europe": ("欧洲",),
        "japan": ("日本",),
        "middle_east": ("中东",),
        "other": ("其他",),
    },
}
_CLOSED = frozenset({"kind", "stage", "severity", "level", "measure", "reach", "industry", "market_group", "status"})
_PLACES = frozenset({"market", "origin"})


@cache
def by_name() -> dict[str, Field]:
    """Folded spelling → field."""
    table: dict[str, Field] = {}
    for field in FIELDS:
        for spelling in field.names:
            if table.setdefault(fold(spelling).text, field) is not field:
                raise ValueError(f"{spelling!r} names two fields")
    return table


@cache
def _values(name: str) -> dict[str, str]:
    """Folded spelling → value, for a field whose values are a closed list."""
    spellings: dict[str, list[str]] = {}
    pairs = {k: (v["zh"], v["en"]) for k, v in words.hazards().items()} if name == "hazard" else words.WORDS.get(name)
    if name == "market_group":
        pairs = {code: (names["zh"], names["en"]) for code, names in places.GROUP_NAMES.items()}
    for value, pair in (pairs or {}).items():
        spellings[value] = [value, value.replace("_", " "), *pair]
        for phrase in pair:
            spellings[value] += re.split(r"[/、]", phrase)
        spellings[value] += _ALSO.get(name, {}).get(value, ())
    table: dict[str, str] = {}
    for value, forms in spellings.items():  # the value's own name wins over a word it shares with another one
        table[fold(value).text] = value
        for form in forms:
            table.setdefault(fold(form.strip()).text, value)
    return table


class UnknownValue(ValueError):
    """A value the field cannot have. `known` are some it can."""

    def __init__(self, field: str, value: str, known: tuple[str, ...] = ()) -> None:
        super().__init__(f"{field} has no value {value!r}")
        self.known = known


@lru_cache(maxsize=10_000)
def value_of(field: str, written: str) -> tuple[str, str]:
    """(field, value) for what a person wrote: `市场:欧盟` → ("market", "EU"), `market:欧洲` → ("market_group", "europe").

    Raises UnknownValue for a closed field (kind, level, …) or a place nobody knows.
    """
    written = written.strip()
    folded = fold(written).text
    if field in _PLACES:
        code = places.code(written)
        if code is None and field == "market" and folded in _values("market_group"):
            return "market_group", _values("market_group")[folded]
        if code is None:
            raise UnknownValue(field, written, ("US", "EU", "JP", "SA", "GCC"))
        return field, code
    if field in _CLOSED or field == "hazard":
        value = _values(field).get(folded)
        if value is None:
            raise UnknownValue(field, written, tuple(dict.fromkeys(_values(field).values())))
        return field, value
    if field == "symbol":
        return field, symbol_key(written)
    if field in {"source", "regulation", "concept", "language"}:
        return field, folded if field != "language" else folded.split("-")[0]
    return field, written


def symbol_key(symbol: str) -> str:
    """A document symbol as it is compared: upper case, no white space, no `*` or `/` at its end."""
    return re.sub(r"\s+", "", symbol).upper().rstrip("*").rstrip("/")


def symbol_family(symbol: str) -> tuple[str, ...]:
    """The symbol and what it hangs on, by `/`: G/TBT/N/USA/12/ADD.1 is also found by G/TBT/N/USA/12."""
    parts = symbol_key(symbol).split("/")
    return tuple("/".join(parts[:end]) for end in range(1, len(parts) + 1))
