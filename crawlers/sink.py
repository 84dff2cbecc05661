"""Where a crawl's records go: page by page, new or changed ones only, into one gzip stream.

A page counts as a whole: its lines wait beside (in memory, beyond 1 MB on disk) until the parser has read it to the end.
A page that drifted half-way leaves no line; what other pages gave is delivered.
"""

from __future__ import annotations

import datetime as dt
import json
import shutil
import tempfile
from collections import Counter
from collections.abc import Iterable
from contextlib import ExitStack
from pathlib import Path
from typing import IO, Any, NamedTuple

from scrapy.http import Response
from sqlalchemy import Connection, Engine, bindparam, func, select

from crawlers import assemble, attachments
from crawlers.archive import Archive, ArchiveError, Kind, Writer
from crawlers.job import QUARANTINED, Job, Tally
from crawlers.lines import encoded, row_line
from crawlers.notice import Notice, Provenance
from crawlers.reading import Record, Reject
from crawlers.source import Source
from crawlers.state import seen

BATCH = 500
SPOOL_BYTES = 1 << 20


class Known(NamedTuple):
    """What state knows of an id by one route."""

    source: str
    hash: str
    published: dt.date
    withdrawn: bool
    day: dt.date
    run: str
    run_seq: int


class Memory:
    """Look-ups in `seen`, by batch. Asks by id whichever route brought it: bulk and API share one register."""

    def __init__(self, engine: Engine) -> None:
        self._connection: Connection = engine.connect()
        self._empty = (
            self._connection.execute(select(func.count()).select_from(seen.select().limit(1).subquery())).scalar_one()
            == 0
        )
        columns = (
            seen.c.source,
            seen.c.hash,
            seen.c.published,
            seen.c.withdrawn,
            seen.c.day,
            seen.c.run,
            seen.c.run_seq,
        )
        self._query = select(seen.c.id, *columns).where(seen.c.id.in_(bindparam("ids", expanding=True)))

    def known(self, ids: Iterable[str]) -> dict[str, list[Known]]:
        """id → what each route that saw it has. Ids nobody saw are absent."""
        found: dict[str, list[Known]] = {}
        wanted = list(ids)
        if self._empty or not wanted:
            return found
        for row in self._connection.execute(self._query, {"ids": wanted}):
            found.setdefault(row[0], []).append(Known(row[1], row[2], row[3], bool(row[4]), *row[5:]))
        self._connection.rollback()  # a long crawl must not hold a read transaction over the writers of others
        return found

    def close(self) -> None:
        self._connection.close()


class Sink:
    """The open files of one crawl. `close()` ends them; committing is the parent's act."""

    def __init__(self, job: Job, source: Source, archive: Archive, engine: Engine, tally: Tally) -> None:
        self.job, self.source, self.archive, self.tally = job, source, archive, tally
        self.memory = Memory(engine)
        self.day = job.as_of.date()
        self.hashes: dict[str, bytes] = {}  # every id of this run
        self.rejected_ids: set[str] = set()
        self.new_by_day: Counter[dt.date] = Counter()
        self._files = ExitStack()
        self._writers: dict[Kind, Writer] = {}
        self._rows = self._files.enter_context((Path(job.spool) / "rows.jsonl").open("wb"))

    def seen(self, hashes: dict[str, bytes]) -> None:
        """The ids of a page that is kept join those of the run."""
        if self.hashes:
            self.hashes.update(hashes)
        else:
            self.hashes = hashes  # one large page is a whole run: no second table of it

    def page(self, response: Response, fetched_at: dt.datetime) -> Page:
        return Page(self, response, assemble.provenance(self.source, response, fetched_at))

    def writer(self, kind: Kind) -> Writer:
        """The data file of that kind, opened when it is first needed."""
        if kind not in self._writers:
            opened = self.archive.writer(kind, self.job.source, self.day, self.job.run)
            self._writers[kind] = self._files.enter_context(opened)
        return self._writers[kind]

    def row(self, *values: object) -> None:
        """A line of what the run tells state (`crawlers.lines.rows_of`)."""
        self._rows.write(row_line(*values))

    def rows(self, lines: IO[bytes]) -> None:
        """Such lines, all of a file's."""
        lines.seek(0)
        shutil.copyfileobj(lines, self._rows)

    def withdraw(self, known: dict[str, Known]) -> None:
        """Write the last known notice of each id again, as withdrawn."""
        by_file: dict[tuple[dt.date, str], set[str]] = {}
        for notice_id, last in known.items():
            by_file.setdefault((last.day, last.run), set()).add(notice_id)
        for (day, run), ids in sorted(by_file.items()):
            for body in self._last_lines(day, run, ids).values():
                body.pop("run_seq", None)
                notice = Notice.model_validate(body | {"withdrawn": True})
                line, digest = encoded(notice, self.job.run_seq)
                self.writer("notices").write_many(line, 1)
                self.row(notice.id, digest, notice.published, 1)
                self.tally.add("withdrawn")

    def _last_lines(self, day: dt.date, run: str, ids: set[str]) -> dict[str, dict[str, Any]]:
        found: dict[str, dict[str, Any]] = {}
        try:
            for line in self.archive.read(f"notices/{self.job.source}/{day.isoformat()}/{run}.jsonl.gz"):
                body = json.loads(line)
                if body["id"] in ids:
                    found[body["id"]] = body
        except ArchiveError as error:
            self.tally.say(f"{len(ids)} notices are gone from the list, but their last lines cannot be read: {error}")
        return found

    def quarantine(self, fields: dict[str, object]) -> None:
        self.writer("quarantine").write(json.dumps({"run_seq": self.job.run_seq} | fields, ensure_ascii=False))

    def close(self) -> tuple[str, ...]:
        """End all files. Returns which data files now stand."""
        self._files.close()
        self.memory.close()
        return tuple(self._writers)


class Page:
    """The records of one response, kept back until the whole of it was read."""

    def __init__(self, sink: Sink, response: Response, where: Provenance) -> None:
        self._sink, self._response, self._where = sink, response, where
        self._pending: dict[str, tuple[Notice, bytes, str]] = {}
        self._waiting: list[Notice] = []  # new or changed, and to have the text of a document first
        self._own: dict[str, bytes] = {}
        self._lines = tempfile.SpooledTemporaryFile(max_size=SPOOL_BYTES)  # noqa: SIM115 - closed by keep and drop
        self._rows = tempfile.SpooledTemporaryFile(max_size=SPOOL_BYTES)  # noqa: SIM115 - closed by keep and drop
        self._rejects: list[Reject] = []
        self._new: Counter[dt.date] = Counter()
        self._counts: Counter[str] = Counter()

    def record(self, record: Record) -> None:
        self._counts["records"] += 1
        made = assemble.notice(self._sink.source, record, self._where)
        if isinstance(made, Reject):
            self._rejects.append(made)
            return
        try:
            line, digest = encoded(made, self._sink.job.run_seq)
        except UnicodeEncodeError as error:
            reason = f"a text holds half a character: {error.reason}"
            self._rejects.append(Reject(raw=ascii(record), name="record", reason=reason, id=record.id))
            return
        short = bytes.fromhex(digest)[:16]
        before = self._own.get(made.id) or self._sink.hashes.get(made.id)
        if before is None:
            self._own[made.id] = short
            self._pending[made.id] = (made, line, digest)
            if len(self._pending) >= BATCH:
                self._look_up()
        elif before == short:
            self._counts["duplicates"] += 1
        else:
            # Two different records under one id: neither order of arrival may decide which one readers get.
            reason = f"{made.id} stands twice in this run, with different facts; the first is kept"
            self._rejects.append(Reject(raw=line.decode().strip(), name="id", reason=reason, id=record.id))

    def reject(self, reject: Reject) -> None:
        self._counts["records"] += 1
        self._rejects.append(reject)

    def keep(self) -> None:
        """The page was read to its end: its lines are delivered, its rejects kept with the raw record."""
        self._look_up()
        sink, lines = self._sink, self._counts["new"] + self._counts["changed"]
        if lines:
            self._lines.seek(0)
            writer, left = sink.writer("notices"), lines
            while chunk := self._lines.read(1 << 20):
                writer.write_many(chunk, 0)
            writer.lines += left
        sink.rows(self._rows)
        self._close()
        for reject in self._rejects:
            self._quarantine(reject)
        if lines or self._rejects:
            self._keep_body()
        sink.seen(self._own)
        sink.new_by_day.update(self._new)
        for name, count in self._counts.items():
            sink.tally.add(name, count)

    def waiting(self) -> list[Notice]:
        """The notices that are to have the text of a document; each must be given to `write` before `keep`."""
        self._look_up()
        waiting, self._waiting = self._waiting, []
        return waiting

    def write(self, notice: Notice) -> None:
        self._lines.write(encoded(notice, self._sink.job.run_seq)[0])

    def drop(self, reason: str) -> None:
        """The page is not what it was: nothing of it is delivered, its body is kept for whoever mends the parser."""
        self._close()
        self._keep_body()
        self._sink.quarantine(
            {"url": self._where.url, "reason": reason, "body_sha256": self._where.body_sha256, "what": "page"}
        )

    def _look_up(self) -> None:
        known = self._sink.memory.known(self._pending)
        for notice_id, (notice, line, digest) in self._pending.items():
            routes = known.get(notice_id, [])
            same = next((route for route in routes if route.hash == digest), None)
            if same is not None:
                self._counts["unchanged"] += 1
                if all(route.source != self._sink.job.source for route in routes):
                    place = (same.day, same.run, same.run_seq)
                    self._row(notice, digest, *place)
                    self._new[notice.published] += 1
                continue
            self._counts["changed" if routes else "new"] += 1
            if not routes:
                self._new[notice.published] += 1
            if self._sink.job.attachments and attachments.wanted(self._sink.source, notice):
                self._waiting.append(notice)
            else:
                self._lines.write(line)
            self._row(notice, digest)
        self._pending.clear()

    def _row(self, notice: Notice, digest: str, *place: object) -> None:
        self._rows.write(row_line(notice.id, digest, notice.published, int(notice.withdrawn), *place))

    def _close(self) -> None:
        self._lines.close()
        self._rows.close()

    def _quarantine(self, reject: Reject) -> None:
        sink = self._sink
        sink.tally.add("rejected")
        sink.rejected_ids.add(reject.id)
        sink.tally.say(f"{sink.job.source}: record {reject.id or '?'}: {reject.name}: {reject.reason}", QUARANTINED)
        sink.quarantine(
            {
                "id": reject.id,
                "field": reject.name,
                "reason": reject.reason,
                "url": self._where.url,
                "body_sha256": self._where.body_sha256,
                "what": "record",
                "raw": reject.raw,
            }
        )

    def _keep_body(self) -> None:
        self._sink.archive.put_body(self._sink.job.source, self._sink.day, self._where.body_sha256, self._response.body)
