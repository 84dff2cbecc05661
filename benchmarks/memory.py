"""Peak memory of crawl → classify → load as notices grow: 1 k, 10 k, 100 k in one workbook. It must not grow with them.

`TRADEWARN_MEMORY_TO=10000` ends earlier. Each step is the command a user calls, in a process of its own; the kernel counts.
"""

from __future__ import annotations

import os
import re
import shutil
import sys
import tempfile
import time
from pathlib import Path

import openpyxl

from benchmarks.data import recordings
from benchmarks.harness import peak_mib, report
from crawlers import recorded
from crawlers.archive import Archive
from tradewarn import database

STEPS = (1_000, 10_000, 100_000)
SOURCE = "wto_eping_bulk"
#: Megabytes that 100 k may take above 1 k and still be called flat: interpreters do not give back all they were given.
FLAT = 64
_SYMBOL = re.compile(r"(G/(?:TBT|SPS)/N/[A-Z]{2,4})/\d+")


def run() -> None:
    last = int(os.environ.get("TRADEWARN_MEMORY_TO") or STEPS[-1])
    peaks: dict[str, list[float]] = {}
    with tempfile.TemporaryDirectory() as scratch:
        folder = recorded.build(SOURCE, recordings(), Path(scratch) / "recorded")
        rows = [_one(count, folder, Path(scratch), peaks) for count in STEPS if count <= last]
    growth = {step: listed[-1] - listed[0] for step, listed in peaks.items()}
    told = ", ".join(f"{step} {mib:+.0f} MiB" for step, mib in growth.items())
    verdict = "flat" if all(mib <= FLAT for mib in growth.values()) else "NOT flat"
    report(
        "memory",
        "Memory: crawl, classify and load of ever more notices",
        "One workbook of the WTO's ePing in its own form, the recorded rows again and again under new symbols; a fresh home for each size;"
        f" peak resident memory of each command, whole process. Flat: not more than {FLAT} MiB above the smallest.",
        ["notices", "crawl MiB (s)", "classify MiB (s)", "load MiB (s)"],
        rows,
        notes=f"From the smallest to the largest: {told}: {verdict}.",
    )


def _one(count: int, folder: Path, scratch: Path, peaks: dict[str, list[float]]) -> list[object]:
    replay = workbook(folder, count, scratch / f"replay-{count}")
    home = scratch / f"home-{count}"
    database.state(f"sqlite:///{home}/state.db").dispose()
    base = [sys.executable, "-m", "tradewarn", "--home", str(home), "--replay", str(replay)]
    told: list[object] = [f"{count:,}"]
    for step, words in (
        ("crawl", ["crawl", SOURCE, "--since", "1995-01-01"]),
        ("classify", ["classify"]),
        ("load", ["index"]),
    ):
        start = time.perf_counter()
        mib = peak_mib([*base, *words, "--json"])
        peaks.setdefault(step, []).append(mib)
        told.append(f"{mib:.0f} ({time.perf_counter() - start:.0f})")
    (files,) = Archive(str(home / "replay" / replay.name / "archive")).committed("notices", SOURCE)
    if files.stats["counts"]["new"] != count:
        raise RuntimeError(f"{count:,} notices were to be crawled: {files.stats['counts']}")
    shutil.rmtree(home)
    shutil.rmtree(replay)
    return told


def workbook(folder: Path, count: int, made: Path) -> Path:
    """The replay folder again, at `made`, its workbook grown to `count` rows."""
    shutil.copytree(folder, made)
    for path in made.glob("*.xlsx"):
        _grow(path, count)
    return made


def _grow(path: Path, count: int) -> None:
    """The workbook with `count` rows below its header: each row's symbols get a number of their own."""
    recorded_rows = [list(row) for row in openpyxl.load_workbook(path).worksheets[0].iter_rows(values_only=True)]
    head = next(n for n, row in enumerate(recorded_rows) if sum(cell is not None for cell in row) > 5) + 1
    whole = openpyxl.Workbook(write_only=True)
    sheet = whole.create_sheet("Notifications")
    for row in recorded_rows[:head]:
        sheet.append(row)
    body = recorded_rows[head:]
    for number in range(count):
        sheet.append([_numbered(cell, 100_000 + number) for cell in body[number % len(body)]])
    whole.save(path)


def _numbered(cell: object, number: int) -> object:
    return _SYMBOL.sub(rf"\g<1>/{number}", cell) if isinstance(cell, str) else cell
