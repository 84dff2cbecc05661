"""产品受阻: goods refused, recalled or held, in each authority's own columns.

An incident enters only if its goods are of Chinese origin (不含港澳台) or the authority names China; if it names an
importer, brand or maker the reader deals with; or as 同类产品警示: the same HS heading and the same hazard as an incident
of Chinese origin, at most a few. Other recalls are domestic affairs of others: they are for search only.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Literal

import yaml

from crawlers import places
from index.alert import Alert
from nlp.assessment import Product
from reports.edition import Edition
from reports.items import Item
from reports.matching import PREDICTED, partner
from reports.stories import STOPPING_KINDS, Story
from reports.subscription import Subscription
from reports.words import HERE, NOTHING, Words, joined, named, place, same, say

Ground = Literal["origin", "partner", "similar"]
CELL = 160  # characters of one cell; the page of the authority has the rest


@dataclass(frozen=True)
class Cell:
    head: Words
    value: Words
    verbatim: bool  # the authority's own words, in its own language


@dataclass(frozen=True)
class Stop:
    """One incident: its item, why it is here, and the authority's own columns."""

    item: Item
    ground: Ground
    why: Words
    cells: tuple[Cell, ...]
    language: str


@dataclass(frozen=True)
class Table:
    """The incidents of one authority, worst first."""

    source: str
    name: Words
    heads: tuple[Words, ...]
    stops: tuple[Stop, ...]
    left_out: int


@dataclass(frozen=True)
class Stopped:
    tables: tuple[Table, ...]
    similar: tuple[Stop, ...]
    similar_left_out: int
    total: int  # incidents of Chinese origin or with a partner, before any cap
    sentence: Words

    def __bool__(self) -> bool:
        return bool(self.tables or self.similar)


def of_chinese_origin(alert: Alert) -> bool:
    """Goods from the mainland, or an act that names China; 中国香港, 中国澳门, 中国台湾 are counted apart."""
    return "CN" in alert.notice.origins or alert.effective.reach.value == "names_china"


def concerns(alerts: Iterable[Alert]) -> frozenset[tuple[str, str]]:
    """(heading, hazard) of the incidents of Chinese origin: what a similar product is compared with."""
    return frozenset(
        pair
        for alert in alerts
        if alert.notice.kind in STOPPING_KINDS and of_chinese_origin(alert)
        for pair in _pairs(alert)
    )


def ground(
    story: Story, subscription: Subscription | None, known: frozenset[tuple[str, str]]
) -> tuple[Ground, Words] | None:
    """Why an incident enters, told in words; None: it does not."""
    if any(of_chinese_origin(alert) for alert in story.news):
        return "origin", say("ground_origin")
    for alert in story.news:
        name = partner(subscription, alert)
        if name:
            return "partner", say("ground_partner", name=same(name))
    shared = sorted({pair for alert in story.news for pair in _pairs(alert)} & known)
    if shared:
        heading, hazard = shared[0]
        return "similar", say("ground_similar", heading=heading, hazard=named("hazard", hazard))
    return None


def stopped(
    entries: Sequence[tuple[Story, Item]],
    subscription: Subscription | None,
    known: frozenset[tuple[str, str]],
    edition: Edition,
) -> Stopped:
    """`entries`: the stories whose leading alert stops goods; `known`: see `concerns`."""
    stops: dict[str, list[Stop]] = {}
    similar: list[Stop] = []
    for story, item in entries:
        why = ground(story, subscription, known)
        if why is None:
            continue
        stop = Stop(item, why[0], why[1], cells(story.lead), story.lead.notice.language)
        if why[0] == "similar":
            similar.append(stop)
        else:
            stops.setdefault(story.lead.notice.source, []).append(stop)
    total = sum(map(len, stops.values()))
    tables = tuple(
        _table(source, sorted(found, key=_order), edition.rows)
        for source, found in sorted(stops.items(), key=lambda pair: (-len(pair[1]), pair[0]))
    )
    similar.sort(key=_order)
    return Stopped(
        tables=tables,
        similar=tuple(similar[: edition.similar]),
        similar_left_out=max(0, len(similar) - edition.similar),
        total=total,
        sentence=_sentence(total, partners=bool(subscription and subscription.partners)),
    )


def _sentence(total: int, *, partners: bool) -> Words:
    what = say("stopped_of_partners") if partners else say("stopped_of_origin")
    return say("stopped_sentence", n=total, what=what) if total else say("stopped_nothing", what=what)


def cells(alert: Alert) -> tuple[Cell, ...]:
    """The authority's own columns that are filled; for a source without a table, its own first labels."""
    spec = _spec(alert.notice.source)
    if spec is None:
        stated = list(alert.notice.stated.items())[:5]
        return tuple(Cell(same(name), same(_short(value)), True) for name, value in stated if _short(value))
    found = []
    for column in spec["columns"]:
        cell = _cell(alert, column)
        if cell is not None:
            found.append(cell)
    return tuple(found)


def source_name(alert: Alert) -> Words:
    spec = _spec(alert.notice.source)
    return Words(spec["name"]["zh"], spec["name"]["en"]) if spec else same(alert.notice.authority)


def _table(source: str, stops: list[Stop], rows: int) -> Table:
    shown = tuple(stops[:rows])
    heads = tuple(dict.fromkeys(cell.head for stop in shown for cell in stop.cells))
    spec = _spec(source)
    name = Words(spec["name"]["zh"], spec["name"]["en"]) if spec else same(stops[0].item.authority)
    return Table(source, name, heads, shown, max(0, len(stops) - rows))


def _order(stop: Stop) -> tuple[Any, ...]:
    return stop.item.sort_key


def _pairs(alert: Alert) -> set[tuple[str, str]]:
    headings = {product.hs[:4] for product in alert.effective.products if _tells_heading(product)}
    return {(heading, opinion.hazard) for heading in headings for opinion in alert.effective.hazards}


def _tells_heading(product: Product) -> bool:
    return len(product.hs) >= 4 and not product.conflict and product.method not in PREDICTED


@lru_cache(maxsize=1)
def columns() -> dict[str, dict[str, Any]]:
    """columns.yml: the beginning of a source's id → its name and columns."""
    body: dict[str, dict[str, Any]] = yaml.safe_load((HERE / "columns.yml").read_text(encoding="utf-8"))
    return body


def _spec(source: str) -> dict[str, Any] | None:
    fits = [key for key in columns() if source.startswith(key)]
    return columns()[max(fits, key=len)] if fits else None


def _cell(alert: Alert, column: dict[str, Any]) -> Cell | None:
    head = Words(column["zh"], column["en"])
    for name in column["from"]:
        if name.startswith("@"):
            words, verbatim = _field(alert, name[1:])
        else:
            words, verbatim = same(_short(_after(alert.notice.stated.get(name, ""), column.get("after", "")))), True
        if not words:
            continue
        if column.get("place"):
            code = places.code(words.en)
            if code is not None:
                words, verbatim = place(code), False
        return Cell(head, words, verbatim)
    return None


def _field(alert: Alert, name: str) -> tuple[Words, bool]:
    if name == "hazards":
        found = [named("hazard", one.hazard) for one in alert.effective.hazards]
        return (joined(found) if found else NOTHING), False
    if name == "stage":  # an order that is lifted is news of the same kind: the state tells them apart
        return (named("stage", alert.notice.stage) if alert.notice.stage else NOTHING), False
    if name == "published":
        return same(alert.notice.published.isoformat()), False
    return same(_short(getattr(alert.notice, name))), True


def _after(value: str | tuple[str, ...], label: str) -> str | tuple[str, ...]:
    """Of a cell in which the authority keeps `Label: value` lines, the values of one label; whole where it has none."""
    if not label or not isinstance(value, str):
        return value
    found = [line.partition(label)[2].strip() for line in value.splitlines() if line.strip().startswith(label)]
    return tuple(dict.fromkeys(found)) or value


def _short(value: str | tuple[str, ...]) -> str:
    text = " ".join(("; ".join(value) if isinstance(value, tuple) else value).split())
    return text if len(text) <= CELL else text[: CELL - 1].rstrip() + "…"
