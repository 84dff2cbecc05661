"""Fixtures of the crawl's tests: a made-up authority, its server, an archive and a state database."""

from __future__ import annotations

import importlib.util
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from crawlers import source
from crawlers.worker import Worker

sys.path.insert(0, str(Path(__file__).parent))  # pytest's importlib mode leaves siblings out

from made_up_board import BASE, PY, YML, Board, Desk, listing, row

ROOT = Path(__file__).parent.parent.parent


@pytest.fixture(scope="session")
def made_up(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the package whose only sources are the made-up ones."""
    root = tmp_path_factory.mktemp("made-up")
    shutil.copytree(ROOT / "crawlers", root / "crawlers", ignore=lambda folder, names: (
        [n for n in names if n != "__init__.py"] if folder.endswith("sources") else [n for n in names if n == "__pycache__"]
    ))  # fmt: skip
    for name, complete, least in (("zz_board", "false", 1), ("zz_whole", "true", 0), ("zz_dated", "false", 0)):
        text = YML.format(id=name, complete=complete, min=least)
        if name == "zz_dated":
            text = text.replace("list.json", "list.json?from={since}&to={until}\n    window: 366d")
        (root / "crawlers" / "sources" / f"{name}.yml").write_text(text, encoding="utf-8")
        (root / "crawlers" / "sources" / f"{name}.py").write_text(PY, encoding="utf-8")
    return root


@pytest.fixture(scope="session")
def made_up_worker(made_up: Path) -> Iterator[Worker]:
    with Worker(made_up) as worker:
        yield worker


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[Any]:
    """A PostgreSQL, started when the first test asks for it."""
    spec = importlib.util.spec_from_file_location(
        "postgres_component", Path(__file__).parents[1] / "components" / "postgres.py"
    )
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    made = module.Postgres()
    yield made
    made.close()


@pytest.fixture
def state_url() -> str:
    """The state database of a desk; empty: SQLite in its home. A suite that runs on both overrides it."""
    return ""


@pytest.fixture
def desk(
    tmp_path: Path, made_up: Path, made_up_worker: Worker, monkeypatch: pytest.MonkeyPatch, state_url: str
) -> Iterator[Desk]:
    monkeypatch.setattr(source, "HERE", made_up / "crawlers" / "sources")
    source.load.cache_clear()
    source.source_version.cache_clear()
    with Board(tmp_path / "board") as board:
        board.pages[f"{BASE}/list.json"] = listing(row(1), row(2), row(3))
        made = Desk(tmp_path / "home", board, made_up_worker, engine_url=state_url)
        yield made
        made.engine.dispose()
    source.load.cache_clear()
    source.source_version.cache_clear()
