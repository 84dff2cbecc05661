"""Growth: 10 k → 100 k → 1 M made alerts; load rate, size, and how long words, filters, facets and exports take.

`TRADEWARN_GROWTH=sqlite,elasticsearch` chooses engines (both), `TRADEWARN_GROWTH_TO=100000` an earlier end. Elasticsearch's index lives
as long as its server does, so its part is done in one piece, to 100 k; SQLite's goes on where it stopped.
"""

from __future__ import annotations

import gc
import itertools
import json
import os
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from benchmarks import alerts
from benchmarks.harness import percentile, report
from benchmarks.queries import Queries
from benchmarks.soak.made import FOLDER, MODELS, POOL, REAL, Pool, Recombined, pool
from index import elastic_bulk, elastic_mapping, sqlite_schema
from index.documents import Document
from index.elastic_store import ElasticStore
from index.fields import FACETS
from index.query import parse
from index.sqlite_store import SqliteStore
from index.store import Store

STEPS = (10_000, 100_000, 1_000_000)
ELASTIC_END = 100_000
QUERIES = 500  # distinct ones of each measure, none asked twice
#: Others after the first QUERIES: what a process reads at its first use it has read then; none of them is asked again.
WARMUP = 1_500
FEW = 20_000  # hits; facets over more may take longer
EXPORT = 5_000  # alerts of one export that are timed

Put = Callable[[Sequence[Document]], None]


@dataclass
class Progress:
    """What is done of one engine, kept as JSON after every step."""

    loaded: int = 0
    seconds: float = 0.0
    steps: dict[str, dict[str, Any]] = field(default_factory=dict)


def run(deadline: float) -> bool:
    base = pool()
    gc.collect()
    gc.freeze()  # twenty thousand documents in memory are the benchmark's, not the engine's: it should not search them for garbage
    engines = os.environ.get("TRADEWARN_GROWTH", "sqlite,elasticsearch").split(",")
    last = int(os.environ.get("TRADEWARN_GROWTH_TO", STEPS[-1]))
    done = True
    if "sqlite" in engines:
        done = _sqlite(base, deadline, last)
    if "elasticsearch" in engines and done and not _progress("elasticsearch").steps.get(str(min(last, ELASTIC_END))):
        _elasticsearch(base, min(last, ELASTIC_END))
    _write(base)
    return done


def _sqlite(base: Pool, deadline: float, last: int) -> bool:
    path = FOLDER / "index.db"
    store = SqliteStore(path)

    def put(documents: Sequence[Document]) -> None:
        with store._writing() as connection:
            sqlite_schema.write(connection, sqlite_schema.meta(connection, "epoch"), documents)

    def size() -> int:
        return sum(file.stat().st_size for file in FOLDER.glob("index.db*"))

    finished = _grow("sqlite", store, put, size, base, deadline, last)
    store.close()
    return finished


def _elasticsearch(base: Pool, last: int) -> None:
    from tests.components.elasticsearch import USERS, Elasticsearch

    server = Elasticsearch(heap="1g")
    store = ElasticStore(server.urls, user="loader", password=USERS["loader"][0], timeout=120)
    store.put([])

    def item(one: Document) -> elastic_bulk.Item:
        action = {"_id": elastic_mapping.key(one.id), "version": one.version, "version_type": "external_gte"}
        return {"index": action}, elastic_mapping.source(one, one.exact[:20_000])

    def put(documents: Sequence[Document]) -> None:
        for start in range(0, len(documents), elastic_bulk.BATCH):
            items = [item(one) for one in documents[start : start + elastic_bulk.BATCH]]
            elastic_bulk.bulk(store._client, store._alias, items, time.sleep)

    def size() -> int:
        store.wait()
        stats: Any = server.ask("GET", f"/{store._alias}/_stats/store")
        return int(stats["_all"]["total"]["store"]["size_in_bytes"])

    _keep("elasticsearch", Progress())
    try:
        _grow("elasticsearch", store, put, size, base, float("inf"), last)
    finally:
        store.close()
        server.close()


def _grow(name: str, store: Store, put: Put, size: Callable[[], int], base: Pool, deadline: float, last: int) -> bool:
    """Load in batches, measure at every step; False: the time is over before the end."""
    progress = _progress(name)
    progress.loaded = store.count()  # a piece that was killed had gone further than it wrote down
    source = Recombined(base.documents)
    for step in STEPS:
        if step > last or str(step) in progress.steps:
            continue
        while progress.loaded < step:
            if time.monotonic() > deadline:
                return False
            size_of = min(max(step // 100, 1_000), 10_000)
            batch = list(source.make(progress.loaded, min(progress.loaded + size_of, step)))
            start = time.perf_counter()
            put(batch)
            progress.seconds += time.perf_counter() - start
            progress.loaded += len(batch)
            if progress.loaded % 20_000 == 0 or progress.loaded == step:
                _keep(name, progress)
        if deadline - time.monotonic() < 90:
            return False
        progress.steps[str(step)] = {"bytes": size(), "seconds": progress.seconds, **measured(store, step)}
        _keep(name, progress)
        _write(base)
    return True


def measured(store: Store, step: int) -> dict[str, Any]:
    """[wall, own CPU] milliseconds of every query, by what was asked. The first search after a load also reads the columns."""
    real = alerts.read(FOLDER / MODELS)
    gc.collect()
    gc.freeze()
    found: dict[str, Any] = {"opening": _timed(lambda: store.search(parse(""), as_of=alerts.AS_OF))[0][0]}
    asked = Queries(real, step).make(2 * QUERIES)
    known = {text for _, text in asked}
    others = [(kind, text) for kind, text in Queries(real, step + 2).make(QUERIES + WARMUP) if text not in known]

    def first_page(queries: Sequence[tuple[str, str]]) -> list[list[Any]]:
        return [
            [kind, *_timed(lambda text=text: store.search(parse(text), as_of=alerts.AS_OF))[0]]
            for kind, text in queries
        ]

    found["fresh"] = first_page(others[:QUERIES])
    first_page(others[QUERIES:])
    found["before"] = len(others)
    found["load"] = os.getloadavg()[0]
    found["top"] = first_page(asked[:QUERIES])
    found["facets"] = []
    for _, text in asked[QUERIES:]:
        took, page = _timed(
            lambda text=text: store.search(parse(text), as_of=alerts.AS_OF, facets=FACETS, histogram=True)
        )
        found["facets"].append([page.total, *took])
    found["exports"] = []
    for text in Queries(real, step + 1).of_kind("filter", 30):
        took, count = _timed(lambda text=text: _drain(store.scan(parse(text), as_of=alerts.AS_OF)))
        found["exports"].append([count, *took])
    return found


def _drain(hits: Iterator[object]) -> int:
    return sum(1 for _ in itertools.islice(hits, EXPORT))


def _timed(ask: Callable[[], Any]) -> tuple[tuple[float, float], Any]:
    wall, own = time.perf_counter(), time.thread_time()
    answer = ask()
    return (1_000 * (time.perf_counter() - wall), 1_000 * (time.thread_time() - own)), answer


def _path(name: str) -> Path:
    return FOLDER / f"{name}.json"


def _progress(name: str) -> Progress:
    path = _path(name)
    return Progress(**json.loads(path.read_text())) if path.exists() else Progress()


def _keep(name: str, progress: Progress) -> None:
    fresh = _path(name).with_suffix(".fresh")
    fresh.write_text(json.dumps(vars(progress)))
    fresh.rename(_path(name))


# --- the report ---------------------------------------------------------------------------------------------------------


def _write(base: Pool) -> None:
    rows: list[list[object]] = []
    before: dict[str, tuple[int, float]] = {}
    for step in STEPS:
        for name in ("sqlite", "elasticsearch"):
            done = _progress(name).steps.get(str(step))
            if not done:
                continue
            count, seconds = before.get(name, (0, 0.0))
            before[name] = (step, done["seconds"])
            rate = (step - count) / max(done["seconds"] - seconds, 1e-9)
            rows.append(_row(name, step, rate, done))
    spread = [f"{name}: real {base.real[name]:.3g}, made {base.made[name]:.3g}" for name in base.real]
    report(
        "growth",
        "Growth: 10 k to 1 M alerts",
        f"`make soak SOAK=growth`. {QUERIES} distinct seeded queries of nine kinds for the first 20 hits, {QUERIES} others for"
        f" the first 20 with all {len(FACETS)} facets and the histogram (hits ≤ {FEW:,} / more), 30 exports of filters (at most"
        f" {EXPORT:,} alerts each); no query twice. `fresh`: the first {QUERIES} queries of a new process; the others come after as many different ones as `before` says. Milliseconds by the clock, p50 / p95 / p99 (how many). CPU: what the asking thread"
        " itself used - all of it for the embedded engine, only the client's part for Elasticsearch; on a machine that does other"
        " work beside (`others`: the load average at the time, of 2 cores) it is the steadier number, and what an idle machine comes near to."
        " Load rate is of the engine alone, in batches of a hundredth of the step (1,000 to 10,000).",
        [
            "engine",
            "alerts",
            "others",
            "alerts/s",
            "MB",
            "opening",
            "fresh CPU",
            "before",
            "top 20",
            "top 20 CPU",
            "words CPU",
            "filters CPU",
            f"facets ≤ {FEW:,}",
            f"facets ≤ {FEW:,} CPU",
            "facets more",
            "facets more CPU",
            "export, alerts/s",
        ],
        rows,
        f"The first {POOL:,} alerts are made from the statistics of {REAL:,} real ones and analysed (analysis:"
        f" {POOL / max(base.seconds, 1e-9):,.0f} alerts per CPU second); further ones are recombined from these (benchmarks/soak/made.py)."
        f" How words are spread in {REAL:,} alerts - {'; '.join(spread)} (slope of log frequency over log rank; share of the 100"
        " commonest; different words in 1,000; share that occur once).",
    )


def _row(name: str, step: int, rate: float, done: dict[str, Any]) -> list[object]:
    top, facets = done["top"], done["facets"]
    few = [row for row in facets if row[0] <= FEW]
    more = [row for row in facets if row[0] > FEW]
    exported, took, _ = (sum(column) for column in zip(*done["exports"], strict=True))
    return [
        name,
        f"{step:,}",
        f"{done['load']:.0f}",
        f"{rate:,.0f}",
        f"{done['bytes'] / 1e6:,.0f}",
        f"{done['opening']:.0f}",
        spread_of([row[2] for row in done.get("fresh", ())]),
        done["before"],
        spread_of([row[1] for row in top]),
        spread_of([row[2] for row in top]),
        spread_of([row[2] for row in top if row[0] in {"word", "words", "concept", "either"}]),
        spread_of([row[2] for row in top if row[0] in {"filter", "mixed"}]),
        spread_of([row[1] for row in few]),
        spread_of([row[2] for row in few]),
        spread_of([row[1] for row in more]),
        spread_of([row[2] for row in more]),
        f"{1_000 * exported / max(took, 1e-9):,.0f}",
    ]


def spread_of(times: Sequence[float]) -> str:
    if not times:
        return "-"
    return " / ".join(f"{percentile(times, share):.1f}" for share in (0.5, 0.95, 0.99)) + f" ({len(times)})"
