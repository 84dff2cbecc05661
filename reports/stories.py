"""`Story`: one event, told once: the alerts of the period that belong together, and what came before them.

Alerts belong together by `alert.event`, and by the symbols of a joint WTO notification, whatever order they came in.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from crawlers import places
from crawlers.notice import INCIDENT_KINDS, Notice
from index.alert import Alert
from reports.matching import Match, best
from reports.period import Period
from reports.words import Words, joined, place

_WTO_SYMBOL = re.compile(r"G/(TBT|SPS)/N/([A-Z]{2,4})/\S+")
#: What stops goods or holds them up: section 6. Everything else is a measure or news of one.
STOPPING_KINDS: frozenset[str] = INCIDENT_KINDS | {"import_alert", "inspection_order"}


@dataclass(frozen=True)
class Story:
    """`news` and `earlier` are in order of publication; `lead` is the part of the news the entry is about."""

    event: str
    lead: Alert
    news: tuple[Alert, ...]
    earlier: tuple[Alert, ...] = ()
    match: Match | None = None

    @property
    def alerts(self) -> tuple[Alert, ...]:
        return (*self.earlier, *self.news)


def area(notice: Notice) -> str:
    """`TBT` or `SPS` for a WTO notification, by its own symbol; empty for everything else."""
    if notice.kind != "notification":
        return ""
    for symbol in (notice.symbol, *notice.joint_symbols):
        found = _WTO_SYMBOL.match(symbol)
        if found:
            return found[1]
    return ""


def is_wto(notice: Notice) -> bool:
    return notice.kind == "notification" and (bool(area(notice)) or notice.register_name.startswith("wto"))


def newest(alerts: Iterable[Alert]) -> list[Alert]:
    """Each alert once, in its highest version, by id: a list that was read in two parts may hold it twice."""
    known: dict[str, Alert] = {}
    for alert in alerts:
        if alert.id not in known or known[alert.id].version <= alert.version:
            known[alert.id] = alert
    return [known[alert_id] for alert_id in sorted(known)]


def joint_key(notice: Notice) -> tuple[str, ...]:
    """What a notification is counted by once joint ones are merged: all its symbols, or its own id."""
    symbols = tuple(sorted({*notice.joint_symbols, *([notice.symbol] if notice.symbol else [])}))
    return symbols or (notice.id,)


def stories(alerts: Iterable[Alert], period: Period, matches: Mapping[str, Match] | None = None) -> list[Story]:
    """The events with news in `period`, ordered by the id of the event.

    `matches` (alert id → match): only these make news, the other parts of their event are told as what came before;
    None: every alert of the period is news.
    """
    found = []
    for members in _together(alerts):
        news = [a for a in members if a.notice.published in period and (matches is None or a.id in matches)]
        if not news:
            continue
        ids = {alert.id for alert in news}
        last = max(alert.notice.published for alert in news)
        # Of several on one day the nearest match leads, then the first id: joint members are equal but for the member.
        latest = [alert for alert in news if alert.notice.published == last]
        lead = min(latest, key=lambda alert: (_distance(matches, alert.id), alert.id))
        found.append(
            Story(
                event=min(alert.event or alert.id for alert in members),
                lead=lead,
                news=tuple(news),
                earlier=tuple(
                    alert for alert in members if alert.id not in ids and alert.notice.published <= period.end
                ),
                match=None if matches is None else best(matches.get(alert.id) for alert in news),
            )
        )
    return sorted(found, key=lambda story: story.event)


def markets(story: Story) -> tuple[str, ...]:
    """Codes of all members of a joint notification (also those whose record is not at hand), else of the news."""
    codes = [alert.notice.market for alert in story.news]
    for symbol in story.lead.notice.joint_symbols:
        found = _WTO_SYMBOL.match(symbol)
        code = places.code(found[2]) if found else None
        if code:
            codes.append(code)
    return tuple(sorted(set(codes)))


def market_words(story: Story) -> Words:
    """国家(地区): one name; a joint Gulf notification stands under 海合会 with its members beside it."""
    column: places.Column = "member" if is_wto(story.lead.notice) else "origin"
    codes = markets(story)
    names = joined([place(code, column) for code in codes])
    if len(codes) > 1 and set(codes) <= places.GSO_STATES:
        gulf = place("GCC")
        return Words(f"{gulf.zh}（{names.zh}）", f"{gulf.en} ({names.en})")
    return names


def _distance(matches: Mapping[str, Match] | None, alert_id: str) -> int:
    order = {"direct": 0, "broad": 1, "possible": 2}
    return order[matches[alert_id].kind] if matches and alert_id in matches else 3


def _together(alerts: Iterable[Alert]) -> list[list[Alert]]:
    """The alerts of each event in order of publication: joined by event id, and by the symbols of joint ones."""
    parent: dict[str, str] = {}

    def root(key: str) -> str:
        parent.setdefault(key, key)
        while parent[key] != key:
            parent[key] = parent[parent[key]]
            key = parent[key]
        return key

    unique = newest(alerts)
    for alert in unique:
        keys = [f"event {alert.event or alert.id}"]
        if len(alert.notice.joint_symbols) > 1:
            keys.append("joint " + " ".join(joint_key(alert.notice)))
        for key in keys:
            parent[root(key)] = root(f"alert {alert.id}")
    members: dict[str, list[Alert]] = {}
    for alert in sorted(unique, key=lambda alert: (alert.notice.published, alert.id)):
        members.setdefault(root(f"alert {alert.id}"), []).append(alert)
    return list(members.values())
