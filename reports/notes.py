"""数据来源与说明: where the data come from and until when, how each source was, what is counted, what is not covered."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from crawlers import places
from index.alert import Alert
from reports.edition import Edition, Figures, SourceState
from reports.subscription import Subscription
from reports.words import NOTHING, Words, joined, moment, named, place, say

#: Markets of the Middle East whose governments do not notify to the WTO and have no source here: 未覆盖.
_ASKED_FOR = ("IR", "IQ", "LB", "SY")


@dataclass(frozen=True)
class SourceRow:
    name: Words
    state: str
    state_words: Words
    last_success: Words
    note: str
    url: str
    figures: Words


@dataclass(frozen=True)
class Notes:
    cut_off: Words
    sources: tuple[SourceRow, ...]
    summary: Words  # how many sources, how many of them late or down
    attributions: tuple[str, ...]
    counted: tuple[Words, ...]
    not_covered: tuple[Words, ...]
    following: Words  # what the reader asked for
    unsubscribe: Words
    unsubscribe_url: str


def notes(
    told: Iterable[Alert],
    *,
    sources: Sequence[SourceState],
    cut_off: dt.datetime,
    edition: Edition,
    subscription: Subscription | None,
) -> Notes:
    """`told`: the alerts of the bulletin; their attributions are printed with those of the sources."""
    attributions = {alert.notice.provenance.attribution for alert in told} | {one.attribution for one in sources}
    order = {"down": 0, "late": 1, "never": 2, "ok": 3}
    rows = sorted(sources, key=lambda one: (order[one.state], one.id))
    failed = sum(one.state in {"late", "down"} for one in sources)
    uncovered = [place(code) for code in _ASKED_FOR if not places.is_wto_member(code)]
    if subscription is None:
        unsubscribe = say("unsubscribe_general")
    elif edition.unsubscribe_url:
        unsubscribe = say("unsubscribe_link")
    else:
        unsubscribe = say("unsubscribe_contact", contact=edition.contact or edition.publisher)
    return Notes(
        cut_off=moment(cut_off),
        sources=tuple(_row(one) for one in rows),
        summary=say("sources_summary", n=len(sources), failed=failed) if sources else say("sources_unknown"),
        attributions=tuple(sorted(text for text in attributions if text)),
        counted=(
            say("note_counting"),
            say("note_origin", names=joined([place(code) for code in ("HK", "MO", "TW")], "、", "; ")),
            say("note_level"),
            say("note_green"),
            say("note_predicted"),
            say("note_hs"),
            say("note_dates", days=edition.comment_lead_days),
        ),
        not_covered=(
            say("note_not_covered"),
            say("note_other_access"),
            say("note_uncovered_places", names=joined(uncovered)),
            say("note_advice"),
        ),
        following=say("following", what=subscription.description) if subscription else NOTHING,
        unsubscribe=unsubscribe,
        unsubscribe_url=edition.unsubscribe_url if subscription else "",
    )


def _row(one: SourceState) -> SourceRow:
    last = moment(one.last_success) if one.last_success else say("never_succeeded")
    return SourceRow(one.name, one.state, named("health", one.state), last, one.note, one.url, _figures(one.figures))


def _figures(figures: Figures) -> Words:
    """Lag, counts against the usual, unreadable records, drift: what is known of them."""
    parts = []
    if figures.lag_days is not None:
        parts.append(say("figure_lag", n=f"{figures.lag_days:g}"))
    if figures.count is not None and figures.usual is not None:
        parts.append(say("figure_usual", n=figures.count, days=figures.days, usual=f"{figures.usual:g}"))
    elif figures.count is not None:
        parts.append(say("figure_count", n=figures.count, days=figures.days))
    if figures.error_share:
        parts.append(say("figure_errors", n=f"{100 * figures.error_share:.1f}"))
    if figures.drifted:
        parts.append(say("figure_drift"))
    return joined(parts, "，", ", ")
