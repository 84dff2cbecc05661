"""An alert as the engines see it: flat, analysed, from its *effective* values (the analyst's where there is one).

What depends on the day is stored as intervals: `levels` are spans of days, of which a search takes the one that holds `as_of`.
Weights are repetition: a title's terms stand four times, products' three. So both engines score one field by plain BM25, with the
same counts and the same length, and their orders agree (docs/decisions/search-weights.md).
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple

from crawlers import places
from index.alert import Alert
from index.analysis import GAP, Concepts, concept_term, stems, surface
from index.fields import ValueField, symbol_family
from nlp.assessment import Assessment, Level
from nlp.level import application_dates, comment_deadline
from nlp.text import fold

#: The schema of the indexed document: with `analysis.VERSION`, what an index must have been built with.
VERSION = "4"

TITLE, TITLE_ZH, PRODUCTS, BODY = 4, 2, 3, 1
MOST = 40  # times one concept counts; BM25 has long levelled off by then
MAX_TEXT = 100_000  # characters of one field that are indexed; the record keeps all of them
MAX_TERMS = 60_000  # of one document; positions are stored in sixteen bits
OPEN = dt.date.max.toordinal()


class Part(NamedTuple):
    """One searched text, analysed: its words as they stand, their stems one for one, and how many times it counts."""

    weight: int
    words: tuple[str, ...]
    stems: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Document:
    """Days are proleptic ordinals (`date.toordinal()`); `values` hold what filters and facets compare.

    `named`: the concepts (the text's, the assessment's, and once each what is broader) and how often each counts.
    `hs_at` are the alert's own codes (2, 4 or 6 digits); `values["hs"]` all their beginnings, so that a parent finds its
    children by the one and a child its parents by the other.
    """

    id: str
    version: int
    parts: tuple[Part, ...]
    named: Mapping[str, int]
    values: Mapping[ValueField, tuple[str, ...]]
    hs: tuple[str, ...]
    hs_at: tuple[str, ...]
    levels: tuple[tuple[Level, int, int], ...]  # level, first day, day after the last
    published: int
    deadline: int | None
    applies: tuple[int, ...]
    body: str

    @property
    def size(self) -> int:
        """How many terms it has, as BM25 counts its length."""
        return sum((len(part.words) + 1) * part.weight for part in self.parts) + sum(self.named.values())

    @property
    def terms(self) -> str:
        """The stems of each part as often as it counts, a gap after each; then the concepts."""
        found: list[str] = []
        for part in self.parts:
            found += (*part.stems, GAP) * part.weight
        for concept, times in self.named.items():
            found += [concept_term(concept)] * times
        return " ".join(found)

    @property
    def exact(self) -> str:
        """The words of each part as they stand, a gap after each."""
        return " ".join(word for part in self.parts for word in (*part.words, GAP))


def document(alert: Alert, concepts: Concepts) -> Document:
    notice, opinion = alert.notice, alert.effective
    parts, named = _text(alert, opinion, concepts)
    hs = _codes(alert, opinion)
    deadline = comment_deadline(notice)
    monday = notice.published - dt.timedelta(days=notice.published.weekday())
    values: dict[ValueField, tuple[str, ...]] = {
        "market": _markets(notice.market),
        "market_group": (places.group(notice.market),),
        "source": (notice.source,),
        "kind": (notice.kind,),
        "stage": (notice.stage,) if notice.stage else (),
        "industry": tuple(dict.fromkeys(o.industry for o in opinion.industries)),
        "hazard": tuple(dict.fromkeys(o.hazard for o in opinion.hazards)),
        "severity": (opinion.severity.value,),
        "measure": (opinion.measure.value,),
        "reach": (opinion.reach.value,) if opinion.reach.value else (),
        "origin": tuple(dict.fromkeys(notice.origins)),
        "regulation": tuple(dict.fromkeys(opinion.regulations)),
        "symbol": _symbols(alert),
        "concept": tuple(named),
        "status": (alert.overlay.status,),
        "language": (notice.language.partition("-")[0].lower(),),
        "event": (alert.event or alert.id,),
        "id": (alert.id,),
        "hs_chapter": tuple(sorted({code[:2] for code in hs})),
        "hs_heading": tuple(sorted({code[:4] for code in hs if len(code) >= 4})),
        "week": (monday.isoformat(),),
    }
    return Document(
        id=alert.id,
        version=alert.version,
        parts=parts,
        named=named,
        values=values,
        hs=tuple(sorted({code[:end] for code in hs for end in range(2, len(code) + 1)})),
        hs_at=hs,
        levels=tuple(
            (
                span.level,
                span.from_.toordinal() if span.from_ else 0,
                span.until.toordinal() if span.until else OPEN,
            )
            for span in opinion.levels
        ),
        published=notice.published.toordinal(),
        deadline=deadline.toordinal() if deadline else None,
        applies=tuple(day.toordinal() for day in application_dates(notice)),
        body=alert.model_dump_json(exclude_defaults=True),
    )


def sections(alert: Alert, opinion: Assessment) -> list[tuple[str, int, str]]:
    """(text, weight, language) of everything that is searched, in order."""
    notice = alert.notice
    language = notice.language
    stated = [v for value in notice.stated.values() for v in ((value,) if isinstance(value, str) else value)]
    return [
        (notice.title, TITLE, language),
        (opinion.title_zh if opinion.title_zh != notice.title else "", TITLE_ZH, "zh"),
        (notice.products_text, PRODUCTS, language),
        (notice.summary, BODY, language),
        (notice.text[:MAX_TEXT], BODY, language),
        *((text[:MAX_TEXT], BODY, language) for text in stated),
        (notice.authority, BODY, "en"),
        (" ".join(filter(None, (notice.symbol, *notice.joint_symbols))), BODY, "en"),
    ]


def _text(alert: Alert, opinion: Assessment, concepts: Concepts) -> tuple[tuple[Part, ...], dict[str, int]]:
    parts: list[Part] = []
    named: dict[str, int] = {}
    room = MAX_TERMS
    for text, weight, language in sections(alert, opinion):
        if not text:
            continue
        folded = fold(text[:MAX_TEXT]).text
        words = surface(folded)
        kept = words[: max(room // weight - 1, 0)]
        if not words:
            continue
        if kept:
            parts.append(Part(weight, tuple(kept), tuple(stems(kept, language))))
            room -= (len(kept) + 1) * weight
        for concept in concepts.all(folded):
            named[concept] = named.get(concept, 0) + weight
    for concept in opinion.concepts:
        named.setdefault(concept, 1)
    for concept in concepts.broader(named):  # once: who says "toy" is nearer to toys than who says "doll"
        named[concept] = 1
    return tuple(parts), {concept: min(times, MOST) for concept, times in named.items()}


def _codes(alert: Alert, opinion: Assessment) -> tuple[str, ...]:
    """The alert's HS codes, cut to six digits: products as assessed or corrected; stated codes unless a person decided."""
    codes = {product.hs for product in opinion.products}
    if not any(correction.field == "products" for correction in alert.overlay.corrections):
        codes |= {code.code[:6] for code in alert.notice.hs_codes}
    return tuple(sorted(codes))


def _markets(market: str) -> tuple[str, ...]:
    """Under which markets it is found: its own; the EU's for a member state; a Gulf notification also under each state."""
    groups = tuple(group for group in ("EU", "GCC") if market != group and market in places.expand(group))
    states = tuple(sorted(places.expand(market) - {market})) if market == "GCC" else ()
    return (market, *groups, *states)


def _symbols(alert: Alert) -> tuple[str, ...]:
    notice = alert.notice
    written = (notice.symbol, notice.parent_symbol, *notice.joint_symbols)
    return tuple(dict.fromkeys(part for symbol in written if symbol for part in symbol_family(symbol)))
