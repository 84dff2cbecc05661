"""What the publisher says about itself and its sources: plain arguments, so that this room reads no settings."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Literal

from reports.words import NOTHING, Words

CITY = Words("本市", "our city")
PUBLISHER = Words("技贸预警", "tradewarn")
State = Literal["ok", "late", "down", "never"]


@dataclass(frozen=True)
class Figures:
    """How a source delivers, in numbers; `None` means: not known yet."""

    lag_days: float | None = None  # median days from published to seen
    days: int = 7  # of the window of `count` and `usual`
    count: int | None = None  # notices published in the window
    usual: float | None = None  # in a window like it
    error_share: float | None = None  # of records that could not be read, 0..1
    drifted: bool = False  # the format was not the known one


@dataclass(frozen=True)
class SourceState:
    """How one source was at the data cut-off. `last_success` is the end of the last crawl that delivered."""

    id: str
    name: Words
    state: State
    last_success: dt.datetime | None = None
    note: str = ""  # why it is late or down, as the crawl said it
    url: str = ""  # the page a person would open
    attribution: str = ""  # how the authority must be named
    figures: Figures = Figures()


@dataclass(frozen=True)
class Edition:
    """Whose bulletin it is, and where readers can turn to."""

    city: Words = CITY
    publisher: Words = PUBLISHER
    comment_lead_days: int = 15  # internal collection date 内部征集截止 = deadline minus this
    enquiry_point: Words = NOTHING  # where WTO comments are handed in
    enquiry_point_checked: str = ""  # the date that address was last checked; empty is printed as 未核对
    alert_url: str = ""  # a page of ours for an alert, `{id}` where its id goes; empty: only the authority's page
    unsubscribe_url: str = ""  # empty: the bulletin says whom to tell
    contact: str = ""
    rows: int = 60  # entries of one table; what is left out is counted and said
    similar: int = 5  # 同类产品警示: at most so many
