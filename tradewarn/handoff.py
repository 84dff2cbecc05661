"""The lines of hand-off files: reading them strictly, and keeping what cannot be read with the reason.

`tasks` and `assessed` are classification as lines in, lines out: the same work in this process and in several
(`nlp.parallel`), where only text goes between them.
"""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from pydantic import ValidationError

from crawlers.archive import Archive
from crawlers.notice import Notice
from nlp.assessment import Assessment

if TYPE_CHECKING:
    from nlp.assess import Assessor

MESSAGES_SHOWN = 20
#: A task ends with the first of these: lines, characters (a notice may have megabytes).
TASK_LINES, TASK_CHARACTERS = 256, 4_000_000


class Faults:
    """Lines that could not be read: nothing is lost, the rest goes on, the exit code says so."""

    def __init__(self) -> None:
        self.lines: list[dict[str, object]] = []

    def add(self, number: int, raw: str, error: Exception) -> None:
        self.lines.append({"line": number, "reason": reason(error), "raw": raw})

    def __len__(self) -> int:
        return len(self.lines)

    def extend(self, others: Faults) -> None:
        self.lines += others.lines

    @property
    def messages(self) -> tuple[str, ...]:
        shown = tuple(f"line {fault['line']}: {fault['reason']}" for fault in self.lines[:MESSAGES_SHOWN])
        return shown if len(self) <= MESSAGES_SHOWN else (*shown, f"and {len(self) - MESSAGES_SHOWN} more")

    def keep(self, archive: Archive, source: str, day: dt.date, name: str) -> None:
        """Write them to quarantine, when there are any."""
        if self.lines:
            with archive.writer("quarantine", source, day, name) as out:
                for fault in self.lines:
                    out.write(json.dumps(fault, ensure_ascii=False))


def reason(error: Exception) -> str:
    """What is wrong, field by field, as a person would say it."""
    if isinstance(error, ValidationError):
        return "; ".join(f"{'.'.join(map(str, item['loc'])) or 'record'}: {item['msg']}" for item in error.errors()[:5])
    return str(error)


def notices(lines: Iterable[str], faults: Faults, first: int = 1) -> Iterator[tuple[int, Notice]]:
    """(run_seq, notice) of each line; a line without run_seq is sequence 0 (any `Notice` line will do).

    `first`: the number of the first line, for what is told of faults.
    """
    for number, raw in enumerate(lines, first):
        if not raw.strip():
            continue
        try:
            body = json.loads(raw)
            seq = int(body.pop("run_seq", 0))
            notice = Notice.model_validate(body)
        except (ValueError, TypeError, AttributeError) as error:
            faults.add(number, raw, error)
            continue
        yield seq, notice


def notice_line(seq: int, notice: Notice) -> str:
    """One line of a notices file."""
    return f'{{"run_seq":{seq},{notice.line()[1:]}'


def line(seq: int, notice: Notice, assessment: Assessment) -> str:
    """One line of an assessments file."""
    return f'{{"run_seq":{seq},"notice":{notice.line()},"assessment":{assessment.line()}}}'


@dataclass(frozen=True, slots=True)
class Task:
    """Lines to classify together: the number of the first, and the notices at hand that others of them amend, by symbol."""

    first: int
    lines: Sequence[str]
    run: str = ""
    parents: Mapping[str, Notice] = field(default_factory=dict)


def tasks(
    lines: Iterable[str], parent_of: Callable[[str], Notice | None] | None = None, run: str = ""
) -> Iterator[Task]:
    """`lines` of notices in tasks, in order; `parent_of` is asked once a task for each symbol that is amended there."""
    held: list[str] = []
    first, size = 1, 0
    for raw in lines:
        held.append(raw)
        size += len(raw)
        if len(held) == TASK_LINES or size >= TASK_CHARACTERS:
            yield Task(first, held, run, _parents(held, parent_of))
            held, first, size = [], first + len(held), 0
    if held:
        yield Task(first, held, run, _parents(held, parent_of))


def _parents(lines: Iterable[str], parent_of: Callable[[str], Notice | None] | None) -> dict[str, Notice]:
    if parent_of is None:
        return {}
    found = {symbol: parent_of(symbol) for symbol in parent_symbols(lines)}
    return {symbol: parent for symbol, parent in found.items() if parent is not None}


def parent_symbols(lines: Iterable[str]) -> dict[str, None]:
    """The symbols that notices of these lines amend, each once, in order. Most lines amend nothing and are not parsed."""
    amending = notices((raw for raw in lines if '"parent_symbol"' in raw), Faults())
    return dict.fromkeys(notice.parent_symbol for _, notice in amending if notice.parent_symbol)


@dataclass(frozen=True, slots=True)
class Made:
    """What became of a task: lines of an assessments file in order, lines that could not be read, symbols of the notices."""

    lines: list[str]
    faults: Faults
    symbols: frozenset[str]


def assessed(assessor: Assessor, task: Task) -> Made:
    """A task done. Pure but for the engine's caches: wherever it runs, the same lines."""
    faults = Faults()
    read = list(notices(task.lines, faults, task.first))
    parents = [task.parents.get(notice.parent_symbol) for _, notice in read]
    found = assessor.assess_batch([notice for _, notice in read], parents, task.run)
    lines = [line(seq, notice, opinion) for (seq, notice), opinion in zip(read, found, strict=True)]
    return Made(lines, faults, frozenset(notice.symbol for _, notice in read if notice.symbol))


def assessments(lines: Iterable[str], faults: Faults) -> Iterator[tuple[int, Notice, Assessment]]:
    """(run_seq, notice, assessment) of each line; the two must belong together."""
    for number, raw in enumerate(lines, 1):
        if not raw.strip():
            continue
        try:
            body = json.loads(raw)
            notice = Notice.model_validate(body["notice"])
            assessment = Assessment.model_validate(body["assessment"])
            if assessment.notice_id != notice.id:
                raise ValueError(f"assessment is of {assessment.notice_id}, notice is {notice.id}")
            seq = int(body.get("run_seq", 0))
        except KeyError as error:
            faults.add(number, raw, ValueError(f"field {error} is missing: index takes lines of notice and assessment"))
        except (ValueError, TypeError) as error:
            faults.add(number, raw, error)
        else:
            yield seq, notice, assessment
