"""The walk: crawl → classify → index, each step alone or all in a row. Files between the steps, so that any of them can
run again alone, on another machine, or years later (DESIGN.md, "Hand-offs").

Every step is idempotent, returns a `Step`, and takes in only what it has not taken in yet.
"""

from __future__ import annotations

import datetime as dt
import json
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator
from typing import Literal

from pydantic import Field

from crawlers import runner
from crawlers.archive import Archive, RunFiles
from crawlers.notice import Notice, Record, canonical_hash
from crawlers.worker import Worker
from index.store import StoreError
from nlp.assessment import Assessment
from tradewarn import handoff, state
from tradewarn.workshop import Workshop

OK, BUG, UNREACHABLE, QUARANTINED, SOME_FAILED = 0, 1, 4, 6, 10


class Step(Record):
    """What one step did: the same facts whatever the step (DESIGN.md, "Hand-offs")."""

    step: Literal["crawl", "classify", "index"]
    source: str = ""
    run: str = ""
    files: tuple[str, ...] = ()
    counts: dict[str, int] = Field(default_factory=dict)
    exit: int = 0
    messages: tuple[str, ...] = ()


def crawl(
    shop: Workshop,
    source_id: str,
    *,
    since: dt.date | None = None,
    until: dt.date | None = None,
    run_id: str | None = None,
    worker: Worker | None = None,
    attachments: bool = False,
) -> Step:
    """One source → notices in the archive. The exit code says how it went; a failure never leaves a half-commit."""
    _ = shop.engine  # the crawl's own process must find a migrated database
    result = runner.crawl(
        source_id,
        archive_url=shop.settings.archive,
        engine_url=shop.settings.database,
        as_of=shop.as_of,
        since=since,
        until=until,
        run_id=run_id,
        replay=shop.replay,
        contact=shop.settings.contact,
        keys=dict(shop.keys),
        worker=worker,
        attachments=attachments or shop.settings.attachments,
    )
    return Step(
        step="crawl",
        source=source_id,
        run=result.run,
        files=tuple(result.files),
        counts=dict(result.counts),
        exit=result.exit,
        messages=tuple(result.messages),
    )


def classify(shop: Workshop, source_id: str | None = None, *, again: bool = False) -> list[Step]:
    """Every committed run of notices that the present model has not read yet → assessments beside it.

    `again` reads all of them once more (a new model, a new taxonomy).
    """
    version = shop.model_version
    done = {(f.source, f.day, f.run) for f in shop.archive.committed("assessments", source_id)}
    steps = []
    for files in shop.archive.committed("notices", source_id):
        name = f"{files.run}.{version}"
        if again or (files.source, files.day, name) not in done:
            steps.append(_classify_run(shop, files, name))
    return steps


def _classify_run(shop: Workshop, files: RunFiles, name: str) -> Step:
    archive, faults = shop.archive, handoff.Faults()
    here = _notices_of(archive, files, handoff.parent_symbols(archive.read(files.path)))
    arrived: set[str] = set()

    def parent_of(symbol: str) -> Notice | None:
        return here.get(symbol) or shop.catalogue.parent(symbol)

    def made() -> Iterator[handoff.Made]:
        yield from shop.assessed(handoff.tasks(archive.read(files.path), parent_of, files.run))
        # An addendum may come before its parent: what waits for one of these is assessed again (DESIGN.md, Addenda).
        here.update(_notices_of(archive, files, {n.parent_symbol for _, n in shop.catalogue.waiting_for(arrived)}))
        waiting = (handoff.notice_line(seq, notice) for seq, notice in shop.catalogue.waiting_for(arrived))
        yield from shop.assessed(handoff.tasks(waiting, parent_of, files.run))

    counts = Counter(assessed=0, rejected=0)
    with archive.writer("assessments", files.source, files.day, name) as out:
        for part in made():
            for line in part.lines:
                out.write(line)
            counts["assessed"] += len(part.lines)
            faults.extend(part.faults)
            arrived |= part.symbols
    counts["rejected"] = len(faults)
    faults.keep(archive, files.source, files.day, f"{name}.classify")
    stats = {
        "run": files.run,
        "run_seq": files.run_seq,
        "source": files.source,
        "model": shop.model_version,
        "counts": dict(counts),
    }
    path = archive.commit("assessments", files.source, files.day, name, stats)
    return Step(
        step="classify",
        source=files.source,
        run=files.run,
        files=(path,),
        counts=dict(counts),
        exit=QUARANTINED if faults else OK,
        messages=faults.messages,
    )


def _notices_of(archive: Archive, files: RunFiles, symbols: Collection[str]) -> dict[str, Notice]:
    """The notices of a run with one of these symbols, by symbol; of several with one, the last."""
    if not symbols:
        return {}
    held = handoff.notices((raw for raw in archive.read(files.path) if '"symbol"' in raw), handoff.Faults())
    return {notice.symbol: notice for _, notice in held if notice.symbol in symbols}


def index(shop: Workshop, source_id: str | None = None) -> list[Step]:
    """Every committed run of assessments that is not in the index yet → alerts, versions, changes."""
    taken = state.taken(shop.engine, "index")
    steps = []
    for files in shop.archive.committed("assessments", source_id):
        digest = canonical_hash(files.stats)
        if (files.path, digest) in taken:
            continue
        step = index_lines(
            shop, shop.archive.read(files.path), files.path, source=files.source, run=str(files.stats["run"])
        )
        state.take(shop.engine, "index", files.path, digest, shop.as_of)
        steps.append(step)
    return steps


def index_lines(shop: Workshop, lines: Iterable[str], path: str, *, source: str = "", run: str = "") -> Step:
    """Load `{run_seq, notice, assessment}` lines: new, changed, unchanged, rejected."""
    faults = handoff.Faults()
    loaded = shop.catalogue.load(handoff.assessments(lines, faults))
    counts = {
        "new": loaded.new,
        "changed": loaded.changed,
        "unchanged": loaded.unchanged,
        "rejected": loaded.rejected + len(faults),
    }
    faults.keep(shop.archive, source or "files", shop.today, f"{run or 'index'}.index")
    return Step(
        step="index",
        source=source,
        run=run,
        files=(path,),
        counts=dict(counts),
        exit=QUARANTINED if counts["rejected"] else OK,
        messages=faults.messages,
    )


def run(shop: Workshop, source_ids: Iterable[str], *, report: Callable[[str], None] = lambda _: None) -> list[Step]:
    """crawl → classify → index for many sources; one failing source never stops the rest."""
    steps: list[Step] = []
    with Worker() as worker:  # one crawl process for all: the start of the downloader is paid once
        for source_id in source_ids:
            report(source_id)
            try:
                steps.append(crawl(shop, source_id, worker=worker))
                steps += classify(shop, source_id)
                steps += index(shop, source_id)
            except Exception as error:
                # Whatever broke here is this source's: it is told with its exit code and the others still sail.
                reason = f"{type(error).__name__}: {error}"
                code = UNREACHABLE if isinstance(error, StoreError) else BUG
                steps.append(Step(step="crawl", source=source_id, exit=code, messages=(reason,)))
    return steps


def rebuild(shop: Workshop) -> int:
    """A new index from the archive (newest facts, newest assessment), then an atomic switch; the feed appends nothing."""
    return int(shop.catalogue.rebuild(_newest_lines(shop.archive)))


def _newest_lines(archive: Archive) -> Iterator[tuple[int, Notice, Assessment]]:
    for files in archive.committed("assessments"):
        yield from handoff.assessments(archive.read(files.path), handoff.Faults())


def table(steps: Iterable[Step]) -> dict[str, dict[str, object]]:
    """One row per source, for the table at the end of `run` and for `--json`."""
    rows: dict[str, dict[str, object]] = {}
    for step in steps:
        row = rows.setdefault(step.source, {"exit": 0, "messages": []})
        for name, count in step.counts.items():
            key = f"{step.step}.{name}"
            row[key] = int(str(row.get(key, 0))) + count
        row["exit"] = row["exit"] or step.exit
        row["messages"] = [*row["messages"], *step.messages]  # type: ignore[misc]
    return rows


def as_json(steps: Iterable[Step]) -> str:
    rows = [json.loads(step.model_dump_json()) for step in steps]
    return json.dumps(rows, ensure_ascii=False)
