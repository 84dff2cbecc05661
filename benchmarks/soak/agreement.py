"""Both engines over 20,000 real alerts and 200 seeded queries: the same hits, counts and orders; how alike by relevance."""

from __future__ import annotations

import tempfile
from pathlib import Path

from benchmarks import agreement, alerts
from benchmarks.data import recordings
from benchmarks.harness import report
from benchmarks.queries import Queries
from index.elastic_store import ElasticStore
from index.sqlite_store import SqliteStore
from tests.components.elasticsearch import USERS, Elasticsearch

COUNT, QUERIES, SEED = 20_000, 200, 6
GOAL = 0.9


def run(_: float) -> bool:
    """One piece of some minutes. Raises RuntimeError when the engines differ."""
    real = alerts.real(COUNT, recordings())
    server = Elasticsearch(heap="512m")
    with tempfile.TemporaryDirectory() as scratch:
        embedded = SqliteStore(Path(scratch) / "index.db")
        elastic = ElasticStore(server.urls, user="loader", password=USERS["loader"][0], timeout=120)
        try:
            for store in (embedded, elastic):
                agreement.fill(store, real)
            asked = [text for _, text in Queries(real, SEED).make(QUERIES)]
            found = agreement.compare(embedded, elastic, asked, alerts.AS_OF)
        finally:
            embedded.close()
            elastic.close()
            server.close()
    shares = sorted(share for share, _ in found.overlaps)
    report(
        "agreement",
        "Two engines, one answer",
        f"`make soak SOAK=agreement`: {found.asked} seeded queries (seed {SEED}) of nine kinds over {len(real):,} real alerts, a fifth of them"
        " replaced once; sets of hits, all facets, the histogram and the orders by date, deadline and level compared in full; by relevance"
        " the share of the first ten that both have, over queries with hits (goal 0.9).",
        ["queries", "hits", "differences", "with hits", "mean top-10 overlap", "lowest", "same first hit"],
        [
            [
                found.asked,
                f"{found.hits:,}",
                len(found.faults),
                len(shares),
                f"{found.overlap:.3f}",
                f"{shares[0]:.1f}",
                found.same_first,
            ]
        ],
    )
    if found.faults or found.overlap < GOAL:
        raise RuntimeError(f"the engines differ: {found.faults[:10]}, overlap {found.overlap:.3f}")
    return True
