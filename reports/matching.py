"""`match`: does an alert concern a subscriber, how nearly, and why - said in both languages.

=========  =======================================================================================================
direct     a code that is not predicted is equal in the first six digits (国外税号仅前6位可比); or the subscriber gave no
           more than a heading (four or five digits), and a code the authority stated - in its field, in the text or in
           the parent notification - lies under it: who follows 0902 follows 0902.10
broad      such a code shares the heading, or is itself no more than the chapter; or the industry, the whole market,
           or an importer, brand or maker that the notice names is followed
possible   the code or the industry is only predicted; the stated code and the text disagree; only words were found
=========  =======================================================================================================

The best of these wins and all its reasons are kept. Markets, kinds and the reach narrow first: an act on goods of
other origins only (`other_origins`) reaches an exporter on request. Who follows the EU also gets its member states' own
notifications; who follows one state of the EU or the Gulf also gets what the EU or the GCC does for it.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

from crawlers import places
from index.alert import Alert
from nlp import level as levels
from nlp.assessment import Level, LevelSpan, Method, Product
from nlp.text import fold
from reports.subscription import Subscription, dotted
from reports.words import Words, joined, named, same, say

Kind = Literal["direct", "broad", "possible"]
RANK: dict[Kind, int] = {"direct": 3, "broad": 2, "possible": 1}
LEVEL_RANK: dict[Level, int] = {"red": 3, "yellow": 2, "green": 1}
#: Methods that guess; everything else was stated or looked up (nlp/assessment.py, Method).
PREDICTED: frozenset[Method] = frozenset({"model", "retrieved"})
#: Methods by which the authority itself named the code. A table maps goods to whole headings, which is too wide to be
#: called direct for who follows no more than a heading.
NAMED: frozenset[Method] = frozenset({"stated", "extracted", "inherited"})


@dataclass(frozen=True)
class Match:
    kind: Kind
    why: tuple[Words, ...]

    @property
    def why_zh(self) -> str:
        return joined(self.why, "；", "; ").zh

    @property
    def why_en(self) -> str:
        return joined(self.why, "；", "; ").en


@dataclass(frozen=True)
class _Reason:
    kind: Kind
    words: Words


def match(
    subscription: Subscription, alert: Alert, found: Sequence[str] = (), *, any_origin: bool = False
) -> Match | None:
    """How `alert` concerns `subscription`; None: not at all.

    `found`: those of the subscription's keywords and query that find the alert (`reports.searching`). `any_origin`:
    also what touches goods of other origins only, as 同类产品警示 compares them.
    """
    if not _in_scope(subscription, alert, any_origin=any_origin):
        return None
    reasons = [
        *_by_code(subscription, alert),
        *_by_industry(subscription, alert),
        *_by_partner(subscription, alert),
        *_by_words(found),
    ]
    if not reasons and not subscription.follows_products:
        reasons = [_Reason("broad", say("why_market"))]
    if not reasons:
        return None
    best = max((reason.kind for reason in reasons), key=RANK.__getitem__)
    return Match(best, tuple(dict.fromkeys(reason.words for reason in reasons if reason.kind == best)))


def partner(subscription: Subscription | None, alert: Alert) -> str:
    """The first importer, brand or maker of the subscriber that the notice names; empty: none."""
    if subscription is None or not subscription.partners:
        return ""
    stated = [" ".join(value) if isinstance(value, tuple) else value for value in alert.notice.stated.values()]
    text = fold(" ".join([alert.notice.title, alert.notice.summary, *stated])).text
    return next((name for name in subscription.partners if fold(name).text in text), "")


def best(matches: Iterable[Match | None]) -> Match | None:
    """The nearest of several (the members of a joint notification, the parts of one event)."""
    known = [one for one in matches if one is not None]
    return max(known, key=lambda one: RANK[one.kind], default=None)


def follows(followed: str, market: str) -> bool:
    """Whether who follows `followed` (a group id or a code) hears of `market`."""
    if followed in places.GROUP_NAMES:
        return places.group(market) == followed
    return market in places.expand(followed) or followed in places.expand(market)


def base_level(alert: Alert, on: dt.date) -> LevelSpan | None:
    """The base level in force on `on`; on the day of publication where `on` lies before it."""
    return levels.at(alert.effective.levels, max(on, alert.notice.published))


def your_level(alert: Alert, found: Match | None, on: dt.date) -> Level | None:
    """您的级别 on `on`. No match or no level: none."""
    span = base_level(alert, on)
    return None if span is None or found is None else levels.your_level(span.level, found.kind)


def reaches(subscription: Subscription, level: Level | None) -> bool:
    """Whether a level is high enough for the subscriber; what has no level is shown rather than lost."""
    wanted = subscription.min_level
    return wanted is None or level is None or LEVEL_RANK[level] >= LEVEL_RANK[wanted]


def _in_scope(subscription: Subscription, alert: Alert, *, any_origin: bool) -> bool:
    notice = alert.notice
    if subscription.kinds and notice.kind not in subscription.kinds:
        return False
    if subscription.markets and not any(follows(one, notice.market) for one in subscription.markets):
        return False
    return any_origin or subscription.include_other_origins or alert.effective.reach.value != "other_origins"


def _by_code(subscription: Subscription, alert: Alert) -> list[_Reason]:
    reasons = []
    for product in alert.effective.products:
        for code in subscription.hs:
            reason = _code_reason(code, product)
            if reason is not None:
                reasons.append(reason)
    return reasons


def _code_reason(code: str, product: Product) -> _Reason | None:
    digits = _shared(code, product.hs)
    if digits == 0:
        return None
    about = {"yours": same(dotted(code)), "theirs": same(dotted(product.hs)), "digits": digits}
    if product.conflict:
        return _Reason("possible", say("why_conflict", **about))
    if product.method in PREDICTED:
        percent = round(product.probability * 100)
        return _Reason("possible", say("why_predicted_code", percent=percent, **about))
    if digits == 6:
        return _Reason("direct", say("why_code_partial" if product.partial else "why_code", **about))
    if len(code) < 6 and product.method in NAMED and product.hs.startswith(code):
        return _Reason("direct", say("why_under_partial" if product.partial else "why_under", **about))
    return _Reason("broad", say("why_heading" if digits == 4 else "why_chapter", **about))


def _shared(yours: str, theirs: str) -> int:
    """6, 4 or 2: how many digits are in common; 0: no relation.

    A chapter counts only where the act names no more than the chapter: 8507 and 8537 are two goods, not one.
    """
    if len(yours) >= 6 and len(theirs) >= 6 and yours[:6] == theirs[:6]:
        return 6
    if len(theirs) >= 4:
        return 4 if yours[:4] == theirs[:4] else 0
    return 2 if yours[:2] == theirs[:2] else 0


def _by_industry(subscription: Subscription, alert: Alert) -> list[_Reason]:
    reasons = []
    for opinion in alert.effective.industries:
        if opinion.industry not in subscription.industries:
            continue
        name = named("industry", opinion.industry)
        if opinion.method in PREDICTED:
            percent = round(opinion.probability * 100)
            reasons.append(_Reason("possible", say("why_predicted_industry", name=name, percent=percent)))
        else:
            reasons.append(_Reason("broad", say("why_industry", name=name)))
    return reasons


def _by_partner(subscription: Subscription, alert: Alert) -> list[_Reason]:
    name = partner(subscription, alert)
    return [_Reason("broad", say("why_partner", name=same(name)))] if name else []


def _by_words(found: Sequence[str]) -> list[_Reason]:
    return [_Reason("possible", say("why_words", words=same(words))) for words in found]
