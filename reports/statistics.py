"""统计分析: by market, product and cause, the top three with shares, against last week and the same week last year.

Every share has its denominator beside it. A comparison counts only the registers that have data in both periods, and is
left out, with the reason, where there are none: a gap in the data is not a fall in the number.
"""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from crawlers import places
from crawlers.notice import INCIDENT_KINDS
from index.alert import Alert
from reports.period import Period
from reports.stories import is_wto, newest
from reports.words import Words, group, joined, named, say

TOP = 3
SMALL = 10  # a percentage of fewer says nothing
Keys = Callable[[Alert], Iterable[str]]


@dataclass(frozen=True)
class Share:
    name: Words
    n: int
    percent: int


@dataclass(frozen=True)
class Ranking:
    title: Words
    note: Words  # the denominator, and what a reader must know of it
    shares: tuple[Share, ...]
    others: int  # further classes, not shown
    sentence: Words


@dataclass(frozen=True)
class Block:
    title: Words
    n: int
    basis: Words  # what is counted
    rankings: tuple[Ranking, ...]
    last: Words  # against the days before
    year: Words  # against the year before


def statistics(
    alerts: Sequence[Alert], period: Period, chinese: Callable[[Alert], bool], complete_from: dt.date | None = None
) -> tuple[Block, ...]:
    """`alerts` reach back as far as the caller has them; `chinese` says what is of Chinese origin.

    `complete_from`: the first day the data are whole from, where the caller knows it.
    """
    notified = _Counted(alerts, lambda alert: is_wto(alert.notice), period, complete_from)
    incidents = _Counted(
        alerts, lambda alert: alert.notice.kind in INCIDENT_KINDS and chinese(alert), period, complete_from
    )
    return (
        notified.block(
            "statistics_notified",
            (("by_market", _market, _group_name), ("by_product", _industry, _industry_name)),
        ),
        incidents.block(
            "statistics_incidents",
            (
                ("by_market", _market, _group_name),
                ("by_product", _industry, _industry_name),
                ("by_cause", _hazard, _hazard_name),
            ),
        ),
    )


class _Counted:
    def __init__(
        self, alerts: Sequence[Alert], wanted: Callable[[Alert], bool], period: Period, complete_from: dt.date | None
    ) -> None:
        self.all = newest(alerts)
        self.wanted = wanted
        self.period = period
        self.complete_from = complete_from
        self.now = self.counted(period)

    def counted(self, period: Period) -> list[Alert]:
        return [alert for alert in self.all if alert.notice.published in period and self.wanted(alert)]

    def block(self, key: str, rankings: Sequence[tuple[str, Keys, Callable[[str], Words]]]) -> Block:
        n = len(self.now)
        return Block(
            title=say(key),
            n=n,
            basis=say(f"{key}_basis", n=n),
            rankings=tuple(self.ranking(*one) for one in rankings) if n else (),
            last=self.against(self.period.before(), "last"),
            year=self.against(self.period.year_before(), "year"),
        )

    def ranking(self, key: str, keys: Keys, name: Callable[[str], Words]) -> Ranking:
        counts: Counter[str] = Counter()
        several = without = 0
        for alert in self.now:
            found = set(keys(alert))
            counts.update(found)
            several += len(found) > 1
            without += not found
        n = len(self.now)
        order = sorted(counts.items(), key=lambda pair: (-pair[1], pair[0]))
        shares = tuple(Share(name(one), count, round(100 * count / n)) for one, count in order[:TOP])
        notes = [say("denominator", n=n)]
        if several:
            notes.append(say("counted_more_than_once", n=several))
        if without:
            notes.append(say("not_determined", n=without))
        told = joined([say("share", name=share.name, n=share.n, percent=share.percent) for share in shares])
        return Ranking(
            title=say(key),
            note=joined(notes, "；", "; "),
            shares=shares,
            others=max(0, len(order) - TOP),
            sentence=told,
        )

    def against(self, before: Period, which: str) -> Words:
        """How the number moved, on the registers with data in both periods; else why there is no comparison."""
        key = f"{which}_{'week' if self.period.is_week else 'days'}"
        label = say(key, days=before.words)
        if self.complete_from is not None and before.start < self.complete_from:
            return say("no_comparison", label=label)
        then_any = {alert.notice.register_name for alert in self.all if alert.notice.published in before}
        now_any = {alert.notice.register_name for alert in self.all if alert.notice.published in self.period}
        shared = then_any & now_any
        if not shared:
            return say("no_comparison", label=label)
        then = sum(alert.notice.register_name in shared for alert in self.counted(before))
        now = sum(alert.notice.register_name in shared for alert in self.now)
        words = say("comparison", label=label, then=then, now=now, change=_change(then, now))
        if now_any - shared:
            words = joined([words, say("same_basis", n=len(shared), all=len(now_any))], "", "")
        return words


def _change(then: int, now: int) -> Words:
    if now == then:
        return say("no_change")
    key = "more" if now > then else "fewer"
    if then < SMALL:
        return say(f"{key}_of_few", n=abs(now - then))
    return say(key, n=abs(now - then), percent=round(100 * abs(now - then) / then))


def _market(alert: Alert) -> Iterable[str]:
    return [places.group(alert.notice.market)]


def _group_name(key: str) -> Words:
    return next(group(one) for one in places.GROUP_NAMES if one == key)


def _industry(alert: Alert) -> Iterable[str]:
    return [opinion.industry for opinion in alert.effective.industries]


def _industry_name(key: str) -> Words:
    return named("industry", key)


def _hazard(alert: Alert) -> Iterable[str]:
    return [opinion.hazard for opinion in alert.effective.hazards]


def _hazard_name(key: str) -> Words:
    return named("hazard", key)
