"""The command line as a person and a program meet it: options anywhere, clear usage errors, the exit codes."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tradewarn.cli import hoisted, moment
from tradewarn.workshop import UsageError

ROOT = Path(__file__).parents[2]
WEEK = ROOT / "tests" / "samples" / "week"


def tradewarn(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "tradewarn", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, check=False, cwd=ROOT)


@pytest.mark.parametrize(
    ("typed", "understood"),
    [
        ("crawl us_cpsc --json", "--json crawl us_cpsc"),
        ("sources --home /h --due-at T", "--home /h sources --due-at T"),
        ("crawl --replay=r x", "--replay=r crawl x"),
        ("search -- --json", "search -- --json"),
        ("search --as-of", "--as-of search"),
    ],
)
def test_global_options_may_stand_anywhere(typed: str, understood: str) -> None:
    assert hoisted(typed.split()) == understood.split()


def test_a_moment_is_a_day_to_its_end_or_a_time() -> None:
    assert moment("2026-11-16").isoformat() == "2026-11-16T23:59:59+00:00"
    assert moment("2026-11-16T08:00:00+08:00").isoformat() == "2026-11-16T00:00:00+00:00"
    with pytest.raises(UsageError, match="--as-of 31/02"):
        moment("31/02")


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("crawl", "xx_nothing"), "no source 'xx_nothing'; known: "),
        (("crawl", "us_cpsc", "--since", "31/02"), "--since 31/02: not a date"),
        (("--replay", "nowhere", "run"), "no manifest.jsonl"),
        (("evaluate", "--data", "nowhere"), "no such folder"),
        (("index", "nowhere.jsonl"), "no such file"),
        (("fly",), "No such command"),
    ],
)
def test_usage_errors_say_what_and_exit_2(home: Path, arguments: tuple[str, ...], says: str) -> None:
    done = tradewarn(*arguments)
    assert done.returncode == 2, done.stderr
    assert says in done.stderr
    assert "Traceback" not in done.stderr


def test_a_wrong_setting_is_named(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TRADEWARN_PORT", "many")
    done = tradewarn("sources")
    assert done.returncode == 2
    assert "TRADEWARN_PORT" in done.stderr


def test_an_engine_that_cannot_be_reached_is_told(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Exit 4 and one line, no traceback. Shown to fail without `except StoreError`: exit 1, "this is our bug"."""
    monkeypatch.setenv("TRADEWARN_ELASTICSEARCH_URL", "http://127.0.0.1:9")
    done = tradewarn("search", "battery")
    assert done.returncode == 4, done.stderr
    assert "cannot be reached" in done.stderr
    assert "Traceback" not in done.stderr


def test_the_walk_on_the_sample_week_and_once_more(home: Path) -> None:
    """crawl → classify → index → search; the second run finds nothing new and the feed gets nothing."""
    first = tradewarn("--replay", WEEK, "run", "--json")
    assert first.returncode == 0, first.stderr + first.stdout
    rows = json.loads(first.stdout)["sources"]
    assert len(rows) == 5
    assert sum(row["index.new"] for row in rows.values()) >= 60
    again = json.loads(tradewarn("--replay", WEEK, "run", "--json").stdout)["sources"]
    assert all(row.get("index.new", 0) == row.get("index.changed", 0) == 0 for row in again.values()), again
    found = [
        {
            hit["id"]
            for hit in json.loads(tradewarn("--replay", WEEK, "search", q, "--limit", "200", "--json").stdout)["hits"]
        }
        for q in ("锂电池", '"lithium battery"', "リチウム電池")
    ]
    assert found[0]
    assert found[0] == found[1] == found[2]


def test_classify_reads_any_notice_lines(home: Path) -> None:
    """Also of a source it has never heard of, from standard input, and a broken line is told and kept."""
    notice = {
        "id": "somewhere:1",
        "source": "zz_new",
        "market": "AU",
        "kind": "recall",
        "authority": "Somebody",
        "title": "Portable power bank recalled: the lithium-ion battery can overheat",
        "published": "2026-11-02",
        "provenance": {
            "url": "https://example.org/1",
            "fetched_at": "2026-11-03T00:00:00Z",
            "body_sha256": "0" * 64,
            "source_version": "1",
        },
    }
    command = [sys.executable, "-m", "tradewarn", "classify", "-", "--spacy", str(home / "docs")]
    done = subprocess.run(
        command, input=json.dumps(notice) + "\nnot json\n", capture_output=True, text=True, check=False, cwd=ROOT
    )
    assert done.returncode == 6, done.stderr
    assert "line 2" in done.stderr
    body = json.loads(done.stdout)
    assert body["assessment"]["notice_id"] == "somewhere:1"
    assert body["assessment"]["concepts"]
    assert [path.name for path in (home / "docs").iterdir()] == ["stdin-0001.spacy"]
