"""Fixtures every suite shares: real data where it is, real components where they can be had, and a loud end."""

from __future__ import annotations

import os
import shutil
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parent.parent


def _data() -> Path | None:
    named = os.environ.get("TRADEWARN_DATA")
    folder = Path(named) if named else ROOT.parent / "shared" / "data"
    return folder if (folder / "README.md").exists() else None


# --- real components ----------------------------------------------------------------------------------------------


def _elasticsearch() -> bool:
    return bool(list((ROOT / ".components").glob("elasticsearch*"))) or bool(
        shutil.which("java") and shutil.which("mvn")
    )


def _postgres() -> bool:
    return any(Path("/usr/lib/postgresql").glob("*/bin/initdb"))


#: component → whether it is here (or can be had), and how to get it.
COMPONENTS: dict[str, tuple[Callable[[], bool], str]] = {
    "elasticsearch": (_elasticsearch, "a JDK 17 and Maven: the server is fetched from Maven Central into .components/"),
    "postgres": (_postgres, "apt-get install postgresql"),
    "chromium": (lambda: Path("/usr/bin/chromium").exists(), "apt-get install chromium fonts-wqy-microhei"),
    "airflow": (lambda: (ROOT / ".venv-airflow/bin/airflow").exists(), "make env-airflow"),
    "redis": (lambda: shutil.which("redis-server") is not None, "apt-get install redis-server"),
}
_ran: Counter[str] = Counter()
_missing: Counter[str] = Counter()


def pytest_runtest_setup(item: pytest.Item) -> None:
    """A test marked `component(name)` runs against the real thing, or says at the end that it could not."""
    for marker in item.iter_markers("component"):
        name = marker.args[0]
        here, how = COMPONENTS[name]
        if here():
            _ran[name] += 1
            continue
        _missing[name] += 1
        if os.environ.get("TRADEWARN_REQUIRE") == "all":
            pytest.fail(f"{name} is required (TRADEWARN_REQUIRE=all) and not here: {how}", pytrace=False)
        pytest.skip(f"{name} is not here: {how}")
    if item.get_closest_marker("recordings") and _data() is None:
        _missing["recordings"] += 1
        pytest.skip("real data absent: set TRADEWARN_DATA, or put it at ../shared/data")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Side by side (`-n 2 --dist loadgroup`) a file stays with one worker, and so does a component: one server, not two."""
    for item in items:
        marker = item.get_closest_marker("component")
        item.add_marker(pytest.mark.xdist_group(marker.args[0] if marker else item.nodeid.partition("::")[0]))


def pytest_sessionfinish(session: pytest.Session) -> None:
    output = getattr(session.config, "workeroutput", None)
    if output is not None:  # a worker: what it counted goes to the process that prints the end
        output["components"] = (dict(_ran), dict(_missing))


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: Any) -> None:
    ran, missing = getattr(node, "workeroutput", {}).get("components", ({}, {}))
    _ran.update(ran)
    _missing.update(missing)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Which real components ran, and what could not: nothing passes by skipping silently."""
    terminalreporter.section("real components and data")
    data = _data()
    terminalreporter.line(f"recordings and labels: {'here' if data else 'ABSENT'}")
    for name in sorted(COMPONENTS):
        state = f"{_ran[name]} tests against the real one" if _ran[name] else "no test asked for it"
        if _missing[name]:
            state = f"MISSING, {_missing[name]} tests did not run: {COMPONENTS[name][1]}"
        terminalreporter.line(f"{name}: {state}")


# --- real data, fresh homes -----------------------------------------------------------------------------------------


@pytest.fixture(scope="session")
def data_dir() -> Path:
    """The folder of real recordings and labelled tables; a test that needs it says so when it is absent."""
    folder = _data()
    if folder is None:
        pytest.skip("real data absent: set TRADEWARN_DATA, or put it at ../shared/data")
    return folder


@pytest.fixture(scope="session")
def recordings(data_dir: Path) -> Path:
    return data_dir / "recordings"


@pytest.fixture(scope="session")
def labels(data_dir: Path) -> Path:
    return data_dir / "labels"


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A fresh TRADEWARN_HOME; no TRADEWARN_* setting of the machine leaks in."""
    for name in list(os.environ):
        if name.startswith("TRADEWARN_") and name not in {"TRADEWARN_REQUIRE", "TRADEWARN_DATA"}:
            monkeypatch.delenv(name)
    folder = tmp_path / "home"
    monkeypatch.setenv("TRADEWARN_HOME", str(folder))
    return folder
