"""The lines of hand-off files: reading them strictly, and keeping what cannot be read with the reason."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Iterable, Iterator

from pydantic import ValidationError

from crawlers.archive import Archive
from crawlers.notice import Notice
from nlp.assessment import Assessment

MESSAGES_SHOWN = 20


class Faults:
    """Lines that could not be read: nothing is lost, the rest goes on, the exit code says so."""

    def __init__(self) -> None:
        self.lines: list[dict[str, object]] = []

    def add(self, number: int, raw: str, error: Exception) -> None:
        self.lines.append({"line": number, "reason": reason(error), "raw": raw})

    def __len__(self) -> int:
        return len(self.lines)

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


def notices(lines: Iterable[str], faults: Faults) -> Iterator[tuple[int, Notice]]:
    """(run_seq, notice) of each line; a line without run_seq is sequence 0 (any `Notice` line will do)."""
    for number, raw in enumerate(lines, 1):
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


def line(seq: int, notice: Notice, assessment: Assessment) -> str:
    """One line of an assessments file."""
    return f'{{"run_seq":{seq},"notice":{notice.line()},"assessment":{assessment.line()}}}'


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
