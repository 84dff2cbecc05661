"""`compose`: the weekly bulletin, pure over a list of alerts and plain arguments; `render` says how it looks.

Nine sections (FIELD.md): masthead, highlights, notification overview, table of notifications, drafts worth commenting,
goods stopped, statistics, advice, sources and notes. One event appears once. Nothing here is titled 风险预警: that word
belongs to what a named person approved.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from index.alert import Alert
from reports.advice import Advice, advice
from reports.drafts import Drafts, drafts
from reports.edition import Edition, SourceState
from reports.goods_stopped import Stopped, concerns, of_chinese_origin, stopped
from reports.highlights import Highlight, highlights
from reports.items import Item, item
from reports.matching import Match, match, reaches, your_level
from reports.notes import Notes, notes
from reports.overview import Overview, overview
from reports.period import Period
from reports.statistics import Block, statistics
from reports.stories import STOPPING_KINDS, Story, is_wto, newest, stories
from reports.subscription import Subscription
from reports.words import Words, long_date, say

#: How far back a draft may have been published to be called to mind before its internal collection date.
REMINDED_FOR = dt.timedelta(days=180)


@dataclass(frozen=True)
class Masthead:
    title: Words
    number: Words
    week: str  # 2026-W46, or empty
    dates: Words
    publisher: Words
    reader: Words
    following: Words
    compiled: Words


@dataclass(frozen=True)
class Listing:
    """A table, highest level first; `left_out` entries are counted, not shown."""

    items: tuple[Item, ...]
    left_out: int

    @property
    def total(self) -> int:
        return len(self.items) + self.left_out


@dataclass(frozen=True)
class Bulletin:
    """The context of both renderings in both languages."""

    key: str  # 2026-W46-<subscription>: names files and the issue in the ledger
    period: Period
    as_of: dt.date
    subscription: Subscription | None
    edition: Edition
    masthead: Masthead
    highlights: tuple[Highlight, ...]
    overview: Overview
    notifications: Listing
    acts: Listing
    drafts: Drafts
    stopped: Stopped
    statistics: tuple[Block, ...]
    advice: tuple[Advice, ...]
    notes: Notes

    @property
    def empty(self) -> bool:
        """Nothing concerns the reader: said so, with the state of the sources - never a blank page."""
        return not (self.notifications.items or self.acts.items or self.stopped)

    @property
    def told(self) -> tuple[tuple[str, int], ...]:
        """(alert id, version) of everything told: what the ledger remembers."""
        shown = [*self.notifications.items, *self.acts.items]
        shown += [stop.item for table in self.stopped.tables for stop in table.stops]
        shown += [stop.item for stop in self.stopped.similar]
        shown += [draft.item for draft in self.drafts.closing]
        return tuple(sorted({pair for one in shown for pair in one.members}))


def compose(
    alerts: Iterable[Alert],
    *,
    period: Period,
    as_of: dt.date,
    cut_off: dt.datetime,
    edition: Edition | None = None,
    subscription: Subscription | None = None,
    found: Mapping[str, Sequence[str]] | None = None,
    sources: Sequence[SourceState] = (),
    complete_from: dt.date | None = None,
) -> Bulletin:
    """The bulletin of `period` for `subscription` (None: the general edition).

    `alerts`: everything published in the period, and as much of the time before as there is - the days before and the
    same week of last year (comparisons), open drafts (reminders), earlier parts of events (time lines). `as_of`: the
    day days left are counted from. `cut_off`: when the data were read. `found`: alert id → the subscriber's words that
    found it (`reports.searching.found`). `complete_from`: the first day the data are whole from, where known.
    """
    edition = edition or Edition()
    known = newest(alerts)
    tellable = [alert for alert in known if alert.overlay.status != "dismissed"]
    matches = None if subscription is None else _matches(subscription, tellable, found or {}, as_of)
    pairs = [(story, item(story, as_of=as_of, edition=edition)) for story in stories(tellable, period, matches)]
    pairs.sort(key=lambda pair: pair[1].sort_key)
    measures = [(story, one) for story, one in pairs if story.lead.notice.kind not in STOPPING_KINDS]
    stops = [(story, one) for story, one in pairs if story.lead.notice.kind in STOPPING_KINDS]

    notified = _listing([one for story, one in measures if is_wto(story.lead.notice)], edition)
    acts = _listing([one for story, one in measures if not is_wto(story.lead.notice)], edition)
    open_drafts = drafts(
        [(story.lead, one) for story, one in measures],
        _older(tellable, period, matches, as_of, edition, told={story.event for story, _ in pairs}),
        edition,
    )
    goods = stopped(stops, subscription, concerns(tellable), edition)
    entered = [stop.item for table in goods.tables for stop in table.stops] + [stop.item for stop in goods.similar]
    shown = [*notified.items, *acts.items, *entered]
    ids = {alert_id for one in shown for alert_id, _ in one.members}
    told = [alert for alert in known if alert.id in ids]
    related = None if matches is None else _related(known, period, matches)
    counted = overview(known, period, related)
    return Bulletin(
        key=f"{period.key}-{subscription.id if subscription else 'general'}",
        period=period,
        as_of=as_of,
        subscription=subscription,
        edition=edition,
        masthead=_masthead(period, as_of, edition, subscription),
        highlights=highlights(counted, shown, open_drafts, goods, sources),
        overview=counted,
        notifications=notified,
        acts=acts,
        drafts=open_drafts,
        stopped=goods,
        statistics=statistics(known, period, of_chinese_origin, complete_from),
        advice=advice(told, as_of),
        notes=notes(told, sources=sources, cut_off=cut_off, edition=edition, subscription=subscription),
    )


def _matches(
    subscription: Subscription, alerts: Sequence[Alert], found: Mapping[str, Sequence[str]], as_of: dt.date
) -> dict[str, Match]:
    matches = {}
    for alert in alerts:
        # Goods stopped elsewhere may be a warning about a similar product: section 6 decides (goods_stopped.ground).
        any_origin = alert.notice.kind in STOPPING_KINDS
        one = match(subscription, alert, found.get(alert.id, ()), any_origin=any_origin)
        if one is not None and reaches(subscription, your_level(alert, one, as_of)):
            matches[alert.id] = one
    return matches


def _listing(items: list[Item], edition: Edition) -> Listing:
    return Listing(tuple(items[: edition.rows]), max(0, len(items) - edition.rows))


def _older(
    alerts: Sequence[Alert],
    period: Period,
    matches: Mapping[str, Match] | None,
    as_of: dt.date,
    edition: Edition,
    told: set[str],
) -> list[tuple[Alert, Item]]:
    """Stories without news in the period: their open drafts may be called to mind."""
    before = Period(period.start - REMINDED_FOR, period.start - dt.timedelta(days=1))
    found: list[tuple[Story, Item]] = [
        (story, item(story, as_of=as_of, edition=edition))
        for story in stories(alerts, before, matches)
        if story.event not in told and story.lead.notice.kind not in STOPPING_KINDS
    ]
    return [(story.lead, one) for story, one in found]


def _related(alerts: Sequence[Alert], period: Period, matches: Mapping[str, Match]) -> int:
    return sum(alert.id in matches and alert.notice.published in period and is_wto(alert.notice) for alert in alerts)


def _masthead(period: Period, as_of: dt.date, edition: Edition, subscription: Subscription | None) -> Masthead:
    return Masthead(
        title=say("title_week") if period.is_week else say("title_days"),
        number=period.number,
        week=period.key if period.is_week else "",
        dates=period.words,
        publisher=edition.publisher,
        reader=Words(subscription.name, subscription.name) if subscription else say("everyone", city=edition.city),
        following=subscription.description if subscription else say("follows_all"),
        compiled=long_date(as_of),
    )
