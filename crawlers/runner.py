"""One crawl of one source, from the decision what to ask for to the commit (DESIGN.md, "Hand-offs").

The order of the acts is what makes a crash harmless:

1. mend: take in what an earlier crawl committed and state does not know yet;
2. claim a `run_seq`, decide the window;
3. the crawl's own process writes data files and a spool - nothing of it counts yet;
4. commit: `stats.json` of quarantine, then of notices;
5. take the run into state: `seen`, watermark, validators, in one transaction.

A crash before 4 leaves files nobody reads, and the next run asks again. A crash between 4 and 5 is mended by 1.
"""

from __future__ import annotations

import datetime as dt
import functools
import json
import tempfile
from collections.abc import Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from sqlalchemy import Engine

from crawlers import backfill, ledger
from crawlers.archive import Archive, RunFiles
from crawlers.job import GOOD, LONGEST_WITH_ATTACHMENTS, OK, REPLAY_LIMITS, USAGE, CrawlResult, Job, Limits, Report
from crawlers.lines import rows_of
from crawlers.replay import ReplayServer
from crawlers.source import Expect, Source, SourceError, load
from crawlers.state import connect
from crawlers.worker import Worker

FIRST_DAYS = 30


def crawl(
    source_id: str,
    *,
    archive_url: str,
    engine_url: str,
    as_of: dt.datetime,
    since: dt.date | None = None,
    until: dt.date | None = None,
    run_id: str | None = None,
    replay: Path | ReplayServer | None = None,
    contact: str = "",
    keys: Mapping[str, str] | None = None,
    limits: Limits | None = None,
    expect: Expect | None = None,
    worker: Worker | None = None,
    record_to: Path | None = None,
    attachments: bool = False,
) -> CrawlResult:
    """Crawl one source. Never raises for what a regulator's server does: the exit code and the messages say it.

    `replay` is a folder, or a server already running. `worker` is a crawl process already running (many crawls in a
    row then pay for one start). `record_to` is a folder that gets every response (`crawlers.recording`). `attachments`
    reads the documents the source names, never in a back-fill (`crawlers.attachments`). A `since` of more than 400 days back is crawled in slices (`crawlers.backfill`). Exit codes: DESIGN.md, "Command line".
    """
    try:
        source = load(source_id)
        _check(source, since, until, as_of, replay is not None, contact, keys or {})
    except (SourceError, UsageFault) as error:
        return CrawlResult(source=source_id, run=run_id or "", exit=USAGE, messages=(str(error),))
    as_of = as_of.astimezone(dt.UTC)
    archive, engine = Archive(_absolute(archive_url)), connect(_absolute_database(engine_url))
    try:
        ledger.repair(engine, archive, source_id)
        parts = backfill.slices(source, since, until or as_of.date()) if since else []
        if len(parts) > 1:
            stem = run_id or _name(engine, source_id, as_of)
            with ExitStack() as stack:
                running = worker or stack.enter_context(Worker())
                served = stack.enter_context(ReplayServer(replay)) if isinstance(replay, Path) else replay
                part = functools.partial(
                    crawl, source_id, archive_url=archive_url, engine_url=engine_url, as_of=as_of, replay=served,
                    contact=contact, keys=keys, limits=limits, worker=running, record_to=record_to, attachments=attachments,
                )  # fmt: skip
                return backfill.run(
                    source_id, stem, parts, lambda first, last, name: part(since=first, until=last, run_id=name)
                )
        name, done = ledger.finished(engine, source_id, run_id) if run_id else (None, None)
        if done is not None:
            return _again(archive, source_id, done)
        last = until or as_of.date()
        mark = ledger.watermark(engine, source_id)
        explicit = since is not None or until is not None
        first = since or _first_day(source, mark, last)
        if not explicit:
            first = min(first, ledger.held_back(engine, source_id, as_of) or first)
        name = name or _name(engine, source_id, as_of)
        with ExitStack() as stack:
            running = worker or stack.enter_context(Worker())
            running.start()  # it loads Scrapy while we read the replay folder and claim the number
            spool = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="tradewarn-crawl-")))
            server = replay if isinstance(replay, ReplayServer) else None
            if isinstance(replay, Path):
                server = stack.enter_context(ReplayServer(replay))
            seq = ledger.claim(engine, archive, source_id, name, as_of, (first, last), explicit=explicit)
            job = Job(
                source=source_id,
                run=name,
                run_seq=seq,
                as_of=as_of,
                since=first,
                until=last,
                first=mark is None,
                explicit=explicit,
                archive_url=_absolute(archive_url),
                engine_url=_absolute_database(engine_url),
                spool=str(spool),
                replay_url=server.url if server else "",
                contact=contact,
                keys=dict(keys or {}),
                limits=limits or (REPLAY_LIMITS if replay else Limits()),
                expect=expect,
                record_to=str(record_to.resolve()) if record_to else "",
                attachments=attachments and (last - first).days <= LONGEST_WITH_ATTACHMENTS,
            )
            report = running.run(job)
            return commit(engine, archive, source, job, report, mark)
    finally:
        engine.dispose()


class UsageFault(ValueError):
    """The crawl was asked for something it cannot do: exit code 2."""


def _check(
    source: Source,
    since: dt.date | None,
    until: dt.date | None,
    as_of: dt.datetime,
    replayed: bool,
    contact: str,
    keys: Mapping[str, str],
) -> None:
    if as_of.tzinfo is None:
        raise UsageFault("as_of has no time zone")
    if since and since > (until or as_of.date()):
        raise UsageFault(f"--since {since} is after --until {until or as_of.date()}")
    if replayed:
        return
    if not contact:
        raise UsageFault("TRADEWARN_CONTACT is not set: a live crawl tells the authority whom to write to")
    if any("{key}" in value for value in source.headers.values()) and not keys.get(source.key_setting):
        raise UsageFault(f"{source.id} needs a key: set {source.key_setting}")


def _first_day(source: Source, mark: dt.date | None, last: dt.date) -> dt.date:
    """The day a crawl without `--since` begins at: 30 days back at first, then the watermark less its overlap."""
    if mark is None:
        return last - dt.timedelta(days=FIRST_DAYS)
    return min(mark, last) - dt.timedelta(days=source.overlap_days)


def _name(engine: Engine, source_id: str, as_of: dt.datetime) -> str:
    stem = f"{as_of.astimezone(dt.UTC):%Y%m%dT%H%M%SZ}"
    return ledger.free_name(engine, source_id, stem)


def commit(
    engine: Engine, archive: Archive, source: Source, job: Job, report: Report, mark: dt.date | None
) -> CrawlResult:
    """Make what the process wrote count: `stats.json` last, then state."""
    day = job.as_of.date()
    stats = _stats(source, job, report, mark)
    paths = []
    if "quarantine" in report.written:
        paths.append(archive.commit("quarantine", source.id, day, job.run, stats))
    if "notices" in report.written:
        paths.insert(0, archive.commit("notices", source.id, day, job.run, stats))
        spool = Path(job.spool)
        files = RunFiles("notices", source.id, day, job.run, job.run_seq, paths[0], stats)
        good = report.exit in GOOD
        ledger.adopt(
            engine,
            files,
            rows_of(spool),
            fresh=_json(spool / "validators.json") if good else None,
            absence=_json(spool / "absence.json") if good else None,
        )
    else:
        with engine.begin() as connection:
            ledger.end(connection, job.run, stats, day)
    return CrawlResult(
        source=source.id,
        run=job.run,
        run_seq=job.run_seq,
        files=tuple(paths),
        counts=report.counts,
        exit=report.exit,
        messages=report.messages,
    )


def _stats(source: Source, job: Job, report: Report, mark: dt.date | None) -> dict[str, Any]:
    return {
        "run": job.run,
        "run_seq": job.run_seq,
        "source": source.id,
        "source_version": source.version,
        "as_of": job.as_of.isoformat(),
        "since": job.since.isoformat(),
        "until": job.until.isoformat(),
        "explicit": job.explicit,
        "exit": report.exit,
        "complete": report.complete,
        "counts": report.counts,
        "messages": list(report.messages),
        "watermark": _next_mark(job, report, mark),
    }


def _next_mark(job: Job, report: Report, mark: dt.date | None) -> str | None:
    """The new watermark, or None to leave it: after a bad end, and behind a gap that `--since` left unasked."""
    if report.exit not in GOOD or (mark is not None and job.since > mark + dt.timedelta(days=1)):
        return None
    return max(job.until, mark or job.until).isoformat()


def _again(archive: Archive, source_id: str, row: Mapping[str, Any]) -> CrawlResult:
    """The result of a run that went well before: said again, not done again."""
    path = f"{source_id}/{row['day'].isoformat()}/{row['run']}.jsonl.gz"
    files = tuple(f"{kind}/{path}" for kind in ("notices", "quarantine") if archive.exists(f"{kind}/{path}"))
    return CrawlResult(
        source=source_id,
        run=row["run"],
        run_seq=row["run_seq"],
        files=files,
        counts=json.loads(row["counts"]),
        exit=row["exit"] if row["exit"] is not None else OK,
        messages=tuple(json.loads(row["messages"])),
    )


def _json(path: Path) -> Any:
    return json.loads(path.read_text(encoding="utf-8")) if path.exists() else None


def _absolute(url: str) -> str:
    """A local path made absolute: the crawl's own process works elsewhere."""
    return url if "://" in url else str(Path(url).resolve())


def _absolute_database(url: str) -> str:
    prefix = "sqlite:///"
    return f"{prefix}{Path(url.removeprefix(prefix)).resolve()}" if url.startswith(prefix) else url
