"""How far a notified measure has come: what a WTO notification's type, dates, SPS keyword and own sentences say of it.

A regular notification is of a proposed measure (TBT 2.9.2, SPS Annex B 5(b)), an emergency one of an adopted one (TBT 2.10,
SPS Annex B 6); an addendum reports what became of it. Members also notify finished acts as regular ones - United States
"Final rule" - and then the title and the act's own sentence say so. What says nothing has no stage.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Sequence
from typing import Any

from crawlers import moved_dates

_DAY = moved_dates.DAY_FIRST
#: An addendum's sentence about entry into force; seen in notifications of JPN, THA, TPKM, USA and CHL of June 2025.
_ADDENDUM_DATES = tuple(
    re.compile(pattern, re.IGNORECASE)
    for pattern in (
        rf"(?:enter(?:s|ed)? into force|(?:is|are|was|were|became|becomes|be) effective) (?:as of|on|from) {_DAY}",
        rf"confirm(?:s|ed|ing)? the effective date of {_DAY}",
        rf"published (?:[^.]{{0,60}} )?on {_DAY}, entering into force (?:on|from) that date",
    )
)
#: A regular notification speaks of many acts; only of the one it notifies it says "this".
_OWN_DATE = re.compile(
    rf"\bthis (?:interim |final |direct )*(?:rule|order|regulation|decree|decision|act|measure) (?:is|was|became|becomes) effective "
    rf"(?:as of |on |from )?{_DAY}",
    re.IGNORECASE,
)
#: "Florylpicoxamid; Pesticide Tolerances. Final rule": the act is done. Not a proposal about one, nor its withdrawal.
_FINAL = re.compile(r"\bfinal (?:rule|order|regulation|amendment)s?\b", re.IGNORECASE)
_NOT_FINAL = re.compile(r"\b(?:propos|draft|advance notice|withdraw|petition|reconsider|request for)", re.IGNORECASE)
_DRAFT = re.compile(
    r"(?:the )?(?:preliminary )?(?:draft|proposed|proposal|proyecto|anteproyecto|projet)\b", re.IGNORECASE
)
#: What an addendum reports. The SPS keywords are ePing's own list; the sentences are those of the addendum form.
_REPORTED = (
    (
        "withdrawn",
        "withdrawal of the measure",
        r"(?:is|are|was|has been|have been) (?:hereby )?(?:withdrawn|revoked)|notified measure withdrawn|\bwithdraws the notice of proposed",
    ),
    (
        "postponed",
        "",
        r"(?:application|entry into force|compliance|effective|implementation)(?: date)? (?:\w+ ){0,4}(?:postponed|deferred|delayed)|\bpostpon(?:es|ement of)\b",
    ),
    (
        "adopted",
        "adoption/publication/entry into force of reg.",
        r"(?:is|was|were|has been|have been) (?:now )?adopted|notified measure (?:adopted|published|enters into force)|\bfinal rule\b",
    ),
    (
        "draft",
        "modification of final date for comments",
        r"comment period (?:is |has been )?(?:changed|extended|reopened)|deadline for (?:submitting )?comments ha(?:s|ve) been extended",
    ),
    (  # a sentence that speaks of no proposal: that one was published too
        "published",
        "",
        r"(?:^|[.;\n])(?:(?!propos|draft|notice|consult)[^.;\n])*?(?:was|were|has been|have been) (?:\w+ ){0,2}(?:published|promulgated|gazetted)\b",
    ),
)


def entry_into_force(text: str, *, addendum: bool) -> dt.date | None:
    """The day the text says the notified act took or takes effect; None: it names none. Raises FieldError for no such day."""
    for pattern in _ADDENDUM_DATES if addendum else (_OWN_DATE,):
        found = pattern.search(text)
        if found:
            return moved_dates.day(found[1])
    return None


def stage(
    kind: str,
    keywords: str,
    title: str,
    summary: str,
    milestones: Sequence[dict[str, Any]],
    published: dt.date,
    symbol: str,
) -> str | None:
    """The stage of the measure on the day of the notification.

    `kind`, `keywords`: the columns of these names. `milestones`: with those `entry_into_force` found.
    """
    kind, keywords = kind.casefold(), keywords.casefold()
    past = {m["kind"] for m in milestones if isinstance(m.get("date"), dt.date) and m["date"] <= published}
    if "addendum" in kind:
        return _of_addendum(keywords, f"{title} {summary}", milestones, past, published, emergency="emergency" in kind)
    if "supplement" in kind or "corrigendum" in kind:
        # It corrects a form: of a draft, while the notification itself is corrected and its title says draft.
        own = not re.search(r"/Add\.", symbol, re.IGNORECASE)
        return "draft" if own and _DRAFT.match(title) else None
    if "entry_into_force" in past:
        return "in_force"
    final = (_FINAL.search(title) and not _NOT_FINAL.search(title)) or _OWN_DATE.search(summary)
    return "adopted" if "adoption" in past or "emergency" in kind or final else "draft"


def _of_addendum(
    keywords: str,
    told: str,
    milestones: Sequence[dict[str, Any]],
    past: set[str],
    published: dt.date,
    *,
    emergency: bool,
) -> str | None:
    open_until = [m["date"] for m in milestones if m["kind"] == "comment_deadline" and "date" in m]
    for reported, keyword, sentence in _REPORTED:
        if reported != "withdrawn" and any(isinstance(d, dt.date) and d >= published for d in open_until):
            return "draft"
        if (keyword and keyword in keywords) or re.search(sentence, told, re.IGNORECASE):
            return "in_force" if reported in {"adopted", "published"} and "entry_into_force" in past else reported
    if any(m["kind"] == "entry_into_force" and "date" in m for m in milestones):
        return "in_force" if "entry_into_force" in past else "adopted"
    return "adopted" if emergency else None
