"""`Notice`: what a regulator published. Facts and provenance, never an opinion (those are `nlp.assessment`)."""

from __future__ import annotations

import datetime as dt
import hashlib
import json
import re
from typing import Annotated, Any, Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, StringConstraints, field_validator, model_validator

Kind = Literal[
    "notification",
    "proposed_rule",
    "rule",
    "standard",
    "consultation",
    "recall",
    "border_rejection",
    "refusal",
    "import_alert",
    "violation",
    "inspection_order",
    "news",
]
Stage = Literal["draft", "adopted", "published", "in_force", "postponed", "withdrawn"]
MilestoneKind = Literal["comment_deadline", "adoption", "entry_into_force", "application", "other"]

#: Kinds that report goods found unsafe or stopped; they carry no stage of a measure (DESIGN.md, Records).
INCIDENT_KINDS: frozenset[str] = frozenset({"recall", "border_rejection", "refusal", "violation"})

#: ISO 3166-1 alpha-2, or one of the two groupings the project uses as a market.
Market = Annotated[str, StringConstraints(pattern=r"^([A-Z]{2}|GCC)$")]
NoticeId = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]*:\S+$", max_length=300)]


#: Made once: `json.dumps` makes an encoder anew with every call that is not its default.
_LINE = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"))
_CANONICAL = json.JSONEncoder(ensure_ascii=False, sort_keys=True, separators=(",", ":"))


def as_line(body: dict[str, Any]) -> str:
    """A record's JSON body as one line, as it stands in the archive."""
    return _LINE.encode(body)


class Record(BaseModel):
    """Base of every record of ours: frozen, closed, with one canonical JSON form."""

    model_config = ConfigDict(frozen=True, extra="forbid", ser_json_timedelta="iso8601")

    def line(self) -> str:
        """The record as one JSON line: keys in declared order, empty fields left out, UTF-8 kept."""
        return as_line(self.model_dump(mode="json", exclude_defaults=True))


class Milestone(Record):
    """One date of a measure's life: the date itself, or the authority's words where it gives none."""

    kind: MilestoneKind
    date: dt.date | None = None
    text: str = ""
    replaces: dt.date | None = None  # the date an addendum moved: a moved date is news
    article: str = ""  # the article a staged date belongs to, verbatim

    @model_validator(mode="after")
    def _says_something(self) -> Milestone:
        if self.date is None and not self.text:
            raise ValueError("a milestone needs a date, or the authority's words where it gives none")
        return self


class HsCode(Record):
    """A customs code as the authority gave it: 2-13 digits without dots, its edition, and whether only part is covered."""

    code: Annotated[str, StringConstraints(pattern=r"^\d{2,13}$")]
    edition: str = "HS2022"
    partial: bool = False  # “ex” 部分涵盖


class Document(Record):
    """A document the authority links: the act itself, an annex, a picture of the goods."""

    url: str
    title: str = ""
    language: str = ""


class Provenance(Record):
    """Where the facts came from: enough to fetch, check and attribute them again."""

    url: str  # the original URL, also when the response was replayed
    fetched_at: AwareDatetime
    body_sha256: Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]
    source_version: str  # hash of the source's .yml and .py: which reading produced the record
    attribution: str = ""


class Notice(Record):
    """One act or incident as its authority published it.

    `id` is `<register>:<authority's own id>` and never changes; `source` names the route by which it came, so the same
    WTO notification has one id through the bulk workbook and the API. A joint WTO notification is one notice per
    member; all its symbols stand in `joint_symbols`.
    """

    id: NoticeId
    source: str
    market: Market
    kind: Kind
    stage: Stage | None = None
    authority: str
    symbol: str = ""
    parent_symbol: str = ""
    joint_symbols: tuple[str, ...] = ()
    document_type: str = ""
    title: str
    summary: str = ""
    text: str = ""
    attached: Annotated[int, Field(ge=0)] = (
        0  # characters at the end of `text` that a document gave (crawlers.attachments)
    )
    language: str = "en"  # BCP 47
    published: dt.date
    milestones: tuple[Milestone, ...] = ()
    hs_codes: tuple[HsCode, ...] = ()
    ics_codes: tuple[str, ...] = ()
    products_text: str = ""
    origins: tuple[str, ...] = ()  # ISO 3166-1 alpha-2 of where the goods come from
    affected: tuple[str, ...] = ()  # ISO 3166-1 alpha-2 of countries the authority names as affected
    stated: dict[str, str | tuple[str, ...]] = Field(default_factory=dict)  # the authority's own labels, verbatim
    url: str = ""
    documents: tuple[Document, ...] = ()
    withdrawn: bool = False
    provenance: Provenance

    @field_validator("title")
    @classmethod
    def _title_not_blank(cls, value: str) -> str:
        if not value.strip():
            raise ValueError("the title is empty")
        return value

    @field_validator("ics_codes")
    @classmethod
    def _ics_shape(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for code in value:
            if not re.fullmatch(r"\d{2}(\.\d{3}(\.\d{2})?)?", code):
                raise ValueError(f"not an ICS code: {code!r}")
        return value

    @model_validator(mode="after")
    def _incidents_have_no_stage(self) -> Notice:
        if self.kind in INCIDENT_KINDS and self.stage is not None:
            raise ValueError(f"a {self.kind} is an incident and has no stage, got {self.stage!r}")
        return self

    @model_validator(mode="after")
    def _attached_is_of_the_text(self) -> Notice:
        if self.attached > len(self.text):
            raise ValueError(f"{self.attached} characters attached, but the text has {len(self.text)}")
        return self

    @property
    def register_name(self) -> str:
        """The register the id belongs to (`wto`, `eu_safety_gate`, …)."""
        return self.id.partition(":")[0]

    @property
    def hash(self) -> str:
        """sha256 over the facts: the canonical JSON without `source` (the route), `provenance` (the fetch) and attached text.

        Two fetches of unchanged facts have one hash, whichever route brought them; so `hash` says "nothing new".
        """
        return canonical_hash(facts_of(self.model_dump(mode="json", exclude_defaults=True)))

    @property
    def fetched_at(self) -> dt.datetime:
        """When the body this notice was read from was fetched (UTC-aware)."""
        return self.provenance.fetched_at


def facts_of(body: dict[str, Any]) -> dict[str, Any]:
    """What `Notice.hash` is taken over, of a notice's JSON body (defaults left out; `run_seq` may stand in it)."""
    left_out = {"source", "provenance", "run_seq", "attached"}
    facts = {name: value for name, value in body.items() if name not in left_out}
    if added := body.get("attached"):
        facts["text"] = body["text"][:-added]
        if not facts["text"]:
            del facts["text"]
    return facts


def canonical_hash(value: Any) -> str:
    """sha256 (hex) of `value` as JSON with sorted keys: equal values have equal hashes, whatever their order was."""
    return hashlib.sha256(_CANONICAL.encode(value).encode()).hexdigest()
