"""docs/adding-a-source.md followed literally: four files, no other edit, and the project's own tests pass."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from crawlers import scaffold
from crawlers.source import Source, read_source

ROOT = Path(__file__).parent.parent.parent
DOC = ROOT / "docs" / "adding-a-source.md"
NAME = "nz_board_recalls"


def blocks() -> dict[str, str]:
    """file → text of every block of the page that stands under the name of a file."""
    return dict(
        re.findall(r"^`([\w/.]+)`:\n```\w+\n(.*?)^```", DOC.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)
    )


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A copy of what the test of a sample needs, with no other source in it."""
    root = tmp_path / "checkout"
    skip = shutil.ignore_patterns("__pycache__")
    shutil.copytree(ROOT / "crawlers", root / "crawlers", ignore=skip)
    for path in (root / "crawlers" / "sources").glob("*.*"):
        if path.stem != "__init__":
            path.unlink()
    (root / "tests" / "crawlers").mkdir(parents=True)
    (root / "tests" / "samples").mkdir()
    for name in ("conftest.py", "made_up_board.py", "mutations.py", "test_samples.py", "test_faults.py"):
        shutil.copy(ROOT / "tests" / "crawlers" / name, root / "tests" / "crawlers")
    shutil.copy(ROOT / "setup.cfg", root)
    return root


def files(root: Path) -> dict[str, str]:
    return {
        str(p.relative_to(root)): p.read_text(encoding="utf-8", errors="replace")
        for p in root.rglob("*")
        if p.is_file() and "__pycache__" not in p.parts
    }


def run(root: Path, test: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "pytest", "-q", f"tests/crawlers/{test}", "-k", NAME, "-p", "no:cacheprovider"]
    return subprocess.run(command, cwd=root, capture_output=True, text=True, check=False)


def test_the_page_is_followed_literally(checkout: Path) -> None:
    before = files(checkout)
    scaffold.new_source(NAME, checkout)
    fresh = run(checkout, "test_samples.py")
    assert fresh.returncode == 1, "a fresh source must fail its tests"
    assert "the parser is not written yet" in fresh.stdout
    written = blocks()
    assert len(written) == 5, sorted(written)
    for name, text in written.items():
        (checkout / name).write_text(text, encoding="utf-8")
    (checkout / "tests" / "samples" / NAME / "expected.jsonl").unlink()
    first = run(checkout, "test_samples.py")
    assert first.returncode == 1, "a missing expected.jsonl is written, and the test still fails"
    assert "was missing and is written now" in first.stdout
    second = run(checkout, "test_samples.py")
    assert second.returncode == 0, second.stdout[-3000:]
    assert "4 passed" in second.stdout
    matrix = run(checkout, "test_faults.py")
    assert matrix.returncode == 0, matrix.stdout[-3000:]
    after = files(checkout)
    touched = {name for name in after if after[name] != before.get(name)} | (before.keys() - after.keys())
    assert {str(Path(name).parent) for name in touched} == {"crawlers/sources", f"tests/samples/{NAME}"}
    assert {name for name in touched if name.startswith("crawlers")} == {
        f"crawlers/sources/{NAME}.{s}" for s in ("yml", "py")
    }


def test_the_number_of_faults_on_the_page_is_true() -> None:
    matrix = (ROOT / "tests" / "crawlers" / "test_faults.py").read_text(encoding="utf-8")
    server = matrix[matrix.index("SERVER: dict") : matrix.index("PAGES =")]
    pages = re.search(r"PAGES = \((.*?)\)", matrix)
    assert pages is not None
    count = (
        len(re.findall(r'^    "[^"]+": \(', server, re.MULTILINE)) + pages[1].count('"') // 2 - 1
    )  # "none" is no fault
    assert f"{count} ways in which" in DOC.read_text(encoding="utf-8")


@pytest.mark.parametrize("name", ["", "Board", "nz", "nz-board", "../nz_x", "nz_Board"])
def test_a_name_that_is_none_is_refused(checkout: Path, name: str) -> None:
    before = files(checkout)
    with pytest.raises(ValueError, match="is named <jurisdiction>_"):
        scaffold.new_source(name, checkout)
    assert files(checkout) == before


def test_nothing_is_written_over(checkout: Path) -> None:
    scaffold.new_source(NAME, checkout)
    before = files(checkout)
    with pytest.raises(ValueError, match="exists already"):
        scaffold.new_source(NAME, checkout)
    assert files(checkout) == before
    with pytest.raises(ValueError, match="no checkout"):
        scaffold.new_source("nz_other", checkout / "tests")


def test_the_scaffold_loads(checkout: Path) -> None:
    """It stands among the others from its first minute: a source that cannot be loaded would stop them all."""
    scaffold.new_source(NAME, checkout)
    assert isinstance(read_source(checkout / "crawlers" / "sources" / f"{NAME}.yml"), Source)
