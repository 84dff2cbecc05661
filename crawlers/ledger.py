"""What a source's runs leave in the state database, and how that is mended from the archive after a crash.

The archive is the truth. A run is committed there first and taken into state after; a crash between the two leaves a
committed run that state does not know, and the next crawl of the source takes it in before it does anything else.
"""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Iterable, Iterator, Mapping
from itertools import islice
from typing import Any

from sqlalchemy import Connection, Engine, Table, and_, delete, func, or_, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import IntegrityError

from crawlers.archive import Archive, RunFiles
from crawlers.job import GOOD, OK, QUARANTINED
from crawlers.lines import facts_hash
from crawlers.state import list_absence, runs, seen, validators, watermarks

BATCH = 1000
#: Runs older than the newest known day by more than this are known: a listing need not go back to the beginning.
LOOK_BACK = dt.timedelta(days=35)
#: How long a quarantined record holds the window open.
HOLD = dt.timedelta(days=14)


def watermark(engine: Engine, source_id: str) -> dt.date | None:
    """Up to which day the source is known (inclusive); None before the first good run."""
    with engine.connect() as connection:
        day: dt.date | None = connection.execute(
            select(watermarks.c.until).where(watermarks.c.source == source_id)
        ).scalar_one_or_none()
        return day


def held_back(engine: Engine, source_id: str, as_of: dt.datetime) -> dt.date | None:
    """The first day to ask for again because records of it stand in quarantine, or None.

    A record that could not be read may be put right, by the authority or by us: the window of the first run that
    quarantined one is asked for again until a run is clean, for two weeks at most.
    """
    with engine.connect() as connection:
        query = select(runs.c.exit, runs.c.since, runs.c.as_of).where(
            runs.c.source == source_id, runs.c.exit.is_not(None), runs.c.explicit == 0
        )
        streak = None
        for row in connection.execute(query.order_by(runs.c.run_seq.desc()).limit(500)):
            if row.exit == OK:
                break
            if row.exit == QUARANTINED:
                streak = row
    if streak is None or as_of.date() - streak.as_of.date() > HOLD:
        return None
    first: dt.date = streak.since
    return first


def claim(
    engine: Engine,
    archive: Archive,
    source_id: str,
    run: str,
    as_of: dt.datetime,
    window: tuple[dt.date, dt.date],
    *,
    explicit: bool,
) -> int:
    """A new `run_seq` = max(state, archive) + 1, written down so that no other run of the source gets it."""
    highest = max((files.run_seq for files in _recent(engine, archive, source_id)), default=0)
    for _ in range(100):
        with engine.connect() as connection:
            known = connection.execute(select(func.max(runs.c.run_seq)).where(runs.c.source == source_id)).scalar_one()
        seq = max(highest, known or 0) + 1
        row = _run_row(source_id, run, seq, as_of, *window) | {"explicit": int(explicit)}
        try:
            with engine.begin() as connection:
                connection.execute(
                    delete(runs).where(runs.c.source == source_id, runs.c.run == run, runs.c.exit.is_(None))
                )
                connection.execute(runs.insert().values(**row))
        except IntegrityError:
            continue  # another crawl of this source took the number at the same moment
        return seq
    raise RuntimeError(f"{source_id}: no run_seq could be claimed: is something crawling it in a loop?")


def _run_row(source_id: str, run: str, seq: int, as_of: dt.datetime, since: dt.date, until: dt.date) -> dict[str, Any]:
    return {
        "source": source_id, "run": run, "run_seq": seq, "as_of": as_of, "since": since, "until": until, "exit": None,
        "explicit": 0, "complete": 0, "counts": "{}", "messages": "[]", "day": as_of.date(),
    }  # fmt: skip


def finished(engine: Engine, source_id: str, run: str) -> tuple[str, dict[str, Any] | None]:
    """The name the next attempt of `run` takes, and the row of a good earlier attempt where there is one.

    A run that went well is not crawled again: at-least-once between steps, one effect. After a bad end the same run
    may be tried again; its files of before stay, so the attempt gets the name `<run>~2`, `~3`, …
    """
    with engine.connect() as connection:
        query = select(runs).where(
            runs.c.source == source_id, or_(runs.c.run == run, runs.c.run.startswith(f"{run}~", autoescape=True))
        )
        rows = [dict(row._mapping) for row in connection.execute(query.order_by(runs.c.run_seq))]
    for row in rows:
        if row["exit"] in GOOD:
            return run, row
    taken = {row["run"] for row in rows if row["exit"] is not None}
    name, number = run, 1
    while name in taken:
        number += 1
        name = f"{run}~{number}"
    return name, None


def repair(engine: Engine, archive: Archive, source_id: str) -> list[str]:
    """Take in every committed run that state does not know. Returns their names. Safe to call at any time."""
    with engine.connect() as connection:
        known = set(
            connection.execute(select(runs.c.run).where(runs.c.source == source_id, runs.c.exit.is_not(None))).scalars()
        )
    mended = []
    for files in _recent(engine, archive, source_id):
        if files.run not in known:
            adopt(engine, files, _rows_from_archive(archive, files))
            mended.append(files.run)
    return mended


def _recent(engine: Engine, archive: Archive, source_id: str) -> list[RunFiles]:
    with engine.connect() as connection:
        newest = connection.execute(
            select(func.max(runs.c.day)).where(runs.c.source == source_id, runs.c.exit.is_not(None))
        ).scalar_one()
    return archive.committed("notices", source_id, since=newest - LOOK_BACK if newest else None)


def _rows_from_archive(archive: Archive, files: RunFiles) -> Iterator[list[Any]]:
    for line in archive.read(files.path):
        body = json.loads(line)
        yield [body["id"], facts_hash(body), body["published"], int(body.get("withdrawn", False))]


def adopt(
    engine: Engine,
    files: RunFiles,
    rows: Iterable[list[Any]],
    *,
    fresh: Mapping[str, tuple[str, str, str]] | None = None,
    absence: Mapping[str, Any] | None = None,
) -> None:
    """Take a committed run into state, in one transaction: `seen`, the run, the watermark, validators, absences."""
    stats, source_id = files.stats, files.source
    as_of = dt.datetime.fromisoformat(stats["as_of"])
    with engine.begin() as connection:
        _see(connection, files, rows, as_of)
        end(connection, files.run, stats, files.day)
        if stats.get("watermark"):
            row = {"source": source_id, "until": dt.date.fromisoformat(stats["watermark"]), "run_seq": files.run_seq}
            _upsert(connection, watermarks, [row], ["until", "run_seq"])
        for key, (url, etag, modified) in (fresh or {}).items():
            _remember(connection, source_id, key, url, etag, modified, str(stats["source_version"]), files.run_seq)
        if absence:
            _absences(connection, source_id, absence, files.run_seq)


def end(connection: Connection, run: str, stats: Mapping[str, Any], day: dt.date) -> None:
    """Write down how a run ended (also one that committed nothing)."""
    row = _run_row(
        stats["source"], run, stats["run_seq"], dt.datetime.fromisoformat(stats["as_of"]),
        dt.date.fromisoformat(stats["since"]), dt.date.fromisoformat(stats["until"]),
    )  # fmt: skip
    row |= {
        "exit": stats["exit"],
        "explicit": int(stats["explicit"]),
        "complete": int(stats["complete"]),
        "counts": json.dumps(stats["counts"]),
        "messages": json.dumps(list(stats["messages"]), ensure_ascii=False),
        "day": day,
    }
    _upsert(connection, runs, [row], [name for name in row if name not in {"source", "run"}])


def _see(connection: Connection, files: RunFiles, rows: Iterable[list[Any]], as_of: dt.datetime) -> None:
    source = iter(rows)
    while batch := list(islice(source, BATCH)):
        values: dict[str, dict[str, Any]] = {}
        for notice_id, digest, published, withdrawn, *place in batch:
            day, run, seq = (
                (dt.date.fromisoformat(place[0]), place[1], place[2])
                if place
                else (files.day, files.run, files.run_seq)
            )
            values[notice_id] = {
                "source": files.source,
                "id": notice_id,
                "hash": digest,
                "published": dt.date.fromisoformat(published),
                "first_seen": as_of,
                "run_seq": seq,
                "day": day,
                "run": run,
                "withdrawn": withdrawn,
            }
        # Older input never replaces newer, whatever order repairs come in.
        _upsert(
            connection,
            seen,
            list(values.values()),
            ["hash", "published", "run_seq", "day", "run", "withdrawn"],
            newer=True,
        )


def _remember(
    connection: Connection, source_id: str, key: str, url: str, etag: str, modified: str, version: str, seq: int
) -> None:
    row = {
        "source": source_id, "request": key, "url": url, "etag": etag, "last_modified": modified,
        "source_version": version, "run_seq": seq,
    }  # fmt: skip
    _upsert(connection, validators, [row], ["url", "etag", "last_modified", "source_version", "run_seq"])


def _absences(connection: Connection, source_id: str, absence: Mapping[str, Any], seq: int) -> None:
    gone = [*absence["back"], *absence["withdrawn"]]
    for start in range(0, len(gone), BATCH):
        connection.execute(
            delete(list_absence).where(
                and_(list_absence.c.source == source_id, list_absence.c.id.in_(gone[start : start + BATCH]))
            )
        )
    values = [
        {"source": source_id, "id": notice_id, "times": times, "run_seq": seq}
        for notice_id, times in absence["times"].items()
        if notice_id not in set(absence["withdrawn"])
    ]
    if values:
        _upsert(connection, list_absence, values, ["times", "run_seq"])


def _upsert(
    connection: Connection, table: Table, values: list[dict[str, Any]], columns: list[str], *, newer: bool = False
) -> None:
    module = sqlite if connection.dialect.name == "sqlite" else postgresql
    insert: Any = module.insert(table)
    condition = table.c.run_seq <= insert.excluded.run_seq if newer else None
    statement = insert.on_conflict_do_update(
        index_elements=list(table.primary_key.columns),
        set_={name: insert.excluded[name] for name in columns},
        where=condition,
    )
    connection.execute(statement, values)


def free_name(engine: Engine, source_id: str, stem: str) -> str:
    """A run name nobody used: `stem`, else `stem.2`, `stem.3`, …"""
    with engine.connect() as connection:
        query = select(runs.c.run).where(runs.c.source == source_id, runs.c.run.startswith(stem, autoescape=True))
        taken = set(connection.execute(query).scalars())
    name, number = stem, 1
    while name in taken:
        number += 1
        name = f"{stem}.{number}"
    return name


def known_between(engine: Engine, source_id: str, first: dt.date, last: dt.date) -> int:
    """Notices of a source, not withdrawn, published first..last (both included)."""
    with engine.connect() as connection:
        query = select(func.count()).where(
            seen.c.source == source_id, seen.c.published.between(first, last), seen.c.withdrawn == 0
        )
        return int(connection.execute(query).scalar_one())
