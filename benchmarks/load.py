"""Our load against the bare libraries: the engine against `helpers.parallel_bulk` and bare inserts; the whole step, with the state."""

from __future__ import annotations

import itertools
import sqlite3
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from elasticsearch import Elasticsearch, helpers
from sqlalchemy import create_engine

import index.state
from benchmarks import alerts
from benchmarks.data import recordings
from benchmarks.harness import Timing, interleaved, ratio, report
from index.alert import Alert
from index.analysis import Concepts
from index.catalogue import Catalogue
from index.documents import document
from index.elastic_store import ElasticStore
from index.sqlite_store import SqliteStore
from nlp.gazetteer import Gazetteer
from tests.components import elasticsearch as component

COUNT = 1_000


def run() -> None:
    real = alerts.real(COUNT, recordings())
    server = component.Elasticsearch(heap="512m")
    try:
        with tempfile.TemporaryDirectory() as scratch:
            rows = [*_elasticsearch(real, server), *_sqlite(real, Path(scratch)), *_step(real, server, Path(scratch))]
    finally:
        server.close()
    report(
        "load",
        "Load: ours against the bare libraries",
        f"{len(real):,} real alerts, a fresh index for every run. Bare Elasticsearch = `helpers.parallel_bulk` with its own settings of the"
        " very same documents, made by the same analysis while it sends, into an index of the same mapping; ours also checks that"
        " every item was written, tries busy ones again and looks for a rebuild. Bare SQLite = `executemany` into one table of the"
        " same rows (id, version, body, and the terms into FTS5). The whole step also decides versions, clusters events, refreshes"
        " each batch of 500 and writes the feed. Ratio = bare time / our time, median of pairs; goal for Elasticsearch ≥ 0.9.",
        ["load", "ours s (median, spread)", "bare s (median, spread)", "ratio"],
        rows,
    )


def _row(name: str, timings: dict[str, Timing]) -> list[object]:
    mine, theirs = timings["ours"], timings["bare"]
    spreads = [f"{timing.median:.2f} ({timing.spread})" for timing in (mine, theirs)]
    return [name, *spreads, f"{ratio(mine, theirs):.2f}"]


def _elasticsearch(real: list[Alert], server: Any) -> list[list[object]]:
    numbers = itertools.count()
    loader = ("loader", component.USERS["loader"][0])

    def fresh() -> ElasticStore:
        return ElasticStore(server.urls, user=loader[0], password=loader[1], alias=f"tradewarn-alerts-b{next(numbers)}")

    def ours() -> None:
        store = fresh()
        store.put(real)
        store.wait()
        _gone(store)

    def bare() -> None:
        store = fresh()
        store.put([])  # the same template and index; what follows is the library's alone
        client = Elasticsearch(server.urls, basic_auth=loader, request_timeout=60)
        actions = (_action(store, alert) for alert in real)
        for ok, _ in helpers.parallel_bulk(client, actions):
            if not ok:
                raise RuntimeError("the bare load failed")
        client.indices.refresh(index=store._alias)
        client.close()
        _gone(store)

    return [_row("Elasticsearch, engine", interleaved({"ours": ours, "bare": bare}))]


def _action(store: ElasticStore, alert: Alert) -> dict[str, Any]:
    action, source = store._item(alert)
    head = action["index"]
    return {
        "_op_type": "index",
        "_index": store._alias,
        "_id": head["_id"],
        "version": head["version"],
        "version_type": head["version_type"],
        "_source": source,
    }


def _gone(store: ElasticStore) -> None:
    """Drop what the run made, so that every run meets the same server."""
    for name in store._client.indices.get_alias(index=f"{store._alias}-v*").body:
        store._client.indices.delete(index=name)
    store.close()


def _sqlite(real: list[Alert], scratch: Path) -> list[list[object]]:
    numbers = itertools.count()
    concepts = Concepts(Gazetteer.load())

    def ours() -> None:
        store = SqliteStore(scratch / f"ours-{next(numbers)}.db")
        store.put(real)
        store.close()

    def bare() -> None:
        connection = sqlite3.connect(scratch / f"bare-{next(numbers)}.db", isolation_level=None)
        _bare_tables(connection)
        for start in range(0, len(real), 1_000):
            batch = [document(alert, concepts) for alert in real[start : start + 1_000]]
            connection.execute("BEGIN IMMEDIATE")
            connection.executemany("INSERT INTO alerts VALUES (?, ?, ?)", [(d.id, d.version, d.body) for d in batch])
            connection.executemany("INSERT INTO analysed (terms) VALUES (?)", [(d.terms,) for d in batch])
            connection.executemany("INSERT INTO exact (words) VALUES (?)", [(d.exact,) for d in batch])
            connection.execute("COMMIT")
        connection.close()

    return [_row("SQLite, engine", interleaved({"ours": ours, "bare": bare}))]


def _bare_tables(connection: sqlite3.Connection) -> None:
    for statement in (
        "PRAGMA journal_mode=WAL",
        "PRAGMA synchronous=FULL",
        "CREATE TABLE alerts (id TEXT PRIMARY KEY, version INTEGER, body TEXT)",
        "CREATE VIRTUAL TABLE analysed USING fts5(terms, content='', tokenize=\"ascii tokenchars '_'\")",
        "CREATE VIRTUAL TABLE exact USING fts5(words, content='', tokenize=\"ascii tokenchars '_'\")",
    ):
        connection.execute(statement)


def _step(real: list[Alert], server: Any, scratch: Path) -> list[list[object]]:
    """`tradewarn index` on either engine, with a state database."""
    numbers = itertools.count()
    lines = [(1, alert.notice, alert.assessment) for alert in real]

    def load(store: Any) -> None:
        engine = create_engine(f"sqlite:///{scratch / f'state-{next(numbers)}.db'}")
        index.state.metadata.create_all(engine)
        loaded = Catalogue(engine, store).load(lines)
        engine.dispose()
        if loaded.new != len(real):
            raise RuntimeError(f"loaded {loaded.new} of {len(real)}")

    def embedded() -> None:
        store = SqliteStore(scratch / f"step-{next(numbers)}.db")
        load(store)
        store.close()

    def elastic() -> None:
        password = component.USERS["loader"][0]
        store = ElasticStore(server.urls, user="loader", password=password, alias=f"tradewarn-alerts-s{next(numbers)}")
        load(store)
        _gone(store)

    work: dict[str, Callable[[], object]] = {"embedded": embedded, "Elasticsearch": elastic}
    timings = interleaved(work, runs=3)
    return [
        [
            f"whole step, {name}: {len(real) / timing.median:,.0f} alerts/s",
            f"{timing.median:.2f} ({timing.spread})",
            "-",
            "-",
        ]
        for name, timing in timings.items()
    ]
