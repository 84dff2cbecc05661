"""A replay folder: recorded answers and `manifest.jsonl`, one object a response (DESIGN.md, "Replay")."""

from __future__ import annotations

import datetime as dt
import gzip
import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

KNOWN = {"method", "url", "status", "headers", "file", "body_contains", "fetched_at", "query_any"}


class ManifestError(ValueError):
    """The folder is no replay folder. The message names the file and the line."""


@dataclass(frozen=True)
class Answer:
    """One recorded response. `body()` reads the file anew at each call: a folder may hold more than memory does."""

    method: str
    url: str
    status: int
    headers: dict[str, str]
    file: Path | None
    body_contains: str
    fetched_at: dt.datetime | None
    query_any: frozenset[str]

    def body(self) -> bytes:
        if self.file is None:
            return b""
        raw = self.file.read_bytes()
        return gzip.decompress(raw) if self.file.suffix == ".gz" else raw

    def key(self, url: str) -> tuple[str, tuple[tuple[str, str], ...]]:
        """What of an URL is compared: everything but fragment, order of parameters, and the values of `query_any`."""
        return _key(url, self.query_any)


@dataclass
class Manifest:
    folder: Path
    as_of: dt.datetime
    answers: list[Answer] = field(default_factory=list)

    @classmethod
    def read(cls, folder: Path) -> Manifest:
        """Raises ManifestError. Without an `as_of` line the clock is the newest `fetched_at`, else now (UTC)."""
        path = folder / "manifest.jsonl"
        if not path.exists():
            raise ManifestError(f"{folder}: no manifest.jsonl there")
        as_of: dt.datetime | None = None
        answers: list[Answer] = []
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
            if not line.strip():
                continue
            try:
                row = json.loads(line)
                if "as_of" in row and "url" not in row:
                    as_of = _moment(row["as_of"])
                else:
                    answers.append(_answer(folder, row))
            except (ValueError, TypeError, KeyError, AttributeError) as error:
                raise ManifestError(f"{path}:{number}: {error}") from error
        newest = max((a.fetched_at for a in answers if a.fetched_at), default=None)
        return cls(folder, as_of or newest or dt.datetime.now(dt.UTC), answers)

    def find(self, method: str, url: str, body: bytes = b"") -> Answer | None:
        """The first listed answer to this request, or None (the replay then says 404)."""
        for answer in self._by_path().get((method, url.split("?")[0].split("#")[0]), ()):
            if answer.key(answer.url) == answer.key(url) and answer.body_contains.encode() in body:
                return answer
        return None

    def _by_path(self) -> dict[tuple[str, str], list[Answer]]:
        table: dict[tuple[str, str], list[Answer]] | None = self.__dict__.get("_table")
        if table is None:
            table = self.__dict__["_table"] = {}
            for answer in self.answers:
                table.setdefault((answer.method, answer.url.split("?")[0].split("#")[0]), []).append(answer)
        return table


def _key(url: str, query_any: frozenset[str]) -> tuple[str, tuple[tuple[str, str], ...]]:
    parts = urlsplit(url)
    query = parse_qsl(parts.query, keep_blank_values=True)
    pairs = sorted((name, "" if name in query_any else value) for name, value in query)
    return f"{parts.scheme}://{parts.netloc}{parts.path or '/'}", tuple(pairs)


def _answer(folder: Path, row: dict[str, Any]) -> Answer:
    unknown = set(row) - KNOWN
    if unknown:
        raise ValueError(f"unknown keys {sorted(unknown)}; known: {sorted(KNOWN)}")
    if "url" not in row:
        raise ValueError("url is missing")
    file = folder / row["file"] if row.get("file") else None
    if file is not None and not file.exists():
        raise ValueError(f"file {row['file']!r} does not exist")
    return Answer(
        method=row.get("method", "GET"),
        url=row["url"],
        status=int(row.get("status", 200)),
        headers=dict(row.get("headers", {})),
        file=file,
        body_contains=row.get("body_contains", ""),
        fetched_at=_moment(row["fetched_at"]) if row.get("fetched_at") else None,
        query_any=frozenset(row.get("query_any", ())),
    )


def _moment(text: str) -> dt.datetime:
    moment = dt.datetime.fromisoformat(text)
    if moment.tzinfo is None:
        raise ValueError(f"{text!r} has no time zone")
    return moment.astimezone(dt.UTC)
