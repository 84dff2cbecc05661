"""What people did about an alert, as its page shows it: status, notes, corrections with what they replaced. Pure.

The overlay is part of the alert (DESIGN.md, "Records"): the API and the feed carry it whole, so the page tells it too - with
the name of who judged, because what a person said must be told from what a program did.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from index.alert import Alert
from nlp import events, watchlist
from nlp.text import language_of
from nlp.words import Lang, word
from reports.subscription import dotted
from tradewarn.portal.labels import label

#: Status by which a person stands for the alert: the page's last line then no longer says that nobody looked.
REVIEWED = frozenset({"reviewed", "published"})
POSSIBLE_SHOWN = 5
_CHINESE = frozenset({"title_zh", "brief_zh"})
_LABELS = {"levels": "level", "title_zh": "title_zh", "brief_zh": "what"}


@dataclass(frozen=True)
class Said:
    """A note, or the words of a correction. `language`: for the right glyphs and screen readers."""

    text: str
    language: str
    by: str
    at: dt.datetime


@dataclass(frozen=True)
class Change:
    """One correction. `effective`: no later one of the field; `outdated`: made on facts that have changed since."""

    field: str
    before: str
    after: str
    language: str  # of a title or brief; empty: words of ours, in the page's language
    reason: str
    reason_language: str
    by: str
    at: dt.datetime
    effective: bool
    outdated: bool
    long: bool  # a sentence of its own, not a value

    @property
    def confirms(self) -> bool:
        """What the program said reads the same: the analyst stands for it."""
        return self.before == self.after


@dataclass(frozen=True)
class Review:
    status: str
    status_name: str
    reviewed: bool
    notes: tuple[Said, ...]  # newest first
    corrections: tuple[Change, ...]  # newest first

    def __bool__(self) -> bool:
        return bool(self.notes or self.corrections or self.status != "new")


def review(alert: Alert, lang: Lang) -> Review:
    """The analysts' work on `alert`, in the reader's language; a note stays in the words it was written in."""
    overlay = alert.overlay
    last = {correction.field: correction for correction in overlay.corrections}
    changes = [
        Change(
            field=label(_LABELS.get(one.field, one.field), lang),
            before=_value(one.field, one.replaced, lang),
            after=_value(one.field, one.value, lang),
            language="zh" if one.field in _CHINESE else "",
            reason=one.reason,
            reason_language=language_of(one.reason, "zh"),
            by=one.by,
            at=one.at,
            effective=last[one.field] is one,
            outdated=one.notice_hash != alert.notice.hash,
            long=one.field in _CHINESE,
        )
        for one in reversed(overlay.corrections)
    ]
    notes = [Said(one.text, language_of(one.text, "zh"), one.by, one.at) for one in reversed(overlay.notes)]
    return Review(
        status=overlay.status,
        status_name=word("status", overlay.status, lang),
        reviewed=overlay.status in REVIEWED,
        notes=tuple(notes),
        corrections=tuple(changes),
    )


def _value(field: str, value: Any, lang: Lang) -> str:
    """A corrected field in words, from its JSON form; an empty one says that there is none."""
    words = [_one(field, item, lang) for item in (value if isinstance(value, list) else [value]) if item]
    told = [one for one in words if one]
    return (("、" if lang == "zh" else ", ").join(told)) or label("nothing", lang)


def _one(field: str, item: Any, lang: Lang) -> str:
    if isinstance(item, str):
        dossier = watchlist.by_id().get(item) if field == "regulations" else None
        return (dossier.nickname_zh if lang == "zh" else dossier.name_en) if dossier else item
    given: Mapping[str, Any] = item if isinstance(item, Mapping) else {}
    if field == "products":
        return dotted(str(given.get("hs", "")))
    if field == "levels":
        since = given.get("from") or given.get("from_") or ""
        return " ".join(part for part in (word("level", given.get("level"), lang), str(since)) if part)
    name = {"industries": "industry", "hazards": "hazard"}.get(field)
    return word(name, given.get(name), lang) if name else word(field, given.get("value"), lang)


def because(members: Sequence[Alert], other: Alert, lang: Lang) -> str:
    """Why `other` may be the same as one of an event's members: the grounds of the likeliest pair."""
    best = max((events.pair(one.notice, other.notice) for one in members), key=lambda pair: pair.score)
    side = 0 if lang == "zh" else 1
    return ("；" if lang == "zh" else "; ").join(events.BECAUSE[key][side] for key in best.because)
