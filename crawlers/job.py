"""What the crawl's own process is asked, and what it answers: plain JSON over its standard input and output."""

from __future__ import annotations

import datetime as dt

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from crawlers.source import Expect

OK, BUG, USAGE, SHRUNKEN, UNREACHABLE, DRIFTED, QUARANTINED = 0, 1, 2, 3, 4, 5, 6
#: What went well enough that the days asked for need not be asked for again.
GOOD = frozenset({OK, QUARANTINED})
MESSAGES_SHOWN = 20
#: A window of more days is a back-fill: no attachment is read in it.
LONGEST_WITH_ATTACHMENTS = 35


class _Plain(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Limits(_Plain):
    """How long and how often a crawl tries. Seconds; the defaults are for regulators' servers."""

    timeout: float = 60.0  # one download, from the first byte asked to the last one read
    retries: int = 3
    backoff: float = 2.0  # first wait; it doubles
    longest_wait: float = 300.0  # a longer Retry-After means: come back at the next run
    failures_in_row: int = 5  # then the source counts as unreachable and the rest is not asked for
    deadline: float = 4 * 3600.0  # the whole crawl
    delay: float | None = None  # between requests; None: the source's own
    body_mb: int | None = None  # largest response; None: the source's own


#: A replay answers from this machine: no pause helps, and a recorded 503 stays one.
REPLAY_LIMITS = Limits(timeout=60.0, retries=2, backoff=0.0, longest_wait=0.0, delay=0.0)


class Job(_Plain):
    """One crawl. `run_seq`, window and directories are the parent's decisions; the process only carries them out."""

    source: str
    run: str
    run_seq: int
    as_of: AwareDatetime
    since: dt.date
    until: dt.date
    first: bool = False
    explicit: bool = False  # `--since`/`--until` were given: nothing is judged against `expect`
    archive_url: str
    engine_url: str
    spool: str  # a local folder for what the parent needs beside the archive files
    replay_url: str = ""  # the loopback server that answers instead of the network
    contact: str = ""
    keys: dict[str, str] = Field(default_factory=dict)
    limits: Limits = Limits()
    expect: Expect | None = None  # instead of the source's own
    attachments: bool = False  # read the documents the source's `attachments` names
    conditional: bool = True  # send If-None-Match / If-Modified-Since
    record_to: str = ""  # a folder that gets every response in replay form


class Report(_Plain):
    """What one crawl gave. Its files are written but not committed: that is the parent's act."""

    exit: int
    counts: dict[str, int]
    messages: tuple[str, ...] = ()
    complete: bool = False  # a whole list was read without a fault
    written: tuple[str, ...] = ()  # of `notices`, `quarantine`: which data files stand in the archive


class CrawlResult(_Plain):
    """What `runner.crawl` answers: the same facts as any step (run, files, counts, exit)."""

    source: str
    run: str
    run_seq: int = 0
    files: tuple[str, ...] = ()
    counts: dict[str, int] = Field(default_factory=dict)
    exit: int = OK
    messages: tuple[str, ...] = ()


class Tally:
    """Counts and faults of a running crawl. The exit code is the gravest of what happened."""

    def __init__(self) -> None:
        self.counts: dict[str, int] = dict.fromkeys(("responses", "not_modified", "failed", "records", "new", "changed", "unchanged", "withdrawn", "duplicates", "rejected", "drifted", "bugs"), 0)  # fmt: skip
        self._messages: dict[str, int] = {}
        self._exits: set[int] = set()

    def add(self, name: str, by: int = 1) -> None:
        self.counts[name] = self.counts.get(name, 0) + by

    def say(self, message: str, code: int | None = None) -> None:
        """One thing the reader must know; the same words twice are counted, not repeated."""
        self._messages[message] = self._messages.get(message, 0) + 1
        if code is not None:
            self._exits.add(code)

    @property
    def exit(self) -> int:
        for code in (BUG, DRIFTED, UNREACHABLE, SHRUNKEN, QUARANTINED):
            if code in self._exits:
                return code
        return OK

    @property
    def messages(self) -> tuple[str, ...]:
        told = [text if times == 1 else f"{text} ({times} times)" for text, times in self._messages.items()]
        rest = len(told) - MESSAGES_SHOWN
        return tuple(told[:MESSAGES_SHOWN] + ([f"and {rest} more"] if rest > 0 else []))
