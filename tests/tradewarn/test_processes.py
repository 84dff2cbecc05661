"""Classification by several processes: the same bytes as by one, and a process that dies leaves nothing half done."""

from __future__ import annotations

import datetime as dt
import json
import multiprocessing
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from nlp.parallel import Assessors, WorkerError
from tradewarn import handoff, pipeline
from tradewarn.settings import Settings
from tradewarn.workshop import Workshop

ROOT = Path(__file__).parents[2]
DAY = dt.date(2026, 11, 9)
SOURCE = "wto_eping_bulk"
TITLES = (
    "Lithium batteries of light vehicles",
    "玩具安全",
    "Safety of tea, HS 0902",
    "بطاريات الليثيوم",
    "電気用品の技術基準",
)


def line(number: int, **fields: Any) -> str:
    body = {
        "id": f"wto:G/TBT/N/XX/{number}",
        "run_seq": 1,
        "source": SOURCE,
        "market": "EU",
        "kind": "notification",
        "authority": "WTO",
        "symbol": f"G/TBT/N/XX/{number}",
        "title": f"{TITLES[number % len(TITLES)]}, no. {number}",
        "published": "2026-11-02",
        "provenance": {
            "url": "https://example.test/",
            "fetched_at": "2026-11-03T00:00:00Z",
            "body_sha256": "0" * 64,
            "source_version": "1",
        },
        **fields,
    }
    return json.dumps(body, ensure_ascii=False)


def addendum(number: int, parent: int) -> str:
    symbol = f"G/TBT/N/XX/{parent}/Add.1"
    return line(number, id=f"wto:{symbol}", symbol=symbol, parent_symbol=f"G/TBT/N/XX/{parent}", title="Addendum")


def lines() -> list[str]:
    """Several tasks; an addendum before its notice, a line nobody can read, the notice an older addendum waits for."""
    plain = [line(number) for number in range(60)]
    coded = line(100, hs_codes=[{"code": "850760"}], title="Portable batteries")
    return [addendum(1, 100), *plain[:30], "not a notice", coded, *plain[30:], line(200, hs_codes=[{"code": "0902"}])]


def written(shop: Workshop, run: str, given: list[str], seq: int) -> None:
    with shop.archive.writer("notices", SOURCE, DAY, run) as out:
        for one in given:
            out.write(one)
    shop.archive.commit("notices", SOURCE, DAY, run, {"run_seq": seq})


def shop_of(home: Path, processes: int) -> Workshop:
    """A workshop whose index holds an addendum that came before its notice, and whose archive holds a run not yet read."""
    shop = Workshop(
        Settings(_env_file=None, home=home, processes=processes), as_of=dt.datetime(2026, 11, 9, tzinfo=dt.UTC)
    )
    written(shop, "r1", [addendum(2, 200)], 1)
    pipeline.classify(shop)
    pipeline.index(shop)
    written(shop, "r2", lines(), 2)
    return shop


def file_of(shop: Workshop, step: pipeline.Step) -> list[str]:
    return list(shop.archive.read(step.files[0]))


def test_two_processes_write_what_one_writes_and_one_that_dies_leaves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Shown to fail when results are taken as they become ready, when parents stay behind or are looked for in
    the index alone, and when the run is committed where the stream ends early."""
    monkeypatch.setattr(handoff, "TASK_LINES", 8)
    alone, several = shop_of(tmp_path / "one", 1), shop_of(tmp_path / "two", 2)
    (expected,) = pipeline.classify(alone)
    assert (expected.counts, expected.exit) == ({"assessed": 64, "rejected": 1}, pipeline.QUARANTINED)
    assert expected.messages[0].startswith("line 32: ")
    methods = [
        json.loads(one)["assessment"]["products"][0]["method"] for one in (file_of(alone, expected)[i] for i in (0, -1))
    ]
    assert methods == [
        "inherited",
        "inherited",
    ]  # from a notice behind it in the run, and of an alert of an earlier run

    read = several.archive.read

    def killing(path: str) -> Iterator[str]:
        for number, one in enumerate(read(path)):
            if number == 40:
                victim = multiprocessing.active_children()[0]
                os.kill(victim.pid or 0, signal.SIGKILL)
            yield one

    with monkeypatch.context() as patch:
        patch.setattr(several.archive, "read", killing)
        with pytest.raises(WorkerError, match="ended before its work was done"):
            pipeline.classify(several)
    assert [files.run for files in several.archive.committed("assessments")] == [f"r1.{several.model_version}"]

    (made,) = pipeline.classify(several)  # the same call again: new processes
    assert made.model_dump(exclude={"files"}) == expected.model_dump(exclude={"files"})
    assert file_of(several, made) == file_of(alone, expected)
    for shop in (alone, several):
        shop.close()
    assert not multiprocessing.active_children()


def test_the_command_ends_with_exit_1_and_one_line_when_a_process_dies(home: Path, tmp_path: Path) -> None:
    """No traceback, no output file. Shown to fail when the file is written in place."""
    command = [sys.executable, "-m", "tradewarn", "classify", "-", "--processes", "2", "--out", str(tmp_path / "out")]
    running = subprocess.Popen(
        command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    assert running.stdin is not None
    for number in range(2 * handoff.TASK_LINES):
        running.stdin.write(line(number) + "\n")
    running.stdin.flush()
    os.kill(_worker(running.pid), signal.SIGKILL)
    out, problem = running.communicate(timeout=120)
    assert running.returncode == 1, problem
    assert "ended before its work was done" in problem
    assert "Traceback" not in problem
    assert not list((tmp_path / "out").iterdir())
    assert not out


def _worker(parent: int) -> int:
    """The id of a process that the command started to classify."""
    until = time.monotonic() + 60
    while time.monotonic() < until:
        for pid in Path(f"/proc/{parent}/task/{parent}/children").read_text().split():
            if b"spawn_main" in Path(f"/proc/{pid}/cmdline").read_bytes():
                return int(pid)
        time.sleep(0.05)
    raise AssertionError("no process was started")


def test_a_slow_piece_holds_up_nothing_but_its_turn_and_what_goes_wrong_is_told_as_itself() -> None:
    """Shown to fail when the stream is taken to be over where everybody waits for the slow piece."""
    numbers = [600, *[1] * 40]
    given = [handoff.Task(1, [line(n) for n in range(count)], run=str(i)) for i, count in enumerate(numbers)]
    with Assessors(2) as two:
        made = list(two.map(handoff.assessed, given))
        assert [len(part.lines) for part in made] == numbers
        assert [json.loads(part.lines[0])["assessment"]["run"] for part in made] == [task.run for task in given]
        with pytest.raises(AttributeError, match="no attribute 'lines'"):
            list(two.map(handoff.assessed, [None]))  # type: ignore[list-item]


def test_fewer_than_one_process_is_refused() -> None:
    with pytest.raises(ValueError, match="fewer than one"):
        Assessors(0)
