"""The lines of the archive and of the spool: a notice and its hash from one dump, and what a run tells state of it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from crawlers.notice import Notice, as_line, canonical_hash, facts_of


def encoded(notice: Notice, run_seq: int) -> tuple[bytes, str]:
    """The line of a notice (with its line end) and its hash, from one dump: `Notice.line` and `Notice.hash` make two."""
    body = notice.model_dump(mode="json", exclude_defaults=True)
    return as_line({"run_seq": run_seq} | body).encode() + b"\n", facts_hash(body)


def facts_hash(body: dict[str, Any]) -> str:
    """`Notice.hash` of a notice given as its JSON body (with or without `run_seq`)."""
    return canonical_hash(facts_of(body))


def row_line(*values: object) -> bytes:
    """A line of the spool; days as ISO text."""
    return json.dumps(values, default=str).encode() + b"\n"


def rows_of(spool: Path) -> Iterator[list[Any]]:
    """What the process noted for `seen`: [id, hash, published, withdrawn] or, for a notice another route had already
    brought, also [day, run, run_seq] of that route's line."""
    with (spool / "rows.jsonl").open(encoding="utf-8") as file:
        for line in file:
            yield json.loads(line)
