"""The sample week: what the demo shows is in it, the workbooks are what their YAML makes, nothing is copied."""

from __future__ import annotations

import datetime as dt
import subprocess
import sys
from pathlib import Path

import pytest

from crawlers import dry
from crawlers.notice import Notice

SAMPLES = Path(__file__).parents[2] / "samples"
SOURCES = ("wto_eping_bulk", "eu_safety_gate", "us_cpsc", "us_federal_register", "jp_mhlw_violations")
WEEK = (dt.date(2026, 11, 9), dt.date(2026, 11, 15))


@pytest.fixture(scope="module")
def week() -> dict[str, list[Notice]]:
    results = {source: dry.read(source, SAMPLES / "week") for source in SOURCES}
    for source, result in results.items():
        assert (result.rejects, result.drifts, result.unlisted) == ([], [], []), source
    return {source: result.notices for source, result in results.items()}


def test_sixty_notices_of_the_week_and_the_counts_the_readme_gives(week: dict[str, list[Notice]]) -> None:
    within = {s: sum(WEEK[0] <= n.published <= WEEK[1] for n in found) for s, found in week.items()}
    assert sum(within.values()) >= 60
    readme = (SAMPLES / "week" / "README.md").read_text(encoding="utf-8")
    for source, found in week.items():
        assert f"| `{source}` | {len(found)} | {within[source]} |" in readme


def test_a_joint_notification_a_chain_and_a_moved_date(week: dict[str, list[Notice]]) -> None:
    wto = {n.symbol: n for n in week["wto_eping_bulk"]}
    gulf = [n for n in wto.values() if n.joint_symbols]
    assert {n.market for n in gulf} == {"AE", "BH", "KW", "OM", "QA", "SA", "YE"}
    first, second = wto["G/TBT/N/EU/1188/Add.1"], wto["G/TBT/N/EU/1188/Add.2"]
    assert {first.parent_symbol, second.parent_symbol} == {"G/TBT/N/EU/1188"} <= set(wto)
    assert (second.hs_codes, second.products_text) == ((), "")  # to be filled from the parent
    assert any(m.replaces for m in second.milestones)


def test_the_same_goods_in_two_markets(week: dict[str, list[Notice]]) -> None:
    for brand in ("Lumora", "Magnivo"):
        assert all(any(brand in n.title for n in week[source]) for source in ("eu_safety_gate", "us_cpsc"))


def test_origins_codes_and_deadlines_are_mixed(week: dict[str, list[Notice]]) -> None:
    every = [n for found in week.values() for n in found]
    assert sum("CN" in n.origins for n in every) >= 20
    assert sum(bool(n.origins) and "CN" not in n.origins for n in every) >= 8
    assert sum(not n.hs_codes for n in every) >= 20
    soon = [
        m
        for n in every
        for m in n.milestones
        if m.kind == "comment_deadline" and m.date and m.date < dt.date(2026, 12, 1)
    ]
    assert len(soon) >= 4
    assert {n.language for n in week["jp_mhlw_violations"]} == {"en", "ja"}


def test_a_later_run_with_its_shorter_window_is_answered_too() -> None:
    for source in SOURCES:
        result = dry.read(source, SAMPLES / "week", since=dt.date(2026, 11, 12), until=dt.date(2026, 11, 17))
        assert (result.drifts, result.unlisted) == ([], []), source


def test_the_workbooks_are_what_their_yaml_makes() -> None:
    done = subprocess.run(
        [sys.executable, SAMPLES / "make_workbooks.py", "--check"], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout


@pytest.mark.recordings
def test_no_sentence_of_a_recording_is_in_the_week(week: dict[str, list[Notice]], data_dir: Path) -> None:
    """Summaries and texts against the export and the recalls we hold: the week is worded by us."""
    import gzip

    held = (data_dir / "recordings" / "us_cpsc" / "saferproducts_Recall_2026-07_sample.json").read_text(
        encoding="utf-8"
    )
    for path in sorted((data_dir / "recordings" / "eu_safety_gate" / "weekly").glob("report_100002*.gz")):
        held += gzip.decompress(path.read_bytes()).decode()
    long = [
        part
        for found in week.values()
        for n in found
        for text in (n.summary, n.text)
        for part in text.split(". ")
        if len(part) > 90
    ]
    assert len(long) > 20
    assert [part for part in long if part in held] == []
