"""Which of two readings of a notice is newer, and what a load makes of it: pure rules, no database.

*Facts.* Within one source the order is `run_seq` (one series, never a clock). Between two routes of one register (`wto:…` by the
workbook and by the API) it is the time of the fetch, which is a recorded fact; the hash decides what is left, so that the winner
never depends on which file was loaded first.
*Opinions.* On the same facts, the one loaded later replaces the earlier, and what was replaced never comes back by reading its
file again.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from crawlers.notice import Notice
from index.alert import Status
from nlp.assessment import Assessment


@dataclass(frozen=True, slots=True)
class Known:
    """A row of `state.alerts`: what the index holds of an alert."""

    id: str
    source: str
    run_seq: int
    fetched_at: str
    notice_hash: str
    opinion_hash: str
    revision: int
    version: int
    event: str
    published: dt.date
    symbol: str
    parent_symbol: str
    status: Status
    sequence: int


@dataclass(frozen=True, slots=True)
class Incoming:
    """A line of an assessments file, with its hashes."""

    run_seq: int
    notice: Notice
    assessment: Assessment
    notice_hash: str
    opinion_hash: str

    @classmethod
    def of(cls, run_seq: int, notice: Notice, assessment: Assessment) -> Incoming:
        """Raises ValueError when the two do not belong together."""
        notice_hash = notice.hash
        if assessment.notice_id != notice.id:
            raise ValueError(f"{notice.id}: the assessment is of {assessment.notice_id}")
        if assessment.notice_hash != notice_hash:
            raise ValueError(f"{notice.id}: the assessment was made on other facts (notice_hash differs)")
        return cls(run_seq, notice, assessment, notice_hash, assessment.hash())

    @property
    def fetched_at(self) -> str:
        return self.notice.provenance.fetched_at.astimezone(dt.UTC).isoformat()


def is_older(line: Incoming, known: Known | Incoming) -> bool:
    """Whether the line's facts are older than those known: older input never replaces newer."""
    source = known.notice.source if isinstance(known, Incoming) else known.source
    if line.notice.source == source:
        mine: tuple[object, ...] = (line.run_seq, line.fetched_at, line.notice_hash)
        theirs: tuple[object, ...] = (known.run_seq, known.fetched_at, known.notice_hash)
        return mine < theirs
    return (line.fetched_at, line.notice.source) < (known.fetched_at, source)


def returned(status: Status, *, corrected: bool) -> Status:
    """The status after the facts changed: what a person judged or corrected goes back to review."""
    return "returned" if corrected or status in {"reviewed", "published", "dismissed"} else status
