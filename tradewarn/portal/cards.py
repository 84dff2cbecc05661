"""What the pages show of an alert: dates with days left, marked passages, grounds as a reader can check them. Pure."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from crawlers import places
from index.alert import Alert
from index.store import Highlight
from nlp import hs, level
from nlp.assessment import Evidence, Product
from nlp.headline import gist, headline
from nlp.words import Lang, word
from reports.advice import Topic
from reports.advice import table as advice_table
from reports.subscription import dotted
from tradewarn.portal.labels import days, label

SOON = 15  # days: what is due within them is shown in red
QUOTES, CONTEXT = 4, 48
PREDICTED = frozenset({"model", "retrieved"})
Segment = tuple[str, bool]  # text, and whether it is marked


@dataclass(frozen=True)
class Due:
    """One date that matters, with what is left of it. `tone`: soon, over, or nothing."""

    name: str
    date: dt.date
    left: str
    tone: str = ""
    was: dt.date | None = None


def card(alert: Alert, day: dt.date, lang: Lang, highlights: Sequence[Highlight] = ()) -> dict[str, Any]:
    """What a list shows of an alert; every value the analyst's where there is one."""
    notice, opinion = alert.notice, alert.effective
    shown = headline(opinion.title_zh) if lang == "zh" and opinion.title_zh else notice.title
    marks = {found.field: found.marks for found in highlights}
    own = "title_zh" if lang == "zh" and opinion.title_zh else "title"
    return {
        "alert": alert,
        "notice": notice,
        "opinion": opinion,
        "title": shown,
        "title_language": "zh-CN" if own == "title_zh" else notice.language,
        "title_marked": segments(shown, marks.get(own, ())),
        "original_marked": segments(notice.title, marks.get("title", ())) if own == "title_zh" else (),
        "passages": [
            (label(f"field_{one.field}", lang), segments(one.text, one.marks))
            for one in highlights
            if not one.field.startswith("title")
        ][: 1 if marks.get(own) else 2],
        "products": _named(opinion.products, lang),
        "span": level.at(opinion.levels, day),
        "due": next(iter(dues(alert, day, lang, lead=None)), None),
        "withdrawn": notice.withdrawn or notice.stage == "withdrawn",
    }


def _named(products: Sequence[Product], lang: Lang) -> list[tuple[Product, str]]:
    """Each product with its name; a name that stands already (three headings of one chapter) is not said again."""
    told: set[str] = set()
    pairs = []
    for product in products:
        name = hs.name(product.hs, lang)
        pairs.append((product, "" if name in told else name))
        told.add(name)
    return pairs


def web(url: str) -> str:
    """An address a reader may be sent to; empty for any scheme but the web's (what a source says is not trusted)."""
    return url if url.lower().startswith(("https://", "http://")) else ""


def segments(text: str, marks: Iterable[tuple[int, int]]) -> tuple[Segment, ...]:
    """`text` cut at its marks; marks that reach beyond it (a title cut short) are left out."""
    pieces: list[Segment] = []
    at = 0
    for start, end in sorted(marks):
        if start < at or end > len(text):
            continue
        pieces += [(text[at:start], False), (text[start:end], True)]
        at = end
    pieces.append((text[at:], False))
    return tuple(piece for piece in pieces if piece[0])


def dues(alert: Alert, day: dt.date, lang: Lang, *, lead: dt.timedelta | None) -> list[Due]:
    """The dates to act on, the next first. `lead`: how long before the deadline we collect comments (None: leave out)."""
    notice = alert.notice
    if notice.withdrawn or notice.stage == "withdrawn":
        return []  # nothing is due of what was withdrawn
    moved = {stone.date: stone.replaces for stone in notice.milestones if stone.replaces is not None}
    found: list[Due] = []
    deadline = level.comment_deadline(notice)
    if deadline is not None and deadline >= day:
        if lead is not None:
            found.append(_deadline("internal_until", max(deadline - lead, notice.published), day, lang))
        found.append(_deadline("comment_until", deadline, day, lang, moved.get(deadline)))
    dates = level.application_dates(notice)
    for date in [one for one in dates if one >= day]:
        n = (date - day).days
        tone = "soon" if n <= SOON else ""
        found.append(Due(label("applies_from", lang), date, days("starts", n, lang), tone, moved.get(date)))
    past = [one for one in dates if one < day]
    if past:
        found.append(Due(label("applies_from", lang), past[-1], label("applied", lang), "over", moved.get(past[-1])))
    if deadline is not None and deadline < day:
        found.append(_deadline("comment_until", deadline, day, lang, moved.get(deadline)))
    return found


def _deadline(name: str, date: dt.date, day: dt.date, lang: Lang, was: dt.date | None = None) -> Due:
    n = (date - day).days
    if n < 0:
        return Due(label(name, lang), date, label("over", lang), "over", was)
    return Due(label(name, lang), date, days("left", n, lang), "soon" if n <= SOON else "", was)


def brief(alert: Alert, lang: Lang) -> str:
    """The brief without what the page shows in places of its own."""
    return gist(alert.effective.brief_zh if lang == "zh" else alert.effective.brief_en)


def grounds(alert: Alert, lang: Lang) -> list[dict[str, Any]]:
    """Every opinion with what it rests on: group, value, how it was found, and the authority's words in their context."""
    opinion = alert.effective
    rows: list[dict[str, Any]] = []
    corrected = {correction.field for correction in alert.overlay.corrections}

    def add(group: str, value: str, how: str, evidence: Sequence[Evidence], *, guess: bool = False) -> None:
        rows.append(
            {
                "group": label(group, lang),
                "value": value,
                "how": "" if group in corrected else how,
                "by_person": group in corrected,
                "guess": guess,
                "quotes": [quote(alert, one, lang) for one in evidence[:QUOTES]],
            }
        )

    for item in opinion.products:
        name = f"{dotted(item.hs)} {hs.name(item.hs, lang)}"
        add("products", name, _method(item, lang), item.evidence, guess=item.method in PREDICTED)
    for industry in opinion.industries:
        name = word("industry", industry.industry, lang)
        add("industries", name, _method(industry, lang), industry.evidence, guess=industry.method in PREDICTED)
    for hazard in opinion.hazards:
        name = word("hazard", hazard.hazard, lang)
        add("hazards", name, _method(hazard, lang), hazard.evidence, guess=hazard.method in PREDICTED)
    if opinion.severity.basis != "none":
        how = " · ".join(
            part for part in (word("severity_basis", opinion.severity.basis, lang), opinion.severity.rule) if part
        )
        add("severity", word("severity", opinion.severity.value, lang), how, opinion.severity.evidence)
    if opinion.measure.basis != "none":
        add("measure", word("measure", opinion.measure.value, lang), "", opinion.measure.evidence)
    if opinion.reach.value:
        add("reach", word("reach", opinion.reach.value, lang), "", opinion.reach.evidence)
    return rows


def _method(opinion: Any, lang: Lang) -> str:
    name = word("method", opinion.method, lang)
    return f"{name} {opinion.probability:.0%}" if opinion.method in PREDICTED else name


def quote(alert: Alert, one: Evidence, lang: Lang) -> dict[str, Any]:
    """A ground as it stands in the original: the words marked, some words around them, and the field's name."""
    whole = getattr(alert.notice, one.field, "")
    pieces: tuple[Segment, ...] = ((one.text, True),)
    if isinstance(whole, str) and one.end > one.start and whole[one.start : one.end] == one.text:
        left, right = max(0, one.start - CONTEXT), min(len(whole), one.end + CONTEXT)
        before = ("…" if left else "") + whole[left : one.start]
        after = whole[one.end : right] + ("…" if right < len(whole) else "")
        pieces = tuple(piece for piece in ((before, False), (one.text, True), (after, False)) if piece[0])
    ours = {"kind": lambda: word("kind", one.text, lang), "origins": lambda: places.name(one.text, lang)}
    if one.field in ours:  # our own value, not the authority's words: told in the reader's language, without quotes
        pieces = ((ours[one.field](), False),)
    return {"field": label(f"field_{one.field}", lang), "pieces": pieces, "verbatim": one.field not in ours}


def advice(alert: Alert, lang: Lang) -> list[tuple[str, list[str]]]:
    """What to check, per measure and hazard of this alert (`reports/advice.yml`): (of what, lines)."""
    opinion, table = alert.effective, advice_table()
    keys: list[tuple[Topic, str, str]] = [("hazards", "hazard", one.hazard) for one in opinion.hazards[:2]]
    if opinion.measure.basis != "none":
        keys.insert(0, ("measures", "measure", opinion.measure.value))
    found = []
    for topic, values, key in keys:
        lines = table[topic].get(key)
        if lines:
            found.append((word(values, key, lang), [line.of(lang) for line in lines]))
    return found
