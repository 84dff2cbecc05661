"""Several engines, each in a process of its own, that share a stream of work: the results come in the order of the pieces.

What goes between the processes is pickled, and records cost several times as much as text: pieces and results should be
lines (`tradewarn.handoff`). Each process has one piece at a time and gets the next as soon as it hands in a result, so
memory does not grow with the stream. Processes are spawned, never forked: a fork in the middle of a thread pool of BLAS
or of a server may hang. A pipe to each, no threads and no shared queue: `ProcessPoolExecutor` hangs now and then where a
process dies while work is handed out (CPython 3.11: what is submitted in that moment is never answered).
"""

from __future__ import annotations

import contextlib
import multiprocessing
import signal
import traceback
from collections.abc import Callable, Iterable, Iterator
from multiprocessing.connection import Connection, wait
from multiprocessing.context import SpawnProcess
from types import TracebackType
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar, cast

if TYPE_CHECKING:
    from nlp.assess import Assessor

Piece = TypeVar("Piece")
Result = TypeVar("Result")

#: Results held for each process until their turn: more would only grow behind one slow piece.
AHEAD = 4


class WorkerError(RuntimeError):
    """A process ended before its work was done: killed, or out of memory."""


def _serve(pipe: Connection) -> None:
    """A process: load everything, then answer (function, piece) with (result, None) or (None, error) until the pipe ends."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the parent's, who ends us
    engine: Assessor | None = None
    try:
        while True:
            work, piece = pipe.recv()
            answer: tuple[Any, Exception | None]
            try:
                if engine is None:
                    from nlp.assess import Assessor

                    engine = Assessor()
                answer = work(engine, piece), None
            except Exception as error:
                error.add_note(traceback.format_exc())
                answer = None, error
            pipe.send(answer)
    except (EOFError, ConnectionError):
        return  # the parent has closed the pipe, or has died


class _Worker(NamedTuple):
    process: SpawnProcess
    pipe: Connection


class Assessors:
    """`processes` engines; a context manager, since processes must end. They start with the first piece of work."""

    def __init__(self, processes: int) -> None:
        """Raises ValueError for fewer than one process."""
        if processes < 1:
            raise ValueError(f"processes: {processes} is fewer than one")
        self.processes = processes
        self._workers: list[_Worker] = []

    def map(self, work: Callable[[Assessor, Piece], Result], pieces: Iterable[Piece]) -> Iterator[Result]:
        """`work(engine, piece)` of each piece, in the order of the pieces, whoever was ready first.

        `work` is a function of a module. Raises what it raises, ModelError where models are absent or were tampered with,
        and WorkerError where a process died; a later call then starts new ones.
        """
        whole = False
        try:
            yield from self._ordered(work, iter(pieces))
            whole = True
        finally:
            if not whole:  # answers nobody waits for any more must not meet the next call
                self.close()

    def _ordered(self, work: Callable[[Assessor, Piece], Result], stream: Iterator[Piece]) -> Iterator[Result]:
        busy: dict[Connection, int] = {}
        ready: dict[int, Result] = {}
        given = due = 0
        idle = [worker.pipe for worker in self._started()]
        ended = False
        while busy or not ended:
            while idle and given - due < AHEAD * self.processes and not ended:
                try:
                    piece = next(stream)
                except StopIteration:
                    ended = True
                    break
                pipe = idle.pop(0)
                with self._alive():
                    pipe.send((work, piece))
                busy[pipe] = given
                given += 1
            while due in ready:  # behind the hand-out: whoever takes the results need not hurry
                yield ready.pop(due)
                due += 1
            for pipe in cast("list[Connection]", wait(list(busy))) if busy else ():
                with self._alive():
                    result, error = pipe.recv()
                if error is not None:
                    raise error
                ready[busy.pop(pipe)] = result
                idle.append(pipe)
        while due in ready:
            yield ready.pop(due)
            due += 1

    @contextlib.contextmanager
    def _alive(self) -> Iterator[None]:
        try:
            yield
        except (EOFError, ConnectionError) as error:
            raise WorkerError(
                f"one of {self.processes} processes ended before its work was done (killed, or out of memory?);"
                " the same command begins anew what was not finished, with --processes 1 in a single one"
            ) from error

    def _started(self) -> list[_Worker]:
        context = multiprocessing.get_context("spawn")
        while len(self._workers) < self.processes:
            ours, theirs = context.Pipe()
            process = context.Process(target=_serve, args=(theirs,), daemon=True)
            process.start()
            theirs.close()  # so that its end is the end of the pipe
            self._workers.append(_Worker(process, ours))
        return self._workers

    def close(self) -> None:
        """End the processes; what is under way is not waited for."""
        for worker in self._workers:
            worker.pipe.close()
            worker.process.terminate()
        for worker in self._workers:
            worker.process.join()
        self._workers = []

    def __enter__(self) -> Assessors:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
