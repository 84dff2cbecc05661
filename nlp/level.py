"""The early-warning level 风险等级: a pure rule over the facts and the other opinions (FIELD.md, "Scales").

An alert's base level 通用级别 is a time line, computed once; `at` reads the level of a day. The rule in full:

=======  ==========================================================================  ==================================
level    holds for                                                                   from (included) - until (excluded)
=======  ==========================================================================  ==================================
red      a ban, or a new certification/registration duty, adopted, reaching China    A - 180 days  -  A + 30 days
         an import alert reaching China                                              A - 180 days  -  A + 30 days
         a high-severity incident of Chinese origin                                  P  -  P + 31 days
yellow   an adopted measure that stops, tests, limits or marks goods                 A - 365 days  -  A + 30 days
         a ban or import alert reaching China, in force                              A + 30 days   -  A + 365 days
         an open draft in a key industry                                             P  -  the day after the deadline
         a medium-severity incident of Chinese origin                                P  -  P + 365 days
         a high-severity incident of Chinese origin, older than 30 days              P + 31 days   -  P + 365 days
green    the rest, and what was withdrawn or names other origins only                -
=======  ==========================================================================  ==================================

P = published, A = each date of application (entry into force where none is given; else P for what binds at once).
No span begins before P. FIELD.md says when a level begins but not when it ends; so that red stays rare, what has
begun to apply stays at its level for 30 days more - the same 30 days FIELD.md gives an incident - and then steps down.
A draft is never red: its dates are proposals, and about one notification in nine proved a real barrier.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

from crawlers.notice import INCIDENT_KINDS, Notice
from nlp.assessment import (
    KEY_INDUSTRIES,
    IndustryOpinion,
    Level,
    LevelSpan,
    MeasureOpinion,
    ReachOpinion,
    SeverityOpinion,
)

Match = Literal["direct", "broad", "possible"]

RED_AHEAD = dt.timedelta(days=180)
YELLOW_AHEAD = dt.timedelta(days=365)
FRESH = dt.timedelta(days=30)
INCIDENT_RED = dt.timedelta(days=31)  # "not older than 30 days": the thirtieth day still counts
INCIDENT_YELLOW = dt.timedelta(days=365)
#: A draft without a deadline is taken as open for the 60 days the TBT Committee recommends (G/TBT/9, 2000).
COMMENT_PERIOD = dt.timedelta(days=60)

_DRAFT_KINDS = frozenset({"proposed_rule", "consultation"})
_RANK: dict[Level, int] = {"green": 0, "yellow": 1, "red": 2}
#: Adopted acts below this rung of the ladder do not change what an exporter must do.
_BINDING = frozenset({"labelling", "standard", "conformity", "inspection", "recall", "rejection", "ban"})

#: Grounds 依据: key → (zh, en). "{0}" is the part of a ground behind its colon, usually a date.
GROUNDS: dict[str, tuple[str, str]] = {
    "ban": ("禁令涉及中国产品，自{0}起适用", "a ban that reaches China applies from {0}"),
    "import_alert": (
        "进口警示/自动扣留涉及中国产品，自{0}起适用",
        "an import alert that reaches China applies from {0}",
    ),
    "conformity": (
        "新的认证、注册或合格评定要求涉及中国产品，自{0}起适用",
        "a new certification, registration or conformity-assessment duty that reaches China applies from {0}",
    ),
    "incident_high": (
        "原产中国产品的高严重程度事件，发布未超过30日",
        "a high-severity incident of Chinese origin, not older than 30 days",
    ),
    "adopted": ("已通过的措施，自{0}起适用", "an adopted measure applies from {0}"),
    "stop_in_force": (
        "禁令或进口警示仍涉及中国产品，{0}起已适用",
        "a ban or import alert that reaches China, applied since {0}",
    ),
    "draft_open": (
        "重点产业的草案，评议期至{0}",
        "a draft in a key industry, open for comments until {0}",
    ),
    "draft_open_undated": (
        "重点产业的草案，未载明评议截止日期，按通报后60日（至{0}）计",
        "a draft in a key industry without a stated deadline, taken as open for 60 days (until {0})",
    ),
    "incident_medium": ("原产中国产品的中等严重程度事件", "a medium-severity incident of Chinese origin"),
    "incident_high_aged": (
        "原产中国产品的高严重程度事件，发布已超过30日",
        "a high-severity incident of Chinese origin, older than 30 days",
    ),
    "withdrawn": ("通报或措施已撤销", "the notice or measure was withdrawn"),
    "other_origins": ("仅针对其他国家（地区）的产品", "concerns goods of other origins only"),
    "draft_other_industry": ("草案，不属于重点产业", "a draft outside the key industries"),
    "draft_closed": ("草案的评议期已结束，尚未见通过", "a draft whose comment period is over; adoption not yet seen"),
    "in_force": ("措施已于{0}起适用", "the measure has applied since {0}"),
    "not_yet_near": ("措施适用日期在365日之后", "the measure applies in more than 365 days"),
    "incident_other_origin": ("事件产品的原产地非中国内地或未载明", "an incident of other or unstated origin"),
    "incident_low": (
        "原产中国产品的事件，严重程度低或未判定",
        "an incident of Chinese origin, of low or undetermined severity",
    ),
    "incident_old": ("事件发布已满一年", "an incident a year old or older"),
    "no_duty": ("未见对产品的新要求", "no new duty for goods was found"),
}

#: Printed with every green level (FIELD.md): green is "general attention", not approval.
GREEN_CAVEAT = ("不代表合格或安全", "this does not mean conforming or safe")

LEVEL_NAMES: dict[Level, tuple[str, str]] = {
    "red": ("红色", "red"),
    "yellow": ("黄色", "yellow"),
    "green": ("一般关注", "general attention"),
}

#: 您的级别 = base level × match. A broad match lowers red by one step; a possible one lowers every level by one.
_YOURS: dict[Level, dict[Match, Level]] = {
    "red": {"direct": "red", "broad": "yellow", "possible": "yellow"},
    "yellow": {"direct": "yellow", "broad": "yellow", "possible": "green"},
    "green": {"direct": "green", "broad": "green", "possible": "green"},
}


@dataclass(frozen=True)
class _Window:
    level: Level
    since: dt.date
    until: dt.date | None
    ground: str


def time_line(
    notice: Notice,
    *,
    severity: SeverityOpinion,
    measure: MeasureOpinion,
    reach: ReachOpinion,
    industries: Sequence[IndustryOpinion] = (),
) -> tuple[LevelSpan, ...]:
    """The base level from the day of publication on: ordered, contiguous spans, the last one open.

    Pure: the same facts and opinions give the same spans, whatever the day is.
    """
    published = notice.published
    if notice.withdrawn or notice.stage == "withdrawn":
        return (LevelSpan(level="green", from_=published, until=None, grounds=("withdrawn",)),)
    if notice.kind in INCIDENT_KINDS:
        windows = _incident(published, severity, reach)
    elif reach.value == "other_origins":
        windows = [_Window("green", published, None, "other_origins")]
    elif is_draft(notice):
        windows = _draft(notice, industries)
    else:
        windows = _act(notice, severity, measure, reach, concerns_goods=bool(industries))
    return _sweep(published, windows)


def is_draft(notice: Notice) -> bool:
    """Whether the act is still a proposal: its stage says so or, where there is none, its kind."""
    if notice.stage is not None:
        return notice.stage == "draft"
    if notice.kind == "notification":
        return comment_deadline(notice) is not None  # one asks for comments on what is still open
    return notice.kind in _DRAFT_KINDS


def application_dates(notice: Notice) -> tuple[dt.date, ...]:
    """The dates from which the act binds: of application, or else of entry into force; sorted, may be empty."""
    for kind in ("application", "entry_into_force"):
        dates = {stone.date for stone in notice.milestones if stone.kind == kind and stone.date is not None}
        if dates:
            return tuple(sorted(dates))
    return ()


def comment_deadline(notice: Notice) -> dt.date | None:
    """The last day for comments: the latest one given, since an extension replaces the first."""
    dates = [stone.date for stone in notice.milestones if stone.kind == "comment_deadline" and stone.date is not None]
    return max(dates, default=None)


def at(levels: Iterable[LevelSpan], date: dt.date) -> LevelSpan | None:
    """The span that holds `date`; None before publication (and for an empty time line)."""
    for span in levels:
        if (span.from_ is None or span.from_ <= date) and (span.until is None or date < span.until):
            return span
    return None


def your_level(base: Level, match: Match | None) -> Level | None:
    """您的级别: the base level seen through how well the alert matches a subscriber. No match, no level.

    ========  =======  ========  ==========
    base      direct   broad     possible
    ========  =======  ========  ==========
    red       red      yellow    yellow
    yellow    yellow   yellow    green
    green     green    green     green
    ========  =======  ========  ==========
    """
    return None if match is None else _YOURS[base][match]


def grounds_text(span: LevelSpan, lang: Literal["zh", "en"] = "zh") -> str:
    """The grounds of a span in words. A green span always ends with 不代表合格或安全.

    A ground this version does not know (an analyst's, or of a newer version) is printed as it stands.
    """
    side = 0 if lang == "zh" else 1
    words = [_ground_text(ground, side) for ground in span.grounds]
    if span.level == "green":
        words.append(GREEN_CAVEAT[side])
    return ("；" if lang == "zh" else "; ").join(words)


def _ground_text(ground: str, side: int) -> str:
    key, _, parameter = ground.partition(":")
    pair = GROUNDS.get(key)
    return pair[side].replace("{0}", parameter) if pair else ground


def _incident(published: dt.date, severity: SeverityOpinion, reach: ReachOpinion) -> list[_Window]:
    if reach.value != "names_china":
        return [_Window("green", published, None, "incident_other_origin")]
    if severity.value == "high":
        return [
            _Window("red", published, _later(published, INCIDENT_RED), "incident_high"),
            _Window(
                "yellow", _later(published, INCIDENT_RED), _later(published, INCIDENT_YELLOW), "incident_high_aged"
            ),
            _Window("green", _later(published, INCIDENT_YELLOW), None, "incident_old"),
        ]
    if severity.value == "medium":
        return [
            _Window("yellow", published, _later(published, INCIDENT_YELLOW), "incident_medium"),
            _Window("green", _later(published, INCIDENT_YELLOW), None, "incident_old"),
        ]
    return [_Window("green", published, None, "incident_low")]


def _draft(notice: Notice, industries: Sequence[IndustryOpinion]) -> list[_Window]:
    published = notice.published
    if not any(opinion.industry in KEY_INDUSTRIES for opinion in industries):
        return [_Window("green", published, None, "draft_other_industry")]
    deadline = comment_deadline(notice)
    ground = "draft_open" if deadline is not None else "draft_open_undated"
    last = deadline if deadline is not None else _later(published, COMMENT_PERIOD)
    return [
        _Window("yellow", published, _later(last, dt.timedelta(days=1)), f"{ground}:{last.isoformat()}"),
        _Window("green", max(published, _later(last, dt.timedelta(days=1))), None, "draft_closed"),
    ]


def _act(
    notice: Notice, severity: SeverityOpinion, measure: MeasureOpinion, reach: ReachOpinion, *, concerns_goods: bool
) -> list[_Window]:
    published = notice.published
    reaches_china = reach.value in {"names_china", "all_origins"}
    windows: list[_Window] = []
    if notice.kind == "import_alert" and reach.value == "names_china":
        windows += [window for window in _incident(published, severity, reach) if window.level != "green"]
    if measure.value not in _BINDING and notice.kind != "import_alert":
        return [*windows, _Window("green", published, None, "no_duty")]
    hard = _hard_ground(notice, measure, concerns_goods=concerns_goods) if reaches_china else None
    for date in application_dates(notice) or (published,):
        day = date.isoformat()
        fresh_until = _later(date, FRESH)
        if hard:
            windows.append(_Window("red", _earlier(date, RED_AHEAD), fresh_until, f"{hard}:{day}"))
            if hard != "conformity":
                windows.append(_Window("yellow", fresh_until, _later(date, YELLOW_AHEAD), f"stop_in_force:{day}"))
        windows.append(_Window("yellow", _earlier(date, YELLOW_AHEAD), fresh_until, f"adopted:{day}"))
        windows.append(_Window("green", dt.date.min, _earlier(date, YELLOW_AHEAD), "not_yet_near"))
        windows.append(_Window("green", fresh_until, None, f"in_force:{day}"))
    return windows


def _hard_ground(notice: Notice, measure: MeasureOpinion, *, concerns_goods: bool) -> str | None:
    if notice.kind == "import_alert":
        return "import_alert"
    if measure.value == "ban":
        return "ban"
    # A correction or a notice of a meeting names the certification it is about; only an act that binds makes a duty,
    # and only one about goods concerns an exporter (a US rule may register investment advisers or pilots).
    if measure.value == "conformity" and concerns_goods and notice.kind in {"notification", "rule", "standard"}:
        return "conformity"
    return None


def _sweep(published: dt.date, windows: list[_Window]) -> tuple[LevelSpan, ...]:
    """The highest level at every moment from publication on, with the grounds of that level."""
    edges = {published}
    for window in windows:
        edges.update(edge for edge in (window.since, window.until) if edge is not None and edge > published)
    starts = sorted(edges)
    spans: list[LevelSpan] = []
    for start, until in zip(starts, [*starts[1:], None], strict=True):
        active = [w for w in windows if w.since <= start and (w.until is None or start < w.until)]
        level: Level = max((w.level for w in active), key=_RANK.__getitem__, default="green")
        grounds = tuple(dict.fromkeys(w.ground for w in active if w.level == level)) or ("no_duty",)
        if spans and (spans[-1].level, spans[-1].grounds) == (level, grounds):
            spans[-1] = spans[-1].model_copy(update={"until": until})
        else:
            spans.append(LevelSpan(level=level, from_=start, until=until, grounds=grounds))
    return tuple(spans)


def _earlier(date: dt.date, by: dt.timedelta) -> dt.date:
    return date - by if date - dt.date.min > by else dt.date.min


def _later(date: dt.date, by: dt.timedelta) -> dt.date:
    return date + by if dt.date.max - date > by else dt.date.max
