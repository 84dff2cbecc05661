"""Interleaved runs, medians with spread, and the report a machine writes to `docs/measurements/`."""

from __future__ import annotations

import datetime as dt
import os
import platform
import resource
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).parent.parent
REPORTS = ROOT / "docs" / "measurements"
RUNS = 5


@dataclass
class Timing:
    """Seconds of each counted run, in the order they were made."""

    name: str
    seconds: list[float] = field(default_factory=list)

    @property
    def median(self) -> float:
        return statistics.median(self.seconds)

    @property
    def spread(self) -> str:
        return f"{min(self.seconds):.3f}-{max(self.seconds):.3f}"


def interleaved(work: Mapping[str, Callable[[], object]], runs: int = RUNS, warmup: int = 1) -> dict[str, Timing]:
    """Run every piece of work in turn, A B A B …, so that a drift of the machine touches all alike."""
    timings = {name: Timing(name) for name in work}
    for number in range(warmup + runs):
        for name, do in work.items():
            start = time.perf_counter()
            do()
            took = time.perf_counter() - start
            if number >= warmup:
                timings[name].seconds.append(took)
    return timings


def ratio(ours: Timing, bare: Timing) -> float:
    """Median over the pairs of bare / ours: 1.0 is as fast as the bare library, 0.5 takes twice as long."""
    return statistics.median(b / o for o, b in zip(ours.seconds, bare.seconds, strict=True))


def percentile(values: Sequence[float], share: float) -> float:
    """The value below which `share` (0..1) of the values lie (nearest rank)."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, max(0, round(share * len(ordered)) - 1))]


def peak_mib(command: Sequence[str], env: Mapping[str, str] | None = None, stdin: str | None = None) -> float:
    """Peak resident memory (MiB) of a command, as the kernel counted it for the finished process."""
    script = (
        "import resource, subprocess, sys; r = subprocess.run(sys.argv[1:], stdin=sys.stdin, stdout=subprocess.DEVNULL);"
        "print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss, r.returncode)"
    )
    with Path(stdin or os.devnull).open() as feed:
        done = subprocess.run(
            [sys.executable, "-c", script, *command],
            stdin=feed,
            capture_output=True,
            text=True,
            check=True,
            env={**os.environ, **(env or {})},
        )
    kib, code = done.stdout.split()
    if code != "0":
        raise RuntimeError(f"{' '.join(command)}: exit {code}\n{done.stderr[-2000:]}")
    return int(kib) / 1024


def own_peak_mib() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def commit() -> str:
    """The commit that is measured, and whether anything but the reports differs from it."""
    done = subprocess.run(
        ["git", "rev-parse", "--short", "HEAD"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    dirty = subprocess.run(
        ["git", "status", "--porcelain", "-uno", "--", ".", ":!docs/measurements"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    return done.stdout.strip() + ("+changes" if dirty.stdout.strip() else "")


def report(
    name: str, title: str, what: str, columns: Sequence[str], rows: Sequence[Sequence[object]], notes: str = ""
) -> Path:
    """Write `docs/measurements/<name>.md` and print it: a machine writes it, with commit, machine and date."""
    head = "| " + " | ".join(columns) + " |\n|" + "---|" * len(columns)
    body = "\n".join("| " + " | ".join(str(cell) for cell in row) + " |" for row in rows)
    machine = f"{os.cpu_count()} cores, Python {platform.python_version()}"
    text = (
        f"# {title}\n\n<!-- written by `make bench`/`make soak`; do not edit -->\n"
        f"Commit {commit()}, {dt.datetime.now(dt.UTC):%Y-%m-%d}, {machine}. {what}\n\n{head}\n{body}\n"
    )
    if notes:
        text += f"\n{notes}\n"
    REPORTS.mkdir(parents=True, exist_ok=True)
    path = REPORTS / f"{name}.md"
    path.write_text(text, encoding="utf-8")
    print(text)
    return path
