"""Source health where people and programs meet it: `tradewarn sources`, `doctor`, `/health`, the bulletin's last section.

One state: us_cpsc delivered for weeks, then its format drifted, a tenth of its records could not be read, and fewer notices
came than usual. All four places must tell last success, lag, count against the usual, drift and the share of errors.
"""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import insert
from typer.testing import CliRunner

from crawlers.source import load
from crawlers.state import runs, seen
from reports.bulletin import compose
from reports.period import week
from reports.render import render
from tradewarn import editions, show
from tradewarn.cli import app
from tradewarn.portal.app import create
from tradewarn.settings import Settings
from tradewarn.workshop import Workshop

AS_OF = dt.datetime(2026, 11, 16, 12, tzinfo=dt.UTC)
SOURCE = "us_cpsc"
DAYS = expected.days if (expected := load(SOURCE).expect) else 7


def run_row(number: int, as_of: dt.datetime, code: int, records: int, rejected: int, *messages: str) -> dict[str, Any]:
    return {
        "source": SOURCE, "run": f"r{number}", "run_seq": number, "as_of": as_of, "since": as_of.date(),
        "until": as_of.date(), "explicit": 0, "exit": code, "complete": 0, "day": as_of.date(),
        "counts": json.dumps({"records": records, "rejected": rejected}), "messages": json.dumps(messages),
    }  # fmt: skip


def seen_row(number: int, published: dt.date) -> dict[str, Any]:
    first = dt.datetime(published.year, published.month, published.day, 12, tzinfo=dt.UTC) + dt.timedelta(days=2)
    return {
        "source": SOURCE, "id": f"us_cpsc:{number}", "hash": "0" * 64, "published": published, "first_seen": first,
        "run_seq": 1, "day": published, "run": "r1", "withdrawn": 0,
    }  # fmt: skip


@pytest.fixture
def shop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Workshop]:
    monkeypatch.setattr(show.out, "width", 400)  # cells stand on one line, however wide the terminal is
    made = Workshop(Settings(home=tmp_path / "home", _env_file=None), as_of=AS_OF)  # type: ignore[call-arg]
    ago = dt.timedelta(days=1)
    published = [AS_OF.date() - ago * (DAYS * window + 3) for window in range(1, 9) for _ in range(4)]
    with made.engine.begin() as connection:
        connection.execute(
            insert(runs),
            [
                run_row(1, AS_OF - 120 * ago, 0, 80, 0),
                run_row(2, AS_OF - ago, 6, 10, 1),
                run_row(3, AS_OF, 5, 10, 9, "us_cpsc: format drifted: field 'Hazards' is missing"),
            ],
        )
        connection.execute(
            insert(seen), [seen_row(n, day) for n, day in enumerate([*published, AS_OF.date() - 3 * ago])]
        )
    yield made
    made.close()


def command(shop: Workshop, *arguments: str) -> str:
    done = CliRunner().invoke(app, ["--home", str(shop.settings.home), "--as-of", AS_OF.isoformat(), *arguments])
    assert done.exception is None or isinstance(done.exception, SystemExit), done.output
    return done.output


def judged(health: dict[str, Any]) -> None:
    assert health["last_success"].startswith("2026-11-15T12:00:00")
    assert (health["state"], health["last_exit"], health["drifted"]) == ("late", 5, True)
    assert (health["lag_days"], health["window"], health["count"], health["usual"]) == (2.0, f"{DAYS}d", 1, 4.0)
    assert health["error_share"] == 0.1
    assert "Hazards" in health["note"]


def test_the_list_of_sources(shop: Workshop) -> None:
    """Shown to fail: the table had neither counts nor the share of errors."""
    rows = {row["id"]: row for row in json.loads(command(shop, "--json", "sources"))}
    judged(rows[SOURCE]["health"])
    cells = row_of(command(shop, "sources"), SOURCE)
    for told in ("2026-11-15 12:00", "2 d", f"1 in {DAYS}d, usually 4", "10.0%"):
        assert told in cells
    assert cells[-1].startswith("late us_cpsc: format drifted")


def row_of(table: str, first: str) -> list[str]:
    """The cells of the row that begins with `first`; a cell may be folded over several lines."""
    cells: list[list[str]] = []
    for line in table.splitlines():
        parts = [part.strip() for part in line.split("│")]
        if parts[0] == first:
            cells = [[part] for part in parts]
        elif cells and parts[0] == "" and len(parts) == len(cells):
            for cell, part in zip(cells, parts, strict=True):
                cell.append(part)
        elif cells:
            break
    return [" ".join(part for part in cell if part) for cell in cells]


def test_the_doctor(shop: Workshop) -> None:
    findings = {row["what"]: row for row in json.loads(command(shop, "--json", "doctor"))}
    found = findings[SOURCE]
    assert found["state"] == "look"
    for told in (
        "late",
        "Hazards",
        f"1 notices in {DAYS} days, usually 4",
        "10% of the records",
        "2026-11-15",
        "lag 2 d",
    ):
        assert told in found["found"], (told, found["found"])
    assert SOURCE in found["advice"]


def test_the_platform_s_own_page(shop: Workshop) -> None:
    with TestClient(create(shop)) as client:
        judged(client.get("/health").json()["sources"][SOURCE])
        judged(next(row for row in client.get("/api/sources").json() if row["id"] == SOURCE)["health"])


def test_the_last_section_of_the_bulletin(shop: Workshop) -> None:
    """Shown to fail: the section told the last success and the note alone."""
    states = editions.source_states(shop)
    made = compose([], period=week("2026-W46"), as_of=AS_OF.date(), cut_off=AS_OF, sources=states)
    for language, told in (
        ("zh", f"滞后2天，{DAYS}天1条（通常4条），10.0%的记录无法读取，格式有变"),
        ("en", f"lag 2 d, 1 in {DAYS} days (usually 4), 10.0 % of records unreadable, format drifted"),
    ):
        page = render(made, language)  # type: ignore[arg-type]
        assert told in page.html
        assert told.replace(" ", "") in "".join(page.text.split())
        assert "2026-11-15" in page.html or "11月15日" in page.html
