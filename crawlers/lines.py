"""The lines of the archive and of the spool: a notice and its hash from one dump, and what a run tells state of it."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from crawlers.notice import Notice, facts_of

#: Made once: `json.dumps` makes an encoder at each call that names its form.
_LINE = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode
_CANONICAL = json.JSONEncoder(ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode


def encoded(notice: Notice, run_seq: int) -> tuple[bytes, str]:
    """The line of a notice (with its line end) and its hash, from one dump: `Notice.line` and `Notice.hash` make two."""
    body = notice.model_dump(mode="json", exclude_defaults=True)
    return _LINE({"run_seq": run_seq} | body).encode() + b"\n", facts_hash(body)


def facts_hash(body: dict[str, Any]) -> str:
    """`Notice.hash` of a notice given as its JSON body (with or without `run_seq`)."""
    return hashlib.sha256(_CANONICAL(facts_of(body)).encode()).hexdigest()


def row_line(*values: object) -> bytes:
    """A line of the spool; days as ISO text."""
    return json.dumps(values, default=str).encode() + b"\n"


def rows_of(spool: Path) -> Iterator[list[Any]]:
    """What the process noted for `seen`: [id, hash, published, withdrawn] or, for a notice another route had already
    brought, also [day, run, run_seq] of that route's line."""
    with (spool / "rows.jsonl").open(encoding="utf-8") as file:
        for line in file:
            yield json.loads(line)
