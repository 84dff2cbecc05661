"""通报概况: how many members notified what, counted as the national standardization body counts.

Each member's record counts as one, also in a joint notification and for addenda; “合并联合通报后为K项” stands beside it.
Everything notified in the period is counted, whoever reads the bulletin; what concerns the reader is said apart.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from index.alert import Alert
from reports.period import Period
from reports.stories import area, is_wto, joint_key, newest
from reports.words import NOTHING, Words, joined, named, place, say

FIELDS_NAMED = 5
BARS = 12


@dataclass(frozen=True)
class MemberCount:
    code: str
    name: Words
    tbt: int
    sps: int
    total: int
    percent: int  # of the longest bar: its width


@dataclass(frozen=True)
class Overview:
    members: int
    total: int
    tbt: int
    sps: int
    merged: int
    related: int | None
    sentence: Words
    breakdown: Words
    fields: Words
    counts: tuple[MemberCount, ...]
    bars: tuple[MemberCount, ...]  # the longest of `counts`; the rest is in the breakdown
    others: int  # members without a bar


def overview(alerts: Sequence[Alert], period: Period, related: int | None = None) -> Overview:
    """`alerts` may reach beyond the period; `related` is the number of records that concern the reader."""
    records = [one for one in newest(alerts) if one.notice.published in period and is_wto(one.notice)]
    notices = [alert.notice for alert in records]
    areas = Counter(area(notice) for notice in notices)
    merged = len({joint_key(notice) for notice in notices})
    per_member: dict[str, Counter[str]] = {}
    for notice in notices:
        per_member.setdefault(notice.market, Counter())[area(notice)] += 1
    longest = max((sum(count.values()) for count in per_member.values()), default=0)
    counts = tuple(
        MemberCount(
            code=code,
            name=place(code, "member"),
            tbt=count["TBT"],
            sps=count["SPS"],
            total=sum(count.values()),
            percent=round(100 * sum(count.values()) / longest),
        )
        for code, count in sorted(per_member.items(), key=lambda pair: (-sum(pair[1].values()), pair[0]))
    )
    numbers = {
        "members": len(counts),
        "total": len(notices),
        "tbt": areas["TBT"],
        "sps": areas["SPS"],
        "merged": merged,
    }
    when = say("this_week") if period.is_week else say("on_these_days", days=period.words)
    if notices:
        sentence = say("overview_sentence", when=when, **numbers)
        breakdown = joined([say("member_count", name=one.name, n=one.total) for one in counts])
    else:
        sentence, breakdown = say("overview_nothing", when=when), NOTHING
    return Overview(
        members=len(counts),
        total=len(notices),
        tbt=areas["TBT"],
        sps=areas["SPS"],
        merged=merged,
        related=related,
        sentence=sentence,
        breakdown=say("breakdown", names=breakdown) if notices else NOTHING,
        fields=_fields(records),
        counts=counts,
        bars=counts[:BARS],
        others=max(0, len(counts) - BARS),
    )


def _fields(alerts: Iterable[Alert]) -> Words:
    """The industries the notifications touch most, by our classification: so it is said to be."""
    found = Counter(
        opinion.industry for alert in alerts for opinion in alert.effective.industries if opinion.industry != "other"
    )
    if not found:
        return NOTHING
    order = sorted(found.items(), key=lambda pair: (-pair[1], pair[0]))[:FIELDS_NAMED]
    return say("fields", names=joined([say("field_count", name=named("industry", key), n=n) for key, n in order]))
