"""How a finished crawl is judged: against what the source says it publishes, and against its own last whole list."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Iterable
from dataclasses import dataclass, field

from sqlalchemy import Engine, select

from crawlers import ledger
from crawlers.job import BUG, DRIFTED, GOOD, SHRUNKEN, Job, Tally
from crawlers.sink import Known, Sink
from crawlers.source import Source
from crawlers.state import list_absence, runs, seen

#: More rejects than records: then not the records are wrong, the reading is.
INVALID_SHARE, INVALID_LEAST = 0.5, 3
#: A whole list with less than this share of the last one is no proof that the rest was withdrawn.
SHRUNKEN_SHARE = 0.5
#: Absent from so many healthy whole lists in a row: withdrawn.
ABSENCES = 2


@dataclass
class Absence:
    """What a whole list says of the ids it no longer holds. Written to `list_absence` when the run is committed."""

    back: list[str] = field(default_factory=list)
    times: dict[str, int] = field(default_factory=dict)
    withdrawn: dict[str, Known] = field(default_factory=dict)


def asked_for_nothing(source: Source, tally: Tally) -> None:
    """A crawl without a response and without a failure asked for nothing: that is our bug."""
    counts = tally.counts
    if counts["responses"] + counts["failed"] + counts["bugs"] == 0:
        tally.say(f"{source.id}: the crawl asked for nothing: no request in its yml, none from start()", BUG)


def invalid_share(source: Source, tally: Tally) -> None:
    rejected, records = tally.counts["rejected"], tally.counts["records"]
    if rejected >= INVALID_LEAST and rejected > INVALID_SHARE * max(records, rejected):
        tally.say(
            f"{source.id}: format drifted: {rejected} of {max(records, rejected)} records cannot be read", DRIFTED
        )


def expected(job: Job, source: Source, tally: Tally, sink: Sink, engine: Engine) -> None:
    """Judge the last window ending at `as_of`, by `published`, over all that is known: an empty day inside it is fine.

    Never for `--since`; nor at a first crawl that does not reach back as far as the window (a whole list always does).
    """
    expect = job.expect or source.expect
    if expect is None or job.explicit or tally.exit not in GOOD:
        return  # after a worse end the emptiness explains itself
    if job.first and not source.complete and (job.until - job.since).days < expect.days:
        return
    last = job.as_of.date()
    first = last - dt.timedelta(days=expect.days - 1)
    known = ledger.known_between(engine, source.id, first, last)
    found = known + sum(count for day, count in sink.new_by_day.items() if first <= day <= last)
    span = f"published {first}..{last}"
    if found < expect.min:
        tally.say(f"{source.id}: shrunken: {found} notices {span}, expected at least {expect.min}", SHRUNKEN)
    elif expect.max is not None and found > expect.max:
        tally.say(f"{source.id}: {found} notices {span}, more than the usual {expect.max}: is a filter ignored?")


def whole_list(job: Job, source: Source, tally: Tally, sink: Sink, engine: Engine) -> Absence | None:
    """For a `complete` source: which ids the list no longer holds. None where this run proves nothing.

    A run proves something when it asked for everything, every page was read, every record had an id, and the list did
    not shrink to half. Answers "not modified" throughout are the same list once more.
    """
    counts = tally.counts
    if not source.complete or job.explicit or tally.exit not in GOOD or "" in sink.rejected_ids:
        return None
    all_unmodified = counts["not_modified"] == counts["responses"]
    if counts["not_modified"] and not all_unmodified:
        return None
    with engine.connect() as connection:
        before = connection.execute(
            select(list_absence.c.id, list_absence.c.times).where(list_absence.c.source == source.id)
        )
        times = {row[0]: int(row[1]) for row in before}
        if all_unmodified:
            return _absence(connection_rows(engine, source.id), set(times), times, set())
        listed = sink.hashes.keys() | {f"{source.register_name}:{name}" for name in sink.rejected_ids}
        usual = last_listed(engine, source.id)
        tally.counts["listed"] = len(listed)
        if len(listed) < SHRUNKEN_SHARE * usual:
            tally.say(f"{source.id}: shrunken: the whole list holds {len(listed)} notices, last time {usual}", SHRUNKEN)
            return None
        alive = connection_rows(engine, source.id)
        return _absence(alive, set(alive) - set(listed), times, set(listed))


def _absence(alive: dict[str, Known], absent: Iterable[str], times: dict[str, int], listed: set[str]) -> Absence:
    result = Absence(back=[notice_id for notice_id in times if notice_id in listed])
    for notice_id in absent:
        if notice_id not in alive:
            continue
        result.times[notice_id] = times.get(notice_id, 0) + 1
        if result.times[notice_id] >= ABSENCES:
            result.withdrawn[notice_id] = alive[notice_id]
    return result


def connection_rows(engine: Engine, source_id: str) -> dict[str, Known]:
    """Every id of the source that is not withdrawn → where its present line stands."""
    c = seen.c
    query = select(c.id, c.source, c.hash, c.published, c.withdrawn, c.day, c.run, c.run_seq).where(
        c.source == source_id, c.withdrawn == 0
    )
    with engine.connect() as connection:
        return {row[0]: Known(*row[1:]) for row in connection.execute(query)}


def last_listed(engine: Engine, source_id: str) -> int:
    """How many ids the last whole list held; 0 where there was none."""
    query = (
        select(runs.c.counts).where(runs.c.source == source_id, runs.c.complete == 1).order_by(runs.c.run_seq.desc())
    )
    with engine.connect() as connection:
        for row in connection.execute(query):
            listed = json.loads(row[0]).get("listed")
            if listed is not None:
                return int(listed)
    return 0
