"""Our search against the bare query to Elasticsearch; the embedded engine's percentiles beside Elasticsearch's on the same alerts."""

from __future__ import annotations

import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from benchmarks import alerts
from benchmarks.data import recordings
from benchmarks.harness import RUNS, percentile, report
from benchmarks.queries import Queries
from index import elastic_mapping
from index.elastic_store import ElasticStore
from index.fields import FACETS
from index.plan import plan
from index.query import parse
from index.sqlite_store import SqliteStore
from index.store import Store
from tests.components import elasticsearch as component

COUNT, QUERIES, COMPARED = 20_000, 500, 100


def run() -> None:
    real = alerts.real(COUNT, recordings())
    asked = [text for _, text in Queries(real, 11).make(QUERIES)]
    server = component.Elasticsearch(heap="1g")
    with tempfile.TemporaryDirectory() as scratch:
        embedded = SqliteStore(Path(scratch) / "index.db")
        elastic = ElasticStore(server.urls, user="loader", password=component.USERS["loader"][0])
        try:
            for store in (embedded, elastic):
                store.put(real)
                store.wait()
            against = _against_bare(elastic, asked[:COMPARED])
            rows = [*_percentiles("embedded", embedded, asked), *_percentiles("Elasticsearch", elastic, asked)]
        finally:
            embedded.close()
            elastic.close()
            server.close()
    report(
        "search",
        "Search: ours against the bare query; the embedded engine beside Elasticsearch",
        f"{len(real):,} real alerts, seeded queries of nine kinds. {against} Below: {QUERIES} distinct queries, each asked once of each engine"
        " after some fifty others, in milliseconds.",
        ["engine", "asked for", "p50", "p95", "p99", "mean"],
        rows,
    )


def _against_bare(store: ElasticStore, texts: list[str]) -> str:
    """Both send the very same request; the bare side stops at the client's answer. Interleaved, the order changing."""
    client = store._client
    bodies = [
        elastic_mapping.request(plan(parse(text), store._concepts), as_of=alerts.AS_OF, sort="relevance", facets=())
        for text in texts
    ]

    def ours(number: int) -> object:
        return store.search(parse(texts[number]), as_of=alerts.AS_OF)

    def bare(number: int) -> object:
        body = {("source" if name == "_source" else name): value for name, value in bodies[number].items()}
        return client.search(index=store._alias, from_=0, size=20, **body)

    ratios: list[float] = []
    whole: dict[str, list[float]] = {"ours": [], "bare": []}
    for pass_ in range(RUNS + 1):
        spent = {"ours": 0.0, "bare": 0.0}
        for number in range(len(texts)):
            pair: list[tuple[str, Callable[[int], object]]] = [("ours", ours), ("bare", bare)]
            for name, ask in pair if (number + pass_) % 2 else reversed(pair):
                start = time.perf_counter()
                ask(number)
                spent[name] += time.perf_counter() - start
        if pass_:  # the first pass warms the server
            ratios.append(spent["ours"] / spent["bare"])
            for name, seconds in spent.items():
                whole[name].append(1_000 * seconds / len(texts))
    return (
        f"Against the bare client, the same {len(texts)} requests of 20 hits without facets, ours first and bare first in turn, {RUNS} passes:"
        f" ours {statistics.median(whole['ours']):.2f} ms a query, bare {statistics.median(whole['bare']):.2f} ms;"
        f" **ours / bare {statistics.median(ratios):.2f}** ({min(ratios):.2f}-{max(ratios):.2f}), goal ≤ 1.15. Ours also parses the query,"
        " works out what it means and reads the alerts back as records."
    )


def _percentiles(name: str, store: Store, texts: list[str]) -> list[list[object]]:
    wanted: dict[str, dict[str, Any]] = {
        "top 20": {},
        f"top 20, {len(FACETS)} facets, histogram": {"facets": FACETS, "histogram": True},
        "top 20, highlighted": {"highlight_lang": "zh"},
    }
    for text in texts[:50]:  # what is compiled or read at the first use; other words than those that are timed
        store.search(parse(f"{text} -zzz"), as_of=alerts.AS_OF, facets=FACETS)
    rows = []
    for what, options in wanted.items():
        times = []
        for text in texts:
            start = time.perf_counter()
            store.search(parse(text), as_of=alerts.AS_OF, **options)
            times.append(1_000 * (time.perf_counter() - start))
        shares = [f"{percentile(times, share):.1f}" for share in (0.5, 0.95, 0.99)]
        rows.append([name, what, *shares, f"{statistics.fmean(times):.1f}"])
    return rows
