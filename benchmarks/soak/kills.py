"""Seeded kills (-9) of loads, rebuilds and analysts' work on both engines; every step is run again until it comes to its end.

The end must be the same as without a kill (DESIGN.md, "Two states are equal"), the index must hold what the state says, and a reader
that follows the feed all the while must see each change once, in order.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import json
import multiprocessing
import os
import random
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from sqlalchemy import create_engine

import index.state
from benchmarks.harness import ROOT, report
from crawlers.notice import Notice
from index import catalogue as catalogues
from index import feed
from index.catalogue import Catalogue, Change, Line
from index.elastic_store import ElasticStore
from index.query import parse
from index.sqlite_store import SqliteStore
from index.store import Store
from nlp.assessment import Assessment
from nlp.gazetteer import Concept, Gazetteer
from tests.components.elasticsearch import USERS, Elasticsearch

KILLS = 60  # of each engine
COUNT, BATCH = 150, 15
STEPS = ("load", "publish", "load again", "rebuild")
AT = dt.datetime(2026, 11, 16, 8, tzinfo=dt.UTC)
FOLDER = ROOT / ".cache" / "soak" / "kills"
_fork = multiprocessing.get_context(
    "fork"
)  # a child of a few milliseconds: the kill falls into the work, not into the start

Open = Callable[[Path], Store]


def run(deadline: float) -> bool:
    """Seeds in turn until each engine had its kills; what is done is kept, and a later piece goes on with the next seed."""
    done = _progress()
    server = Elasticsearch(heap="512m")
    try:
        for engine in ("embedded", "Elasticsearch"):
            mine = done.setdefault(engine, {"seeds": 0, **dict.fromkeys(STEPS, 0)})
            while sum(mine[step] for step in STEPS) < KILLS:
                if time.monotonic() > deadline:
                    return False
                seed = mine["seeds"]
                for step, kills in one(seed, opener(engine, server, f"k{seed}")).items():
                    mine[step] += kills
                mine["seeds"] += 1
                FOLDER.mkdir(parents=True, exist_ok=True)
                (FOLDER / "progress.json").write_text(json.dumps(done))
    finally:
        server.close()
    report(
        "kills",
        "Kills across load, publish and rebuild",
        f"`make soak SOAK=kills`: {COUNT} alerts in batches of {BATCH}, half of them changed by a second load; seeds from 0. A step is"
        " killed with -9 at a seeded moment of its usual duration and run again, up to three times, then to its end. Every seed ended"
        " in the state of a run without kills (canonical hashes, multiset of id, version and kind), the index held exactly the"
        " alerts of the state, and a reader following the feed saw every change once, in order.",
        ["engine", "seeds", *(f"kills in {step}" for step in STEPS), "kills"],
        [[name, d["seeds"], *(d[step] for step in STEPS), sum(d[step] for step in STEPS)] for name, d in done.items()],
    )
    (FOLDER / "progress.json").unlink(missing_ok=True)
    return True


def opener(engine: str, server: Any, name: str) -> Open:
    """How a process of this engine opens its store; the folder tells the runs of one seed apart."""
    gazetteer = Gazetteer([Concept("tea", "product", {"en": ("tea",)})])
    if engine == "embedded":
        return lambda folder: SqliteStore(folder / "index.db", gazetteer=gazetteer)
    password = USERS["loader"][0]
    return lambda folder: ElasticStore(
        server.urls,
        user="loader",
        password=password,
        alias=f"tradewarn-alerts-{name}-{folder.name}",
        gazetteer=gazetteer,
    )


def one(seed: int, opened: Open) -> dict[str, int]:
    """Kills by step. Raises AssertionError when the killed run ends otherwise than the sound one."""
    chance = random.Random(seed)
    kills = dict.fromkeys(STEPS, 0)
    with tempfile.TemporaryDirectory() as scratch:
        sound, killed = Path(scratch) / "sound", Path(scratch) / "killed"
        usual: dict[str, float] = {}
        for folder in (sound, killed):
            folder.mkdir()
            _engine(folder, make=True)
        for step in STEPS:
            start = time.monotonic()
            if not _process(step, sound, opened, None):
                raise RuntimeError(f"{step} failed without a kill")
            usual[step] = time.monotonic() - start
        reader = Reader(killed)
        for step in STEPS:
            for _ in range(3):
                if _process(step, killed, opened, chance.uniform(0, usual[step])):
                    break
                kills[step] += 1
                reader.follow()
            if not _process(step, killed, opened, None):
                raise RuntimeError(f"{step} did not come to its end after kills (seed {seed})")
            reader.follow()
        reader.check()
        ends = [_end(folder, opened) for folder in (sound, killed)]
        assert ends[0] == ends[1], f"seed {seed}: the ends differ"
        for folder in (sound, killed):
            _forget(opened(folder))
    return kills


def _process(step: str, folder: Path, opened: Open, kill_after: float | None) -> bool:
    """One step in a process of its own; True: it came to its end."""
    child = _fork.Process(target=_work, args=(step, folder, opened))
    child.start()
    child.join(kill_after)
    if child.is_alive() and child.pid:
        os.kill(child.pid, 9)
    child.join()
    return child.exitcode == 0


def _work(step: str, folder: Path, opened: Open) -> None:
    catalogues.BATCH = BATCH
    made = _catalogue(folder, opened(folder))
    if step == "load":
        made.load(lines(1))
    elif step == "load again":
        made.load(lines(2))
    elif step == "rebuild":
        made.rebuild([*lines(1), *lines(2)])
    else:
        _publish(made)


def _publish(made: Catalogue) -> None:
    """An analyst's morning: each thing is done unless it is done already, as a person would after a crash."""
    for number in range(0, COUNT, 10):
        alert = made.get(f"made:{number}")
        assert alert is not None
        if alert.overlay.status != "published":
            made.set_status(alert.id, "published")
        if number % 20 == 0 and not alert.overlay.corrections:
            made.correct(alert.id, "title_zh", f"第{number}号", "analyst", AT)
        if number % 30 == 0 and not alert.overlay.notes:
            made.note(alert.id, "call the association", "analyst", AT)


def lines(run_seq: int) -> Iterator[Line]:
    """The second run changes every other alert; a few share a model and are one event."""
    for number in range(0, COUNT, run_seq):
        notice = Notice.model_validate(
            {
                "id": f"made:{number}",
                "source": "made",
                "market": "US",
                "kind": "recall",
                "authority": "Made",
                "title": f"Alert {number}, reading {run_seq}",
                "published": "2026-11-10",
                "stated": {"Model": f"M{number % 67:05}"},
                "provenance": {
                    "url": "https://example.test/",
                    "fetched_at": "2026-11-16T06:00:00Z",
                    "body_sha256": hashlib.sha256(str(number).encode()).hexdigest(),
                    "source_version": "1",
                },
            }
        )
        model = {"name": "made", "version": "1", "taxonomy": "1"}
        opinion = {"notice_id": notice.id, "notice_hash": notice.hash, "model": model}
        yield run_seq, notice, Assessment.model_validate(opinion)


def _same_model(a: Notice, b: Notice) -> float:
    return float(a.stated.get("Model") == b.stated.get("Model"))


def _engine(folder: Path, *, make: bool = False) -> Any:
    engine = create_engine(f"sqlite:///{folder / 'state.db'}", connect_args={"timeout": 60})
    if make:
        index.state.metadata.create_all(engine)
        engine.dispose()
    return engine


def _catalogue(folder: Path, store: Store) -> Catalogue:
    return Catalogue(_engine(folder), store, score=_same_model, threshold=0.5)


class Reader:
    """Follows the feed of a folder by its cursor, whatever happens to the writers."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.seen: list[Change] = []

    def follow(self) -> None:
        engine = _engine(self._folder)
        with engine.connect() as connection:
            while page := feed.read(connection, self.seen[-1].sequence if self.seen else 0, 7):
                self.seen += page
        engine.dispose()

    def check(self) -> None:
        assert [change.sequence for change in self.seen] == list(range(1, len(self.seen) + 1))
        versions: dict[str, int] = {}
        for change in self.seen:
            assert change.version == versions.get(change.alert_id, 0) + 1, change
            versions[change.alert_id] = change.version
        assert len(versions) == COUNT


def _end(folder: Path, opened: Open) -> tuple[Any, ...]:
    """DESIGN.md's equality, and that the index holds what the state says."""
    store = opened(folder)
    made = _catalogue(folder, store)
    indexed = {alert.id: feed.alert_hash(alert) for alert in store.scan(parse(""), as_of=AT.date())}
    told: list[Change] = []
    while page := made.changes(told[-1].sequence if told else 0, 1_000):
        told += page
    current = {alert_id: feed.alert_hash(made.get(alert_id)) for alert_id in indexed}  # type: ignore[arg-type]
    assert indexed == current, "the index holds something else than the state"
    assert store.count() == made.count() == len(indexed) == COUNT
    store.close()
    return indexed, sorted((change.alert_id, change.version, change.kind) for change in told)


def _forget(store: Store) -> None:
    """The indices of one seed on the shared server."""
    if isinstance(store, ElasticStore):
        for name in store._client.indices.get_alias(index=f"{store._alias}-v*").body:
            store._client.indices.delete(index=name)
        store._client.indices.delete_index_template(name=store._alias)
    store.close()


def _progress() -> dict[str, dict[str, int]]:
    path = FOLDER / "progress.json"
    return json.loads(path.read_text()) if path.exists() else {}
