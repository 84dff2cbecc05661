"""How a source is doing, read from its own runs: never a blank page where a regulator fell silent."""

from __future__ import annotations

import datetime as dt
import json
import statistics
from typing import Literal

from cronsim import CronSim
from pydantic import BaseModel, ConfigDict
from sqlalchemy import Engine, Row, func, select

from crawlers.job import DRIFTED, GOOD, SHRUNKEN
from crawlers.ledger import known_between
from crawlers.source import Source
from crawlers.state import runs, seen

State = Literal["ok", "late", "down", "never"]

#: Scheduled times missed in a row: one may be due just now; from the second on the source is late, from the fourth down.
LATE, DOWN = 2, 4
RUNS_LOOKED_AT = 10
USUAL_WINDOWS = 8
LAG_DAYS = 90


class Health(BaseModel):
    """One source's condition at `as_of`. `None` means: not known yet."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    source: str
    state: State
    last_success: dt.datetime | None = None  # the clock of the last good run
    last_run: dt.datetime | None = None
    last_exit: int | None = None
    missed: int = 0  # scheduled times since the last good run
    lag_days: float | None = None  # median days from `published` to first seen; back-filled notices do not count
    window: str = ""  # of `count` and `usual`, e.g. `7d`
    count: int | None = None  # notices published in the window that ends at `as_of`
    usual: float | None = None  # median of the eight windows before
    drifted: bool = False
    shrunken: bool = False
    error_share: float | None = None  # rejected of all records, over the last ten runs; None: no records
    messages: tuple[str, ...] = ()  # of the last run
    note: str = ""  # what is wrong, in one line; empty where nothing is


def health(engine: Engine, source: Source, as_of: dt.datetime) -> Health:
    """The condition of `source` at `as_of` (UTC-aware)."""
    with engine.connect() as connection:
        query = select(runs).where(runs.c.source == source.id, runs.c.exit.is_not(None), runs.c.as_of <= as_of)
        rows = list(connection.execute(query.order_by(runs.c.run_seq.desc()).limit(200)))
    good = next((row for row in rows if row.exit in GOOD), None)
    if not rows:
        return Health(source=source.id, state="never", note="never crawled")
    last = rows[0]
    missed = _missed(source.schedule, _utc(good.as_of) if good else None, as_of)
    days = source.expect.days if source.expect else 7
    count, usual = _counts(engine, source, as_of.date(), days)
    return Health(
        source=source.id,
        state=_state(good is not None, last.exit in GOOD, missed),
        last_success=_utc(good.as_of) if good else None,
        last_run=_utc(last.as_of),
        last_exit=last.exit,
        missed=missed,
        lag_days=_lag(engine, source.id, as_of),
        window=f"{days}d",
        count=count,
        usual=usual,
        drifted=last.exit == DRIFTED,
        shrunken=last.exit == SHRUNKEN,
        error_share=_error_share(rows[:RUNS_LOOKED_AT]),
        messages=tuple(json.loads(last.messages)),
        note=_note(last.exit, json.loads(last.messages), missed, count, usual, days),
    )


def _note(exit_code: int, messages: list[str], missed: int, count: int, usual: float | None, days: int) -> str:
    parts = []
    if exit_code not in GOOD:
        parts.append(messages[0] if messages else f"the last run ended with {exit_code}")
    if missed >= LATE:
        parts.append(f"{'at least ' if missed >= DOWN else ''}{missed} scheduled runs missed")
    if usual is not None and count < usual / 2:
        parts.append(f"{count} notices in {days} days, usually {usual:g}")
    return "; ".join(parts)


def _state(ever: bool, last_good: bool, missed: int) -> State:
    if not ever:
        return "down"  # it was tried, and never worked
    if missed >= DOWN:
        return "down"
    return "late" if missed >= LATE or not last_good else "ok"


def _missed(schedule: str, since: dt.datetime | None, as_of: dt.datetime) -> int:
    """Scheduled times in (since, as_of]; at most `DOWN` are counted."""
    if since is None:
        return DOWN
    times, count = CronSim(schedule, since.astimezone(dt.UTC)), 0
    for moment in times:
        if moment > as_of or count >= DOWN:
            break
        count += 1
    return count


def _counts(engine: Engine, source: Source, last: dt.date, days: int) -> tuple[int, float | None]:
    """Notices published in the last `days`, and the median of the windows before (None: fewer than three have any)."""
    length = dt.timedelta(days=days)

    def window(number: int) -> int:
        end = last - length * number
        return known_between(engine, source.id, end - length + dt.timedelta(days=1), end)

    before = [window(number) for number in range(1, USUAL_WINDOWS + 1)]
    return window(0), statistics.median(before) if sum(1 for n in before if n) >= 3 else None


def _lag(engine: Engine, source_id: str, as_of: dt.datetime) -> float | None:
    since = as_of.date() - dt.timedelta(days=LAG_DAYS)
    with engine.connect() as connection:
        first = connection.execute(
            select(func.min(runs.c.as_of)).where(runs.c.source == source_id)
        ).scalar_one_or_none()
        if first is not None:
            since = max(since, first.date())
        query = select(seen.c.published, seen.c.first_seen).where(seen.c.source == source_id, seen.c.published >= since)
        lags = [max(0, (_utc(row.first_seen).date() - row.published).days) for row in connection.execute(query)]
    return float(statistics.median(lags)) if lags else None


def _error_share(rows: list[Row[tuple[object, ...]]]) -> float | None:
    counts = [json.loads(str(row.counts)) for row in rows]
    rejected = sum(int(c.get("rejected", 0)) for c in counts)
    records = sum(int(c.get("records", 0)) for c in counts)
    total = max(records, rejected)
    return rejected / total if total else None


def _utc(moment: dt.datetime) -> dt.datetime:
    """SQLite gives times back without their zone; they were stored in UTC."""
    return moment.replace(tzinfo=dt.UTC) if moment.tzinfo is None else moment.astimezone(dt.UTC)
