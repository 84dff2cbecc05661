"""A small part of `make soak SOAK=kills`: loads, rebuilds and analysts' work killed with -9 on the real engines."""

from __future__ import annotations

from typing import Any

import pytest

from benchmarks.soak import kills


@pytest.mark.soak
@pytest.mark.parametrize(
    "engine", ["embedded", pytest.param("Elasticsearch", marks=pytest.mark.component("elasticsearch"))]
)
@pytest.mark.timeout(600)
def test_killed_at_any_moment_the_end_is_that_of_a_run_without_kills(
    engine: str, request: pytest.FixtureRequest
) -> None:
    """Shown to fail: a rebuild begun after a kill met an index that the server was still deleting (seed 1, 404)."""
    server: Any = request.getfixturevalue("elasticsearch") if engine == "Elasticsearch" else None
    killed = kills.one(1, kills.opener(engine, server, "killed"))
    assert sum(killed.values()) >= 3
