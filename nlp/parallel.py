"""Assessment by several processes: the same opinions in the same order, each process with an engine of its own.

Notices go out and assessments come back as JSON lines (pickled records cost several times as much), in batches; at most
two batches a process are under way, so memory does not grow with the stream. Processes are spawned, never forked: a fork
in the middle of a thread pool of BLAS or of a server may hang.
"""

from __future__ import annotations

import itertools
import multiprocessing
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from types import TracebackType

from crawlers.notice import Notice
from nlp.assess import BATCH, Assessor
from nlp.assessment import Assessment

#: Batches under way for each process: one being worked on, one waiting, so that nobody waits for the dispatcher.
AHEAD = 2
_Task = tuple[list[str], list[str | None], str]
_assessor: Assessor | None = None


def _start() -> None:
    """In each process, once: load everything."""
    global _assessor
    _assessor = Assessor()


def _assess(task: _Task) -> list[str]:
    assert _assessor is not None, "the process was not started by Assessors"  # noqa: S101
    lines, parents, run = task
    notices = [Notice.model_validate_json(line) for line in lines]
    above = {line: Notice.model_validate_json(line) for line in parents if line is not None}
    found = _assessor.assess_batch(notices, [None if line is None else above[line] for line in parents], run)
    return [assessment.line() for assessment in found]


class Assessors:
    """`processes` engines behind the interface of one; a context manager, since processes must end."""

    def __init__(self, processes: int) -> None:
        """Raises ValueError for fewer than one process. Models that are absent or tampered with end the first batch."""
        if processes < 1:
            raise ValueError(f"processes: {processes} is fewer than one")
        self.processes = processes
        self._pool = ProcessPoolExecutor(processes, multiprocessing.get_context("spawn"), _start)

    def assess_all(
        self,
        notices: Iterable[Notice],
        parent_of: Callable[[str], Notice | None] | None = None,
        run: str = "",
    ) -> Iterator[Assessment]:
        """As `Assessor.assess_all`: in the order of the notices, whoever was ready first."""
        stream = iter(notices)
        under_way: deque[Future[list[str]]] = deque()
        while True:
            while len(under_way) < AHEAD * self.processes and (batch := list(itertools.islice(stream, BATCH))):
                under_way.append(self._pool.submit(_assess, _task(batch, parent_of, run)))
            if not under_way:
                return
            for line in under_way.popleft().result():
                yield Assessment.model_validate_json(line)

    def close(self) -> None:
        """End the processes; what is under way is not waited for."""
        self._pool.shutdown(wait=True, cancel_futures=True)

    def __enter__(self) -> Assessors:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def _task(batch: Sequence[Notice], parent_of: Callable[[str], Notice | None] | None, run: str) -> _Task:
    lines = [notice.line() for notice in batch]
    parents = [parent_of(n.parent_symbol) if parent_of and n.parent_symbol else None for n in batch]
    return lines, [parent.line() if parent is not None else None for parent in parents], run
