"""Our search against the bare query to Elasticsearch; the embedded engine's percentiles beside Elasticsearch's on the same alerts."""

from __future__ import annotations

import statistics
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from elasticsearch import Elasticsearch

from benchmarks import alerts
from benchmarks.data import recordings
from benchmarks.harness import percentile, report
from benchmarks.queries import Queries
from index import elastic_mapping
from index.elastic_store import ElasticStore, arguments
from index.fields import FACETS
from index.plan import plan
from index.query import parse
from index.sqlite_store import SqliteStore
from index.store import Store
from tests.components import elasticsearch as component

COUNT, QUERIES, COMPARED, PASSES = 20_000, 500, 100, 9


def run() -> None:
    real = alerts.real(COUNT, recordings())
    asked = [text for _, text in Queries(real, 11).make(QUERIES)]
    server = component.Elasticsearch(heap="1g")
    with tempfile.TemporaryDirectory() as scratch:
        embedded = SqliteStore(Path(scratch) / "index.db")
        user = ("loader", component.USERS["loader"][0])
        elastic = ElasticStore(server.urls, user=user[0], password=user[1])
        try:
            for store in (embedded, elastic):
                store.put(real)
                store.wait()
            against = _against_bare(elastic, server.urls, user, asked[:COMPARED])
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


def _against_bare(store: ElasticStore, urls: Sequence[str], user: tuple[str, str], texts: list[str]) -> str:
    """All send the very same request; a bare side stops at the client's answer. In turn, the order changing."""
    plan(parse("zzz"), store._concepts)  # what is compiled at the first use
    start = time.perf_counter()
    plans = [plan(parse(text), store._concepts) for text in texts]
    planned = 1_000 * (time.perf_counter() - start) / len(texts)
    requests = [elastic_mapping.request(one, as_of=alerts.AS_OF, sort="relevance", facets=()) for one in plans]

    def bare(client: Elasticsearch, number: int) -> object:
        return client.search(index=store._alias, from_=0, size=20, **arguments(requests[number]))

    with Elasticsearch(list(urls), basic_auth=user) as usual:
        asks: dict[str, Callable[[int], object]] = {
            "ours": lambda number: store.search(parse(texts[number]), as_of=alerts.AS_OF),
            "bare": lambda number: bare(usual, number),
            "bare with our client": lambda number: bare(store._client, number),
        }
        took: dict[str, list[list[float]]] = {name: [[] for _ in texts] for name in asks}
        for pass_ in range(PASSES + 1):
            for number in range(len(texts)):
                first = (number + pass_) % len(asks)
                for name in (*asks, *asks)[first : first + len(asks)]:
                    start = time.perf_counter()
                    asks[name](number)
                    if pass_:  # the first pass warms the server
                        took[name][number].append(1_000 * (time.perf_counter() - start))
    mean = {name: statistics.fmean(map(statistics.median, times)) for name, times in took.items()}
    ratio = {name: f"{mean['ours'] / mean[name]:.2f} ({_by_pass(took['ours'], took[name])})" for name in asks}
    return (
        f"Against the bare client, the same {len(texts)} requests of 20 hits without facets, each of the three first in turn, {PASSES} passes,"
        f" the median of each query: ours {mean['ours']:.2f} ms a query, the client with its defaults {mean['bare']:.2f} ms; **ours / bare {ratio['bare']}**, goal ≤ 1.15."
        f" Our client reads answers with orjson; the bare query through it takes {mean['bare with our client']:.2f} ms, ours / that"
        f" {ratio['bare with our client']}. Ours also reads the alerts back as records. What a query means is worked out when it is first asked and"
        f" then kept, so it is not in these numbers: {planned:.2f} ms."
    )


def _by_pass(ours: list[list[float]], others: list[list[float]]) -> str:
    """The least and the greatest ratio of a single pass."""
    passes = [
        sum(mine) / sum(theirs) for mine, theirs in zip(zip(*ours, strict=True), zip(*others, strict=True), strict=True)
    ]
    return f"{min(passes):.2f}-{max(passes):.2f} by pass"


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
