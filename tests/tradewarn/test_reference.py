"""Docs that cannot go stale: the generated pages are what the code says today."""

from __future__ import annotations

from pathlib import Path

import pytest

from tradewarn import reference

DOCS = Path(__file__).parents[2] / "docs"


@pytest.mark.parametrize("name", sorted(reference.PAGES))
def test_the_page_is_fresh(name: str) -> None:
    path = DOCS / name
    assert path.exists(), f"docs/{name} is missing: run `make docs`"
    assert path.read_text(encoding="utf-8") == reference.PAGES[name](), f"docs/{name} is stale: run `make docs`"
