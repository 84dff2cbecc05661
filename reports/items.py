"""`Item`: how one story is told in any section: names, dates, days left, level with grounds, match with reasons."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from crawlers.notice import Milestone, Notice
from index.alert import Alert
from nlp import level as levels
from nlp.assessment import Level, Product
from nlp.headline import gist, headline
from reports.edition import Edition
from reports.matching import LEVEL_RANK, PREDICTED, RANK, Match, base_level
from reports.stories import Story, area, joint_key, market_words
from reports.subscription import dotted
from reports.words import NOTHING, Words, joined, named, place, same, say

CODES_SHOWN = 4
#: WTO's words for a type of notification → ours (FIELD.md, "Terms"); tried in this order on the folded text.
_DOCUMENT_TYPES = (
    ("addendum", Words("补遗", "addendum")),
    ("corrigendum", Words("勘误", "corrigendum")),
    ("revision", Words("修订", "revision")),
    ("supplement", Words("增补", "supplement")),
    ("emergency", Words("紧急通报", "emergency notification")),
    ("regular", Words("常规", "regular notification")),
)


@dataclass(frozen=True)
class Title:
    """`text` in the reader's language where there is one; `original` where it says more, with its own language."""

    text: Words
    languages: Words  # BCP 47 of `text`, for screen readers and for the right glyphs
    original: str = ""
    original_language: str = ""
    machine: bool = False  # 机器翻译，仅供参考


@dataclass(frozen=True)
class Code:
    hs: str  # 8507.60
    predicted: bool
    percent: int
    partial: bool
    conflict: bool


@dataclass(frozen=True)
class LevelView:
    """`base` 通用级别 with its grounds; `yours` 您的级别, for a subscriber only."""

    shown: Level
    words: Words
    base: Level
    base_words: Words
    grounds: Words
    yours: bool


@dataclass(frozen=True)
class Deadline:
    """Comments: the internal collection date first (FIELD.md), then the authority's own."""

    date: dt.date
    days: int  # left on the day of the bulletin; negative: over
    internal: dt.date
    internal_days: int


@dataclass(frozen=True)
class Dated:
    """A date of the measure; `was` is the date it replaced: a moved date is news."""

    kind: Words
    date: Words
    day: dt.date | None
    was: dt.date | None
    article: str
    days: int | None


@dataclass(frozen=True)
class Step:
    """One entry of an event's time line."""

    date: dt.date
    words: Words
    url: str
    news: bool


@dataclass(frozen=True)
class Item:
    """One event, ready to be shown. `alert_id` and `version` are what the ledger remembers as told."""

    event: str
    alert_id: str
    version: int
    members: tuple[tuple[str, int], ...]  # every alert told here: (id, version)
    market: Words
    kind: Words
    document: Words
    area: str
    symbol: str
    symbols: tuple[str, ...]
    title: Title
    brief: Words
    authority: str
    published: dt.date
    codes: tuple[Code, ...]
    more_codes: int
    industries: Words
    hazards: Words
    hazard_names: tuple[Words, ...]
    severity: Words
    measure: Words
    reach: Words
    origins: Words
    level: LevelView | None
    match: Match | None
    deadline: Deadline | None
    applies: dt.date | None
    applies_days: int | None
    dates: tuple[Dated, ...]
    moved: tuple[Dated, ...]
    steps: tuple[Step, ...]
    url: str
    page: str
    withdrawn: bool

    @property
    def placed(self) -> Words:
        """Market and title in one line; a composed title begins with its market, and is not told it twice."""
        zh, en = self.title.text.zh, self.title.text.en
        return Words(
            zh if zh.startswith(self.market.zh) else f"{self.market.zh}：{zh}",
            en if en.startswith(self.market.en) else f"{self.market.en}: {en}",
        )

    @property
    def sort_key(self) -> tuple[int, int, int, dt.date, str]:
        """Highest level first, then the nearest match, then what is due first; by event at last."""
        level = 0 if self.level is None else LEVEL_RANK[self.level.shown]
        match = 0 if self.match is None else RANK[self.match.kind]
        due = self.deadline.date if self.deadline and self.deadline.days >= 0 else dt.date.max
        return (-level, -match, 0 if due != dt.date.max else 1, due, self.event)


def item(story: Story, *, as_of: dt.date, edition: Edition) -> Item:
    """The story as it stands on `as_of`; without a match (the general edition) it has the base level only."""
    alert = story.lead
    notice, opinion = alert.notice, alert.effective
    dates = tuple(_dated(stone, as_of) for stone in _milestones(notice))
    applies = levels.application_dates(notice)
    coming = next((day for day in applies if day >= as_of), applies[-1] if applies else None)
    codes = sorted(opinion.products, key=lambda product: (product.method in PREDICTED, -product.probability))
    return Item(
        event=story.event,
        alert_id=alert.id,
        version=alert.version,
        members=tuple(sorted((one.id, one.version) for one in story.news)),
        market=market_words(story),
        kind=named("kind", notice.kind),
        document=document_type(notice),
        area=area(notice),
        symbol=notice.symbol,
        symbols=joint_key(notice) if len(notice.joint_symbols) > 1 else (),
        title=title(alert),
        brief=_brief(alert),
        authority=notice.authority,
        published=notice.published,
        codes=tuple(_code(product) for product in codes[:CODES_SHOWN]),
        more_codes=max(0, len(codes) - CODES_SHOWN),
        industries=joined([named("industry", one.industry) for one in opinion.industries if one.industry != "other"]),
        hazards=joined([named("hazard", one.hazard) for one in opinion.hazards]),
        hazard_names=tuple(named("hazard", one.hazard) for one in opinion.hazards),
        severity=named("severity", opinion.severity.value) if opinion.severity.value != "none" else NOTHING,
        measure=named("measure", opinion.measure.value) if opinion.measure.basis != "none" else NOTHING,
        reach=named("reach", opinion.reach.value) if opinion.reach.value else NOTHING,
        origins=joined([place(code) for code in notice.origins]),
        level=level_view(alert, story.match, as_of),
        match=story.match,
        deadline=deadline(notice, as_of, edition.comment_lead_days),
        applies=coming,
        applies_days=None if coming is None else (coming - as_of).days,
        dates=dates,
        moved=tuple(date for date in dates if date.was is not None),
        steps=_steps(story),
        url=notice.url or notice.provenance.url,
        page=edition.alert_url.replace("{id}", alert.id) if edition.alert_url else "",
        withdrawn=notice.withdrawn or notice.stage == "withdrawn",
    )


def title(alert: Alert) -> Title:
    """The Chinese title where there is one, with the original beside it; for readers of English the original."""
    notice, opinion = alert.notice, alert.effective
    original = " ".join(notice.title.split())
    chinese = headline(" ".join(opinion.title_zh.split()))  # the row shows the dates, in a column of their own
    differs = bool(chinese) and chinese != original
    return Title(
        text=Words(chinese or original, original),
        languages=Words("zh-CN" if chinese else notice.language, notice.language),
        original=original if differs else "",
        original_language=notice.language,
        machine=differs and opinion.title_zh_method == "machine",
    )


def level_view(alert: Alert, match: Match | None, as_of: dt.date) -> LevelView | None:
    span = base_level(alert, as_of)
    if span is None:
        return None
    yours = levels.your_level(span.level, None if match is None else match.kind)
    shown = yours or span.level
    grounds = Words(levels.grounds_text(span, "zh"), levels.grounds_text(span, "en"))
    if shown == "green" and span.level != "green":  # lowered by the match: the caveat of green still belongs to it
        grounds = joined([grounds, Words(*levels.GREEN_CAVEAT)], "；", "; ")
    return LevelView(shown, named("level", shown), span.level, named("level", span.level), grounds, yours is not None)


def deadline(notice: Notice, as_of: dt.date, lead_days: int) -> Deadline | None:
    """The comment deadline of a draft, counted from `as_of`; None where the authority states none."""
    last = levels.comment_deadline(notice)
    if last is None:
        return None
    internal = max(last - dt.timedelta(days=lead_days), notice.published)
    return Deadline(last, (last - as_of).days, internal, (internal - as_of).days)


def document_type(notice: Notice) -> Words:
    """常规, 补遗…; "Addendum to Emergency Notification (SPS)" is an addendum of an emergency notification."""
    if notice.kind != "notification":
        stated = " ".join(notice.document_type.split())
        kind = notice.kind.replace("_", " ")
        return NOTHING if stated.casefold().replace("_", " ") in {"", kind} else same(stated)
    text = notice.document_type.casefold()
    found = [words for key, words in _DOCUMENT_TYPES if key in text]
    if not found:
        return same(notice.document_type) if notice.document_type else NOTHING
    first = found[0]
    if first.en != "emergency notification" and any(words.en == "emergency notification" for words in found):
        return Words(f"{first.zh}（紧急通报）", f"{first.en} to an emergency notification")
    return first


def _brief(alert: Alert) -> Words:
    """Composed from facts by nlp, without what the row shows anyway; where it composed nothing there is nothing, rather
    than half a sentence of ours."""
    opinion = alert.effective
    return Words(gist(" ".join(opinion.brief_zh.split())), gist(" ".join(opinion.brief_en.split())))


def _code(product: Product) -> Code:
    predicted = product.method in PREDICTED
    return Code(dotted(product.hs), predicted, round(product.probability * 100), product.partial, product.conflict)


def _milestones(notice: Notice) -> list[Milestone]:
    return sorted(notice.milestones, key=lambda stone: (stone.date or dt.date.max, stone.kind, stone.article))


def _dated(stone: Milestone, as_of: dt.date) -> Dated:
    shown = same(stone.date.isoformat() if stone.date else " ".join(stone.text.split()))
    days = (stone.date - as_of).days if stone.date else None
    return Dated(named("milestone", stone.kind), shown, stone.date, stone.replaces, stone.article, days)


def _steps(story: Story) -> tuple[Step, ...]:
    """The time line of an event told by more than one notice; nothing for a single one."""
    if len(story.alerts) < 2:
        return ()
    news = {alert.id for alert in story.news}
    entries: dict[tuple[str, ...], tuple[Alert, list[str]]] = {}
    for alert in sorted(story.alerts, key=lambda alert: (alert.notice.published, alert.id)):
        # Members of one joint notification are one step.
        key = (str(alert.notice.published), *joint_key(alert.notice))
        entries.setdefault(key, (alert, []))[1].append(alert.notice.market)
    if len(entries) < 2:
        return ()
    steps = []
    for alert, codes in entries.values():
        notice = alert.notice
        names = joined([place(code) for code in sorted(set(codes))])
        what = document_type(notice) if notice.kind == "notification" else NOTHING
        words = say("step", market=names, what=what or named("kind", notice.kind), symbol=same(notice.symbol))
        steps.append(
            Step(notice.published, Words(words.zh.strip(), words.en.strip()), notice.url, news=alert.id in news)
        )
    return tuple(steps)
