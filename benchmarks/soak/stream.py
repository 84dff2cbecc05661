"""`tradewarn classify -` over a stream of a million notices: the process's peak memory by the time 1 k, 10 k, 100 k, 1 M had come out.

The recorded notices again and again, each time under ids and titles of their own. `TRADEWARN_STREAM_TO=100000` ends earlier. The one soak
that cannot stop half-way: a million notices take some twenty minutes on one core.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
import threading
import time
from collections.abc import Sequence
from pathlib import Path
from typing import IO

from benchmarks import alerts
from benchmarks.data import recordings
from benchmarks.harness import ROOT, report
from crawlers.notice import Notice

STEPS = (1_000, 10_000, 100_000, 1_000_000)
MORE = 1_000  # notices behind the last step, so that the process is still there to be asked
FLAT = 64  # MiB that the largest may take above the smallest
_PEAK = re.compile(r"VmHWM:\s*(\d+) kB")


def run(_: float) -> bool:
    """Raises RuntimeError where notices are lost on the way or memory grows with them."""
    notices = alerts.notices(recordings(), whole=False)
    steps = [step for step in STEPS if step <= int(os.environ.get("TRADEWARN_STREAM_TO") or STEPS[-1])]
    command = [sys.executable, "-m", "tradewarn", "classify", "-"]
    with subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        writer = threading.Thread(target=_write, args=(process.stdin, notices, steps[-1] + MORE), daemon=True)
        writer.start()
        rows = _read(process.pid, process.stdout, steps)
    if process.returncode or len(rows) < len(steps):
        raise RuntimeError(f"exit {process.returncode}, {len(rows)} of {len(steps)} counts reached")
    growth = rows[-1][1] - rows[0][1]
    report(
        "stream",
        "Memory of classification over a stream",
        f"`make soak SOAK=stream`: `tradewarn classify -` in one process, {len(notices):,} recorded notices again and again under ids and titles of"
        " their own; the kernel's peak of resident memory by the time so many assessments had come out.",
        ["notices", "peak MiB", "minutes"],
        [[f"{count:,}", f"{mib:.0f}", f"{minutes:.1f}"] for count, mib, minutes in rows],
        notes=f"From the first to the last: {growth:+.0f} MiB: {'flat' if growth <= FLAT else 'NOT flat'} (at most {FLAT}).",
    )
    if growth > FLAT:
        raise RuntimeError(f"memory grew by {growth:.0f} MiB")
    return True


def _write(pipe: IO[bytes], notices: Sequence[Notice], count: int) -> None:
    with pipe:
        for number in range(count):
            notice = notices[number % len(notices)]
            own = {"id": f"{notice.id}-{number}", "title": f"{notice.title} {number}"}
            pipe.write(notice.model_copy(update=own).line().encode() + b"\n")


def _read(pid: int, pipe: IO[bytes], steps: Sequence[int]) -> list[tuple[int, float, float]]:
    """(count, MiB, minutes) as each of `steps` came out."""
    rows, wanted, begun = [], iter(steps), time.monotonic()
    following = next(wanted)
    for number, _ in enumerate(pipe, start=1):
        if number == following:
            peak = _PEAK.search(Path(f"/proc/{pid}/status").read_text())
            assert peak is not None
            rows.append((number, int(peak[1]) / 1024, (time.monotonic() - begun) / 60))
            following = next(wanted, 0)
    return rows
