"""重点通报与评议提醒: drafts worth commenting, the internal collection date first, and the two routes for comments.

A draft enters with its news while comments are still open, if it concerns the reader directly or broadly - in the
general edition, if its level is above green. An older draft enters once more, in the bulletin before its internal
collection date comes.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass

from index.alert import Alert
from nlp import level as levels
from reports.edition import Edition
from reports.items import Deadline, Item
from reports.words import Words, same, say

#: The bulletin is weekly: an internal date within the next seven days is the last chance to speak of it.
REMINDER = dt.timedelta(days=7)
SHOWN = 12
#: Where anyone may take part directly, by market: the public's own door, without going through a government.
DIRECT: dict[str, tuple[Words, str]] = {
    "US": (same("regulations.gov"), "https://www.regulations.gov/"),
    "EU": (same("Have your say"), "https://ec.europa.eu/info/law/better-regulation/have-your-say_en"),
    "JP": (Words("e-Gov パブリック・コメント", "e-Gov public comment"), "https://public-comment.e-gov.go.jp/"),
    "GB": (same("GOV.UK consultations"), "https://www.gov.uk/search/policy-papers-and-consultations"),
}


@dataclass(frozen=True)
class Route:
    title: Words
    lines: tuple[Words, ...]
    links: tuple[tuple[Words, str], ...] = ()


@dataclass(frozen=True)
class Draft:
    item: Item
    deadline: Deadline
    urgency: Words  # how many days to the internal date, or that it is over
    over: bool  # the internal date is over, the authority's is not
    direct: tuple[Words, str] | None  # name and address of the direct door


@dataclass(frozen=True)
class Drafts:
    news: tuple[Draft, ...]
    closing: tuple[Draft, ...]
    left_out: int
    routes: tuple[Route, ...]

    def __bool__(self) -> bool:
        return bool(self.news or self.closing)


def drafts(news: Sequence[tuple[Alert, Item]], earlier: Sequence[tuple[Alert, Item]], edition: Edition) -> Drafts:
    """`news`: stories of the period; `earlier`: stories that have none. Each as (its leading alert, its item)."""
    fresh = _drafts(news)
    closing = [draft for draft in _drafts(earlier) if 0 <= draft.deadline.internal_days < REMINDER.days]
    left = max(0, len(fresh) - SHOWN) + max(0, len(closing) - SHOWN)
    return Drafts(tuple(fresh[:SHOWN]), tuple(closing[:SHOWN]), left, _routes(edition))


def _open(alert: Alert, one: Item) -> Deadline | None:
    """Its deadline, while the act is a draft that is still open and is not for other origins only."""
    if one.withdrawn or one.deadline is None or one.deadline.days < 0:
        return None
    if not levels.is_draft(alert.notice) or alert.effective.reach.value == "other_origins":
        return None
    return one.deadline


def _worth(one: Item) -> bool:
    if one.match is not None:
        return one.match.kind in {"direct", "broad"}
    return one.level is not None and one.level.base != "green"


def _drafts(entries: Sequence[tuple[Alert, Item]]) -> list[Draft]:
    found = []
    for alert, one in entries:
        deadline = _open(alert, one)
        if deadline is None or not _worth(one):
            continue
        over = deadline.internal_days < 0
        urgency = say("internal_over") if over else say("internal_left", n=deadline.internal_days)
        found.append(Draft(one, deadline, urgency, over, DIRECT.get(alert.notice.market)))
    return sorted(found, key=order)


def order(draft: Draft) -> tuple[dt.date, str]:
    """The internal collection date first."""
    return draft.deadline.internal, draft.item.event


def _routes(edition: Edition) -> tuple[Route, ...]:
    unset = say("enquiry_point_unset")
    point = Words(edition.enquiry_point.zh or unset.zh, edition.enquiry_point.en or unset.en)
    checked = (
        say("checked_on", date=edition.enquiry_point_checked) if edition.enquiry_point_checked else say("not_checked")
    )
    through = Route(
        say("route_official"),
        (
            say("route_official_how", city=edition.city, days=edition.comment_lead_days),
            say("route_official_where", point=point, checked=checked),
        ),
    )
    direct = Route(say("route_direct"), (say("route_direct_how"),), tuple(DIRECT[code] for code in sorted(DIRECT)))
    return through, direct
