"""`Assessment`: an opinion on one notice, with its grounds. Every field may be empty: *none* is an answer.

Scales: FIELD.md (severity, measure ladder, reach, level). What depends on today or on a reader is never stored:
`nlp.level.at(levels, date)` reads the level of a day.
"""

from __future__ import annotations

import datetime as dt
from typing import Annotated, Literal, get_args

from pydantic import ConfigDict, Field, StringConstraints

from crawlers.notice import NoticeId, Record, canonical_hash

Industry = Literal[
    "nev_battery",
    "optoelectronics",
    "health",
    "agri_food",
    "vehicles",
    "machinery",
    "appliances_electrical",
    "textiles_apparel",
    "toys_children",
    "chemicals",
    "materials_construction",
    "other",
]
INDUSTRIES: tuple[Industry, ...] = get_args(Industry)
#: The industries the city follows first (FIELD.md, "Industries that matter most here").
KEY_INDUSTRIES: frozenset[str] = frozenset({"nev_battery", "optoelectronics", "health", "agri_food"})

Severity = Literal["high", "medium", "low", "none"]
Level = Literal["red", "yellow", "green"]
Reach = Literal["names_china", "all_origins", "other_origins"]
#: The ladder of how hard an act stops trade, mildest first (FIELD.md, "Measure ladder").
Measure = Literal["information", "labelling", "standard", "conformity", "inspection", "recall", "rejection", "ban"]
MEASURES: tuple[Measure, ...] = (
    "information",
    "labelling",
    "standard",
    "conformity",
    "inspection",
    "recall",
    "rejection",
    "ban",
)

Probability = Annotated[float, Field(ge=0.0, le=1.0)]
Method = Literal["stated", "extracted", "mapped", "model", "retrieved", "inherited"]
FieldName = Literal[
    "title", "summary", "text", "products_text", "stated", "hs_codes", "ics_codes", "origins", "kind", "milestones"
]


class Evidence(Record):
    """The ground of an opinion: a character span of a field, or the value of a structured field."""

    field: FieldName
    start: int = 0
    end: int = 0
    text: str  # the words themselves, so that grounds survive export
    why: str = ""  # concept id, code, rule or n-gram that made it count
    weight: float = 0.0


class Product(Record):
    """A product the act concerns: HS chapter (2 digits), heading (4) or subheading (6)."""

    hs: Annotated[str, StringConstraints(pattern=r"^\d{2}(\d{2}(\d{2})?)?$")]
    probability: Probability = 1.0
    method: Method
    partial: bool = False
    conflict: bool = False  # the stated code and the text disagree: both are shown
    evidence: tuple[Evidence, ...] = ()


class IndustryOpinion(Record):
    industry: Industry
    probability: Probability = 1.0
    method: Method
    evidence: tuple[Evidence, ...] = ()
    runner_up: Industry | None = None  # "why not": the next class and how far behind it was
    margin: float | None = None


class HazardOpinion(Record):
    """A hazard of the one taxonomy (`nlp/hazards.yml`)."""

    hazard: Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]*$")]
    probability: Probability = 1.0
    method: Method
    evidence: tuple[Evidence, ...] = ()


class SeverityOpinion(Record):
    """Harm to people, animals, plants, environment. `none` with basis `none`: not an incident, or nothing to go by."""

    value: Severity = "none"
    basis: Literal["official", "mapped", "model", "none"] = "none"
    rule: str = ""  # the rule or the authority's own words
    probability: Probability | None = None  # model only
    evidence: tuple[Evidence, ...] = ()


class MeasureOpinion(Record):
    value: Measure = "information"
    basis: Literal["stated", "mapped", "extracted", "none"] = "none"
    evidence: tuple[Evidence, ...] = ()


class ReachOpinion(Record):
    """Whom it touches: 涉华 / 针对所有来源 / 仅针对其他国家(地区). None: nothing says."""

    value: Reach | None = None
    evidence: tuple[Evidence, ...] = ()


class LevelSpan(Record):
    """The base level 通用级别 from `from_` (included) until `until` (excluded; None: open), with its grounds 依据."""

    level: Level
    from_: dt.date | None = Field(default=None, alias="from")
    until: dt.date | None = None
    grounds: tuple[str, ...] = ()  # keys of `nlp.level.GROUNDS`, printed in zh and en

    model_config = ConfigDict(populate_by_name=True, serialize_by_alias=True)


class Review(Record):
    """Why a person should look at this opinion."""

    reason: Literal[
        "no_product", "low_margin", "conflict", "new_source", "unmapped", "drift", "random", "facts_changed"
    ]
    detail: str = ""


class Model(Record):
    name: str
    version: str
    taxonomy: str


class Assessment(Record):
    notice_id: NoticeId
    notice_hash: str
    run: str = ""
    products: tuple[Product, ...] = ()
    industries: tuple[IndustryOpinion, ...] = ()
    hazards: tuple[HazardOpinion, ...] = ()
    severity: SeverityOpinion = SeverityOpinion()
    measure: MeasureOpinion = MeasureOpinion()
    reach: ReachOpinion = ReachOpinion()
    levels: tuple[LevelSpan, ...] = ()
    regulations: tuple[str, ...] = ()  # ids of nlp/watchlist.yml
    concepts: tuple[str, ...] = ()  # ids of the gazetteer, language-independent
    title_zh: str = ""
    title_zh_method: Literal["analyst", "composed", "machine"] | None = None
    brief_zh: str = ""
    brief_en: str = ""
    review: tuple[Review, ...] = ()
    model: Model

    def hash(self) -> str:
        """sha256 over the opinion without the run and the model's version: equal opinions are no change."""
        return canonical_hash(self.model_dump(mode="json", exclude={"run", "model"}, exclude_defaults=True))
