"""本期要点: three to six lines, each a fact of a later section; a source that failed is never left out."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from reports.drafts import Drafts, order
from reports.edition import SourceState
from reports.goods_stopped import Stopped
from reports.items import Item
from reports.overview import Overview
from reports.words import Words, joined, say

Tone = Literal["plain", "red", "moved", "warn"]
LINES = 6
RED_LINES = 3
MOVED_LINES = 2
TIED = 3  # causes that are equally frequent


@dataclass(frozen=True)
class Highlight:
    tone: Tone
    words: Words


def highlights(
    overview: Overview,
    items: Sequence[Item],
    drafts: Drafts,
    stopped: Stopped,
    sources: Sequence[SourceState],
) -> tuple[Highlight, ...]:
    """In the order a reader should know them; `items` are all entries of the bulletin: measures, then goods stopped."""
    first = [Highlight("plain", _counts(overview, items))]
    red = [one for one in items if one.level is not None and one.level.shown == "red"]
    reds = [
        Highlight("red", say("highlight_red", title=one.placed, grounds=one.level.grounds))
        for one in red[:RED_LINES]
        if one.level is not None
    ]
    moved = [Highlight("moved", _moved(one)) for one in items if one.moved][:MOVED_LINES]
    comments = [Highlight("plain", _comments(drafts))]
    goods = [Highlight("plain", _goods(stopped))]
    failed = [one for one in sources if one.state in {"late", "down"}]
    warning = (
        [Highlight("warn", say("highlight_sources", n=len(failed), names=joined([one.name for one in failed])))]
        if failed
        else []
    )
    room = LINES - len([*first, *comments, *goods, *warning])
    urgent = [*reds[: room - 1], *moved] if moved else reds  # a moved date is news: it is not crowded out
    return (*first, *urgent[:room], *comments, *goods, *warning)


def _counts(overview: Overview, items: Sequence[Item]) -> Words:
    if overview.related is None:
        return overview.sentence
    kinds = [one.match.kind for one in items if one.match is not None]
    return say(
        "highlight_related",
        sentence=overview.sentence,
        n=len(kinds),
        direct=kinds.count("direct"),
        broad=kinds.count("broad"),
        possible=kinds.count("possible"),
    )


def _moved(one: Item) -> Words:
    date = one.moved[0]
    return say("highlight_moved", title=one.placed, kind=date.kind, was=date.was, now=date.date)


def _comments(drafts: Drafts) -> Words:
    waiting = [draft for draft in (*drafts.closing, *drafts.news) if not draft.over]
    if not waiting:
        return say("highlight_no_comments")
    first = min(waiting, key=order)
    return say(
        "highlight_comments",
        n=len(waiting),
        date=first.deadline.internal,
        left=first.deadline.internal_days,
        title=first.item.placed,
    )


def _goods(stopped: Stopped) -> Words:
    if not stopped.total:
        return stopped.sentence
    causes = Counter(name for table in stopped.tables for stop in table.stops for name in stop.item.hazard_names)
    if not causes:
        return stopped.sentence
    most = max(causes.values())
    tied = sorted((name for name in causes if causes[name] == most), key=lambda name: name.en)
    return say("highlight_goods_cause", sentence=stopped.sentence, cause=joined(tied[:TIED]))
