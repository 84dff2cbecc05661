"""The parent's end of the crawl's own process: start it, give it jobs, and survive whatever becomes of it."""

from __future__ import annotations

import queue
import signal
import subprocess
import sys
import tempfile
import threading
from pathlib import Path

from pydantic import ValidationError

from crawlers.job import BUG, Job, Report

ROOT = Path(__file__).parent.parent
LOG_SHOWN = 1500


class Worker:
    """A running `python -m crawlers.crawl_process`. Jobs one after the other; a dead process is started anew.

    `root` is the folder that holds the package: ours, so that the process runs the same code wherever the caller stands.
    """

    def __init__(self, root: Path = ROOT) -> None:
        self._root = root
        self._process: subprocess.Popen[str] | None = None
        self._answers: queue.Queue[str] = queue.Queue()
        self._log = tempfile.TemporaryFile("w+", encoding="utf-8", errors="replace")  # noqa: SIM115 - closed by `close`

    def __enter__(self) -> Worker:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @property
    def pid(self) -> int | None:
        """Of the process that would do the next job; None before the first."""
        return self._process.pid if self._process else None

    def start(self) -> None:
        """Begin loading: `run` does it too, and then waits for it."""
        self._started()

    def run(self, job: Job) -> Report:
        """Have one job done. A process that dies or takes longer than `limits.deadline` is a report with exit 1."""
        process = self._started()
        try:
            assert process.stdin is not None  # noqa: S101 - it was opened as a pipe
            process.stdin.write(job.model_dump_json() + "\n")
            process.stdin.flush()
            answer = self._answers.get(timeout=job.limits.deadline)
        except (queue.Empty, BrokenPipeError) as error:
            late = isinstance(error, queue.Empty)
            self._end(kill=True)
            reason = f"took longer than {job.limits.deadline:g} s and was stopped" if late else "is gone"
            return Report(
                exit=BUG, counts={}, messages=(f"{job.source}: the crawl's process {reason}{self._last_words()}",)
            )
        try:
            return Report.model_validate_json(answer)
        except ValidationError:
            code = process.wait()
            why = f"was killed by {signal.Signals(-code).name}" if code < 0 else f"ended with {code}"
            self._end(kill=True)
            return Report(
                exit=BUG, counts={}, messages=(f"{job.source}: the crawl's process {why}{self._last_words()}",)
            )

    def close(self) -> None:
        self._end(kill=False)
        self._log.close()

    def _started(self) -> subprocess.Popen[str]:
        if self._process is None or self._process.poll() is not None:
            self._end(kill=True)
            self._log.seek(0)
            self._log.truncate()
            self._answers = queue.Queue()
            self._process = subprocess.Popen(
                [sys.executable, "-m", "crawlers.crawl_process"],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=self._log,
                text=True,
                encoding="utf-8",
                cwd=self._root,
            )
            threading.Thread(target=_pump, args=(self._process, self._answers), daemon=True).start()
        return self._process

    def _end(self, *, kill: bool) -> None:
        process, self._process = self._process, None
        if process is None:
            return
        if kill and process.poll() is None:
            process.kill()
        if process.stdin is not None:
            try:
                process.stdin.close()
            except BrokenPipeError:
                kill = True
        try:
            process.wait(timeout=10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        if process.stdout is not None:
            process.stdout.close()

    def _last_words(self) -> str:
        self._log.seek(0)
        words = self._log.read()[-LOG_SHOWN:].strip()
        return f": {words}" if words else ""


def _pump(process: subprocess.Popen[str], answers: queue.Queue[str]) -> None:
    """Lines of the process, then an empty one when it has ended."""
    if process.stdout is not None:
        try:
            for line in process.stdout:
                answers.put(line)
        except ValueError:
            pass  # closed by `_end`
    answers.put("")
