"""The fault matrix: every source against every way a server or a page can go wrong (issue "Every regulator", Bad input).

One process with one reactor does all of it; each fault has its own state and archive. Expected of every cell: the right
exit code, a message that names the source (and the field, where a field is at fault), nothing half-committed, no hang -
and that the next healthy crawl brings what the fault kept back, each notice once.
"""

from __future__ import annotations

import copy
import datetime as dt
import gzip
import json
import shutil
import time
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler
from pathlib import Path

import mutations
import pytest
from sqlalchemy import select

from crawlers import dry, ledger, replay, runner, source, state
from crawlers.archive import Archive
from crawlers.job import CrawlResult, Limits
from crawlers.notice import Notice
from crawlers.replay import ReplayServer, Reply
from crawlers.source import Expect
from crawlers.worker import Worker

SAMPLES = Path(__file__).parent.parent / "samples"
IDS = [source_id for source_id in source.all_ids() if (SAMPLES / source_id / "manifest.jsonl").exists()]
LIMITS = Limits(
    timeout=5.0, retries=2, backoff=0.001, longest_wait=0.2, failures_in_row=3, deadline=60.0, delay=0.0, body_mb=1
)

#: Where every download waits for its time-out, one try shows as much as three. A crawl that hangs is ended at its
#: deadline with exit 1, which no cell allows: the machine's own speed decides nothing.
IMPATIENT, STALLING = LIMITS.model_copy(update={"retries": 0, "timeout": 0.4}), {"time-out", "slow trickle"}

LOGIN = b"<!DOCTYPE html><html><head><title>Sign in</title></head><body><form action='/login' method='post'><input name='user'><input name='password' type='password'></form></body></html>"
BOMB = b"""<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a "aaaaaaaaaaaaaaaaaaaa">%s]><x>&z;</x>""" % b"".join(
    b'<!ENTITY %c "%s">' % (ord("b") + n, b"&%c;" % (ord("a") + n) * 20) for n in range(25)
)  # fmt: skip

Answer = Callable[["Faulty", Reply, int], Reply]


class Faulty(ReplayServer):
    """The sample's server with one fault over every answer (robots.txt excepted)."""

    def __init__(self, folder: Path, fault: Answer | None) -> None:
        super().__init__(folder)
        self.fault = fault
        self.times: dict[str, int] = {}
        self.closing = False

    def answer(self, method: str, url: str, headers: dict[str, str], body: bytes) -> Reply:
        reply = super().answer(method, url, headers, body)
        if self.fault is None or url.endswith("/robots.txt"):
            return reply
        self.times[url] = self.times.get(url, 0) + 1
        return self.fault(self, reply, self.times[url])


def status(code: int, **headers: str) -> Answer:
    return lambda *_: Reply(code, {k.replace("_", "-"): v for k, v in headers.items()}, b"no")


def recovering(server: Faulty, reply: Reply, times: int) -> Reply:
    return Reply(500, {}, b"later") if times <= 2 else reply


def hanging(server: Faulty, reply: Reply, times: int) -> Reply:
    def send(handler: BaseHTTPRequestHandler) -> None:
        until = time.monotonic() + 3
        while not server.closing and time.monotonic() < until:
            time.sleep(0.02)

    return Reply(send=send)


def trickling(server: Faulty, reply: Reply, times: int) -> Reply:
    def send(handler: BaseHTTPRequestHandler) -> None:
        handler.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 100000\r\n\r\n")
        until = time.monotonic() + 3
        while not server.closing and time.monotonic() < until:
            handler.wfile.write(b" ")
            handler.wfile.flush()
            time.sleep(0.05)

    return Reply(send=send)


def hanging_up(server: Faulty, reply: Reply, times: int) -> Reply:
    def send(handler: BaseHTTPRequestHandler) -> None:
        handler.wfile.write(
            b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(reply.body) + reply.body[: len(reply.body) // 2]
        )
        handler.wfile.flush()

    return Reply(send=send)


def huge(server: Faulty, reply: Reply, times: int) -> Reply:
    def send(handler: BaseHTTPRequestHandler) -> None:
        handler.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n\r\n")
        for _ in range(100):
            handler.wfile.write(b"[" * (1 << 20))

    return Reply(send=send)


BOMB_GZ = gzip.compress(b"\0" * (24 << 20), compresslevel=6)

#: fault → (what the server does, exit codes that are right). `healthy` stands for what the sample gives without a fault.
SERVER: dict[str, tuple[Answer, set[int | str]]] = {
    "404": (status(404), {4}),
    "403": (status(403), {4}),
    "429 with Retry-After": (status(429, Retry_After="3600"), {4}),
    "500 twice, then fine": (recovering, {"healthy"}),
    "time-out": (hanging, {4}),
    "slow trickle": (trickling, {4}),
    "truncated body": (hanging_up, {4}),
    "body cut short": (lambda _, r, __: Reply(r.status, r.headers, r.body[: len(r.body) // 2]), {3, 5, 6}),
    "empty body": (lambda _, r, __: Reply(r.status, r.headers, b""), {3, 5}),
    "wrong content type": (lambda _, r, __: Reply(r.status, {"Content-Type": "image/png"}, r.body), {"healthy", 5}),
    "login page instead of data": (lambda *_: Reply(200, {"Content-Type": "text/html"}, LOGIN), {5}),
    "JSON instead of data": (
        lambda *_: Reply(200, {"Content-Type": "application/json"}, b'{"error": "maintenance"}'),
        {5},
    ),
    "gzip bomb": (lambda *_: Reply(200, {"Content-Encoding": "gzip"}, BOMB_GZ), {5}),
    "XML entity bomb": (lambda *_: Reply(200, {"Content-Type": "application/xml"}, BOMB), {5}),
    "redirect to a private address": (status(302, Location="http://169.254.169.254/latest/meta-data/"), {4}),
    "redirect to this machine": (status(302, Location="http://127.0.0.1:1/"), {4}),
    "100 MB body": (huge, {5}),
    "invalid UTF-8": (
        lambda _, r, __: Reply(
            r.status, r.headers, r.body[: len(r.body) // 2] + b"\xff\xfe\xc3(" + r.body[len(r.body) // 2 :]
        ),
        {"healthy", 3, 5, 6},
    ),
}
PAGES = ("none", "empty list", "half the usual count", "renamed field", "duplicate ids")
FAULTS = [*PAGES, *SERVER]


class Cell:
    """A fresh state and archive for one crawl of one source."""

    def __init__(self, home: Path, template: Path, source_id: str, worker: Worker) -> None:
        home.mkdir(parents=True)
        shutil.copy(template, home / "state.db")
        self.source_id, self.worker, self.home = source_id, worker, home
        self.url = f"sqlite:///{home / 'state.db'}"
        self.archive = Archive(str(home / "archive"))

    def crawl(self, server: ReplayServer, expect: Expect, limits: Limits = LIMITS) -> CrawlResult:
        return runner.crawl(
            self.source_id, archive_url=str(self.home / "archive"), engine_url=self.url, as_of=server.manifest.as_of,
            replay=server, limits=limits, expect=expect, worker=self.worker,
        )  # fmt: skip

    def crawled_before(self, as_of: dt.date) -> None:
        """A watermark that makes the next crawl ask for the same thirty days, and be judged over all of its past."""
        engine = state.connect(self.url)
        mark = as_of - dt.timedelta(days=30 - source.load(self.source_id).overlap_days)
        with engine.begin() as connection:
            connection.execute(state.watermarks.insert().values(source=self.source_id, until=mark, run_seq=0))
        engine.dispose()
        self.mark = mark

    mark: dt.date | None = None

    def lines(self) -> list[Notice]:
        runs = self.archive.committed("notices")
        bodies = [json.loads(line) for files in runs for line in self.archive.read(files.path)]
        return [Notice.model_validate({k: v for k, v in body.items() if k != "run_seq"}) for body in bodies]

    def state(self) -> tuple[dict[str, str], bool]:
        """id → hash of what state knows, and whether the watermark moved."""
        engine = state.connect(self.url)
        try:
            with engine.connect() as connection:
                seen = dict(connection.execute(select(state.seen.c.id, state.seen.c.hash)).all())
            return seen, ledger.watermark(engine, self.source_id) != self.mark
        finally:
            engine.dispose()


@pytest.fixture(scope="module")
def worker() -> Iterator[Worker]:
    with Worker() as running:
        yield running


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("template") / "state.db"
    engine = state.connect(f"sqlite:///{path}")
    state.metadata.create_all(engine)
    engine.dispose()
    return path


def within(notices: list[Notice], last: dt.date, days: int) -> int:
    """Notices published in the `days` that end with `last`."""
    return sum(0 <= (last - n.published).days < days for n in notices)


class Healthy:
    """What a sample gives without a fault; `expect` is what its authority then usually publishes."""

    def __init__(self, source_id: str) -> None:
        self.source_id = source_id
        dried = dry.read(source_id, SAMPLES / source_id)
        self.hashes = {n.id: n.hash for n in dried.notices}
        self.exit = 6 if dried.rejects else 0
        last = replay.as_of(SAMPLES / source_id).date()
        self.complete = source.load(source_id).complete
        self.days = 36500 if self.complete or not within(dried.notices, last, 30) else 30
        self.count = within(dried.notices, last, self.days)
        assert self.count, f"{source_id}: the sample holds nothing that is published by {last}"

    def of(self, folder: Path) -> Healthy:
        """The same, of a sample with more in it: what the parser reads there, each id once."""
        other = copy.copy(self)
        other.hashes = {n.id: n.hash for n in reversed(dry.read(self.source_id, folder).notices)}
        assert self.hashes.items() <= other.hashes.items()
        return other

    def expect(self, least: int) -> Expect:
        return Expect(per=f"{self.days}d", min=least)


_HEALTHY: dict[str, Healthy] = {}


def healthy_of(source_id: str) -> Healthy:
    if source_id not in _HEALTHY:
        _HEALTHY[source_id] = Healthy(source_id)
    return _HEALTHY[source_id]


def test_the_size_of_the_matrix(capsys: pytest.CaptureFixture[str]) -> None:
    with capsys.disabled():
        print(f"\nfault matrix: {len(IDS)} sources x {len(FAULTS)} faults = {len(IDS) * len(FAULTS)} cells")
    assert IDS


@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize("source_id", IDS)
def test_fault(source_id: str, fault: str, worker: Worker, template: Path, tmp_path: Path) -> None:
    sample, healthy = SAMPLES / source_id, healthy_of(source_id)
    folder, field, allowed = sample, "", {healthy.exit}
    answer, least = None, healthy.count
    if fault == "empty list":
        folder, allowed, least = _needed(mutations.records(source_id, sample, tmp_path, mutations.EMPTIED)), {3, 5}, 1
    elif fault == "half the usual count":
        folder, allowed = _needed(mutations.records(source_id, sample, tmp_path, mutations.HALVED)), {3}
        halved = dry.read(source_id, folder)
        left = within(halved.notices, replay.as_of(sample).date(), healthy.days)
        if halved.drifts or halved.rejects or halved.unlisted or halved.failed or left >= healthy.count:
            # Half a page makes this authority's paging ask for what it never served, or its newest records stand in the
            # other half: then it served twice as much before.
            folder, least = sample, healthy.count * 2
    elif fault == "duplicate ids":
        folder = _needed(mutations.records(source_id, sample, tmp_path, mutations.DOUBLED))
        # Where the authority gives no id, an ordinal tells identical rows apart: then two rows are two records.
        healthy = healthy.of(folder)
    elif fault == "renamed field":
        found = mutations.renamed(source_id, sample, tmp_path)
        assert found is not None, f"{source_id}: no field can be renamed so that its parser says which one is missing"
        (folder, field), allowed = found, {5}
    elif fault != "none":
        answer, codes = SERVER[fault]
        allowed = {healthy.exit if code == "healthy" else int(code) for code in codes}
        if fault == "404" and 404 in getattr(source.load(source_id).parser(), "STATUSES", ()):
            allowed.add(5)  # this authority says "nothing matches" with a 404 of its own form; another form is a drift
    cell = Cell(tmp_path / "home", template, source_id, worker)
    if healthy.days > 30 and not healthy.complete:
        cell.crawled_before(replay.as_of(sample).date())
    with Faulty(folder, answer) as server:
        result = cell.crawl(server, healthy.expect(least), IMPATIENT if fault in STALLING else LIMITS)
        server.closing = True
    assert result.exit in allowed, (result.exit, result.messages)
    _judge(cell, result, field, healthy, fault)
    if result.exit not in {0, healthy.exit}:
        _mends(cell, sample, healthy)


def _judge(cell: Cell, result: CrawlResult, field: str, healthy: Healthy, fault: str) -> None:
    if result.exit not in {0, healthy.exit}:
        assert any(cell.source_id in message for message in result.messages), result.messages
        assert any(field in message for message in result.messages), (field, result.messages)
    lines = cell.lines()
    seen, watermark = cell.state()
    assert seen == {n.id: n.hash for n in lines}, "state knows what the archive holds, no more and no less"
    assert len(seen) == len(lines), "each notice once"
    assert watermark == (result.exit in {0, 6})
    if result.exit == healthy.exit and fault != "invalid UTF-8":
        assert seen == healthy.hashes
    if result.exit == 4 and fault in SERVER:
        assert lines == []


def _mends(cell: Cell, sample: Path, healthy: Healthy) -> None:
    """The server is well again: everything the fault kept back comes, and nothing twice."""
    with Faulty(sample, None) as server:
        result = cell.crawl(server, healthy.expect(0))
    assert result.exit == healthy.exit, result.messages
    seen, _ = cell.state()
    assert healthy.hashes.items() <= seen.items()


def _needed(folder: Path | None) -> Path:
    assert folder is not None, "no list of records was found in the sample"
    return folder
