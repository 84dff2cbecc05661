"""Real alerts, real queries, both engines: what one finds and counts, the other does too (docs/decisions/search-engines.md)."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from benchmarks import agreement, alerts
from benchmarks.queries import Queries
from index.sqlite_store import SqliteStore
from nlp.gazetteer import Gazetteer

COUNT, QUERIES, SEED = 2_000, 200, 6


@pytest.fixture
def shipped_gazetteer() -> Gazetteer:
    return Gazetteer.load()


@pytest.fixture
def engines(tmp_path: Path, elastic_stores: Any, shipped_gazetteer: Gazetteer) -> Iterator[tuple[Any, Any]]:
    embedded = SqliteStore(tmp_path / "index.db", gazetteer=shipped_gazetteer)
    yield embedded, elastic_stores(shipped_gazetteer)()
    embedded.close()


@pytest.mark.component("elasticsearch")
@pytest.mark.recordings
def test_both_engines_find_count_and_order_the_same(engines: tuple[Any, Any], recordings: Path) -> None:
    """200 seeded queries over real alerts of a dozen sources; `make soak SOAK=agreement` does it over 20,000.

    Shown to fail: with the HS codes that stand above a code left out of Elasticsearch's filter, 19 faults in 90 queries; with
    BM25's saturation and lengths taken from the embedded engine, an overlap of 0.73.
    """
    real = alerts.real(COUNT, recordings)
    for engine in engines:
        agreement.fill(engine, real)
    asked = [text for _, text in Queries(real, SEED).make(QUERIES)]
    found = agreement.compare(*engines, asked, alerts.AS_OF, exports=4)
    assert not found.faults, found.faults[:20]
    assert found.asked == len(set(asked)) == QUERIES
    assert len(found.overlaps) > QUERIES // 2, "most queries find something"
    assert found.overlap >= 0.9, sorted(found.overlaps)[:10]
