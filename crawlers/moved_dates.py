"""Dates an English sentence says were moved: "extended from 9 January 2027 to 8 February 2027". A moved date is news."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterator
from typing import Any, NamedTuple

from crawlers.reading import read_date

_MONTH = "(?:January|February|March|April|May|June|July|August|September|October|November|December)"
#: A date in words, as Europe and the WTO write it and as the United States do: one group each.
DAY_FIRST = rf"(\d{{1,2}} {_MONTH},? ?\d{{4}})"
MONTH_FIRST = rf"({_MONTH} \d{{1,2}}, \d{{4}})"


class Moved(NamedTuple):
    """A date that took another's place, and where in the text this is said (the index of "from")."""

    old: dt.date
    new: dt.date
    at: int


def pattern(date: str) -> re.Pattern[str]:
    """ "from DATE to DATE" with dates of the form `date` (`DAY_FIRST`, `MONTH_FIRST`)."""
    return re.compile(rf"\bfrom {date},? (?:to|until) {date}", re.IGNORECASE)


def day(text: str) -> dt.date:
    """A date in words, of either form. Raises FieldError for a day that does not exist."""
    return read_date("date in the text", " ".join(text.replace(",", " ").split()), ["%d %B %Y", "%B %d %Y"])


def moved(text: str, form: re.Pattern[str]) -> Iterator[Moved]:
    """Every date `text` says was moved, in order. `form`: of `pattern`."""
    for found in form.finditer(text):
        yield Moved(day(found[1]), day(found[2]), found.start())


def note(milestones: list[dict[str, Any]], kind: str, change: Moved, *, any_kind: bool = False) -> None:
    """Mark the milestone of the new date as moved; a new one of `kind` where none has it (`any_kind`: of whichever kind)."""
    same = next((m for m in milestones if m.get("date") == change.new and (any_kind or m["kind"] == kind)), None)
    if same is None:
        milestones.append(same := {"kind": kind, "date": change.new})
    same["replaces"] = change.old
