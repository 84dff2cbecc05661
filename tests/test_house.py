"""The walls: who may import whom, and what stands at the top level (docs/architecture.md)."""

from __future__ import annotations

import ast
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
ROOMS = ("crawlers", "nlp", "index", "reports", "tradewarn")

#: room → what of ours it may import (a prefix). Its own modules always.
MAY_IMPORT = {
    "crawlers": (),
    "nlp": ("crawlers.notice", "crawlers.source", "crawlers.places"),
    "index": ("nlp", "crawlers.notice", "crawlers.places"),
    "reports": ("index", "nlp", "crawlers.notice", "crawlers.places"),
    "tradewarn": ("crawlers", "nlp", "index", "reports"),
    "dags": (),
}
TOP_LEVEL = {
    ".ci", ".gitattributes", ".gitignore", ".pre-commit-config.yaml", "CHANGELOG.md", "CONTRIBUTING.md", "LICENSE", "Makefile", "README.md",
    "alembic.ini", "benchmarks", "crawlers", "dags", "deploy", "docs", "index", "nlp", "pyproject.toml", "reports", "requirements-airflow.lock",
    "requirements.lock", "ruff.toml", "setup.cfg", "tests", "tradewarn",
}  # fmt: skip


def tracked(*patterns: str) -> list[Path]:
    out = subprocess.run(["git", "ls-files", *patterns], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    return [ROOT / line for line in out.splitlines()]


def imports(path: Path) -> list[tuple[int, str]]:
    found = []
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found += [(node.lineno, alias.name) for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module and node.level == 0:
            # `from nlp import level` names a module too
            found += [(node.lineno, f"{node.module}.{alias.name}") for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.level:
            found.append((node.lineno, "a relative import: path = import is the rule"))
    return found


def wrong_imports(room: str, path: Path) -> list[str]:
    allowed = (room, *MAY_IMPORT[room])
    shown = path.relative_to(ROOT) if path.is_relative_to(ROOT) else path.name
    wrong = []
    for line, name in imports(path):
        if name.startswith("a relative"):
            wrong.append(f"{shown}:{line}: {name}")
        elif name.split(".")[0] in {*ROOMS, "dags", "tests"} and not any(
            name == a or name.startswith(f"{a}.") for a in allowed
        ):
            wrong.append(f"{shown}:{line}: {room} must not import {name}")
    return wrong


@pytest.mark.parametrize("room", sorted(MAY_IMPORT))
def test_imports_go_only_backwards(room: str) -> None:
    """Shown to fail by adding `import index.alert` to nlp/level.py (2026-11-24): it names file, line and arrow."""
    wrong = [text for path in tracked(f"{room}/*.py", f"{room}/**/*.py") for text in wrong_imports(room, path)]
    assert not wrong, "\n".join(wrong)


def test_the_check_sees_a_forbidden_arrow(tmp_path: Path) -> None:
    probe = tmp_path / "probe.py"
    probe.write_text("from index import alert\nfrom crawlers.notice import Notice\n", encoding="utf-8")
    assert wrong_imports("nlp", probe) == ["probe.py:1: nlp must not import index.alert"]


def test_only_settings_reads_the_environment() -> None:
    wrong = []
    for room in ("crawlers", "nlp", "index", "reports"):
        for path in tracked(f"{room}/*.py", f"{room}/**/*.py"):
            text = path.read_text(encoding="utf-8")
            if ("os.environ" in text or "os.getenv" in text) and "# environment:" not in text:
                wrong.append(str(path.relative_to(ROOT)))
    assert not wrong, f"rooms take plain arguments; only tradewarn/settings.py reads the environment: {wrong}"


def test_the_top_level_is_the_house() -> None:
    names = {path.relative_to(ROOT).parts[0] for path in tracked()}
    assert names <= TOP_LEVEL, f"not part of the house: {sorted(names - TOP_LEVEL)}"


def test_no_utils_no_common() -> None:
    bad = [
        str(p.relative_to(ROOT))
        for p in tracked("*.py")
        if p.stem in {"utils", "util", "helpers", "common", "misc", "manager"}
    ]
    assert not bad


def test_packages_and_data_are_declared() -> None:
    """Path = import: every room is a package, and every data file a room reads has a suffix setup.cfg ships."""
    import configparser

    cfg = configparser.ConfigParser()
    cfg.read(ROOT / "setup.cfg", encoding="utf-8")
    shipped = {s.strip().lstrip("*") for s in cfg["options.package_data"]["*"].split(",")}
    for room in ROOMS:
        assert (ROOT / room / "__init__.py").exists()
        for path in tracked(f"{room}/**", f"{room}/*"):
            assert path.suffix in shipped | {".py"} or path.name == "py.typed", f"{path} is not shipped by setup.cfg"


def test_nothing_of_this_machine_in_the_tree() -> None:
    """No path of a machine and no address of a package registry in anything that is committed."""
    import re

    pattern = re.compile(r"(?<![\w.])/(work|farm|root)/|(pypi|npmjs|maven)\.(org|com)/", re.IGNORECASE)
    wrong = []
    for path in tracked():
        if path.suffix in {".lock", ".png", ".npz", ".xls", ".xlsx", ".gz", ".zip"} or path == Path(__file__):
            continue
        for number, line in enumerate(path.read_text(encoding="utf-8", errors="replace").splitlines(), 1):
            if pattern.search(line):
                wrong.append(f"{path.relative_to(ROOT)}:{number}: {line.strip()[:100]}")
    assert not wrong, "\n".join(wrong)
