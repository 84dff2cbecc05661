"""The archive: gzip JSON Lines on any fsspec URL, committed by one small file.

```
<root>/notices/<source>/<YYYY-MM-DD>/<run>.jsonl.gz       one notice a line
<root>/notices/<source>/<YYYY-MM-DD>/bodies/<sha256>.gz   the responses they were read from
<root>/notices/<source>/<YYYY-MM-DD>/<run>.stats.json     written last: without it the run does not exist
<root>/assessments/… , <root>/quarantine/…                the same shape
```

Nothing is renamed and nothing is read back while writing, so object storage serves as well as a disk. A run that was
cut off leaves files without `stats.json`, or with one that is cut off too: readers pass over both.
"""

from __future__ import annotations

import datetime as dt
import gzip
import json
import os
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import IO, Any, Literal, cast

import fsspec

Kind = Literal["notices", "assessments", "quarantine"]
KINDS: tuple[Kind, ...] = ("notices", "assessments", "quarantine")

#: gzip level: 5 costs half of 9 and keeps 97 % of its gain on notice lines.
LEVEL = 5
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._~+=@-]*")


class ArchiveError(ValueError):
    """A name that cannot stand in the archive, or a file that is not there."""


@dataclass(frozen=True)
class RunFiles:
    """One committed run. `path` is the `.jsonl.gz`, relative to the root; `run` is its file name without suffix."""

    kind: Kind
    source: str
    day: dt.date
    run: str
    run_seq: int
    path: str
    stats: dict[str, Any] = field(default_factory=dict)


class Writer:
    """Lines into one gzip stream. `lines` counts them."""

    def __init__(self, stream: IO[bytes]) -> None:
        self._stream = stream
        self._pending = bytearray()
        self.lines = 0

    def write(self, line: str) -> None:
        """One line; a line end inside it would be a broken file, so it is refused."""
        if "\n" in line:
            raise ArchiveError("a line holds a line end")
        # Half a surrogate pair (quarantine keeps raw records) becomes the escape that JSON has for it.
        self.write_many(line.encode("utf-8", "backslashreplace") + b"\n", 1)

    def write_many(self, data: bytes, lines: int) -> None:
        """`lines` whole lines at once, each with its line end."""
        self._pending += data
        self.lines += lines
        if len(self._pending) >= 1 << 16:
            self.flush()

    def flush(self) -> None:
        self._stream.write(bytes(self._pending))
        self._pending.clear()


class Archive:
    """The archive at an fsspec URL (`/path`, `file://…`, `s3://bucket/prefix`, `memory://…`)."""

    def __init__(self, url: str, **options: Any) -> None:
        self.url = url
        # Listings must be true, not remembered: another process writes here.
        self._fs, root = fsspec.core.url_to_fs(
            url, **({"use_listings_cache": False} | options if _remote(url) else options)
        )
        self._root = str(root).rstrip("/")
        self._local = not _remote(url)

    @contextmanager
    def writer(self, kind: Kind, source: str, day: dt.date, name: str) -> Iterator[Writer]:
        """A new `<name>.jsonl.gz`; replaces an uncommitted one of the same name.

        Notices of a committed run are the truth and are never written over (ArchiveError). Assessments can be made
        anew from them: a committed file of that name is taken back first, then written.
        """
        stats = self._full(self._stats_path(kind, source, day, name))
        if self._fs.exists(stats):
            if kind == "notices":
                raise ArchiveError(f"{kind}/{source}/{day}/{name} is committed: a run is never written over")
            self._fs.rm_file(stats)
        # mtime 0: the same lines are the same bytes, on every machine
        with (
            self._open_new(self._data_path(kind, source, day, name)) as raw,
            gzip.GzipFile(fileobj=raw, mode="wb", compresslevel=LEVEL, filename="", mtime=0) as stream,
        ):
            out = Writer(cast("IO[bytes]", stream))
            yield out
            out.flush()

    def commit(self, kind: Kind, source: str, day: dt.date, name: str, stats: Mapping[str, Any]) -> str:
        """Write `<name>.stats.json`, which makes the run exist. Returns the path of its `.jsonl.gz`.

        `stats` must hold `run_seq` (int). Raises ArchiveError where the data file is missing.
        """
        data = self._data_path(kind, source, day, name)
        if not isinstance(stats.get("run_seq"), int):
            raise ArchiveError("stats must hold run_seq, an integer")
        if not self._fs.exists(self._full(data)):
            raise ArchiveError(f"{data} is not written: nothing to commit")
        body = json.dumps(dict(stats), ensure_ascii=False, sort_keys=True, indent=1)
        with self._open_new(self._stats_path(kind, source, day, name)) as file:
            file.write(body.encode())
        return data

    def committed(self, kind: Kind, source: str | None = None, *, since: dt.date | None = None) -> list[RunFiles]:
        """Every committed run: by source, then `run_seq`, then day and name. `since`: only of that day and later."""
        paths = self._stats_files(kind, source, since.isoformat() if since else "")
        found = [files for path in paths if (files := self._run_files(kind, path))]
        return sorted(found, key=lambda f: (f.source, f.run_seq, f.day, f.run))

    def read(self, path: str) -> Iterator[str]:
        """The lines of a `.jsonl.gz` (a path of `RunFiles`), one after the other.

        Raises ArchiveError when it is missing, or cut off (that is no committed run, or a damaged one).
        """
        try:
            with self._fs.open(self._full(path), "rb") as raw, gzip.open(raw, "rt", encoding="utf-8") as lines:
                for line in lines:
                    yield line.rstrip("\n")
        except FileNotFoundError as error:
            raise ArchiveError(f"{path}: not in the archive") from error
        except (EOFError, OSError, UnicodeDecodeError) as error:
            raise ArchiveError(f"{path}: damaged: {error}") from error

    def exists(self, path: str) -> bool:
        """Whether a file stands at `path` (relative to the root)."""
        return bool(self._fs.exists(self._full(path)))

    def put_body(self, source: str, day: dt.date, sha256: str, body: bytes) -> str:
        """Keep a response's body under its hash (twice is once). Returns its path."""
        path = self._body_path(source, day, sha256)
        if not self._fs.exists(self._full(path)):
            # Piece by piece: a body may be the largest thing in memory, and must not be there twice.
            with (
                self._open_new(path) as file,
                gzip.GzipFile(fileobj=file, mode="wb", compresslevel=1, filename="", mtime=0) as stream,
            ):
                for start in range(0, len(body), 1 << 20):
                    stream.write(memoryview(body)[start : start + (1 << 20)])
        return path

    def body(self, source: str, day: dt.date, sha256: str) -> bytes:
        """The body kept under that hash. Raises ArchiveError where there is none."""
        path = self._full(self._body_path(source, day, sha256))
        try:
            with self._fs.open(path, "rb") as file:
                return gzip.decompress(file.read())
        except FileNotFoundError as error:
            raise ArchiveError(f"{source}: no body {sha256} on {day}") from error

    def _stats_files(self, kind: Kind, source: str | None, since: str) -> list[str]:
        base = self._full(kind)
        sources = [f"{base}/{source}"] if source else self._folders(base)
        days = [day for folder in sources for day in self._folders(folder) if day.rsplit("/", 1)[1] >= since]
        # Bodies lie one deeper and are many: never walk into them.
        return [str(e["name"]) for day in days for e in self._ls(day) if str(e["name"]).endswith(".stats.json")]

    def _folders(self, base: str) -> list[str]:
        names = [str(e["name"]).rstrip("/") for e in self._ls(base) if e["type"] == "directory"]
        return [name for name in names if name != base]

    def _ls(self, base: str) -> list[dict[str, Any]]:
        try:
            return list(self._fs.ls(base, detail=True))
        except (FileNotFoundError, NotADirectoryError):
            return []

    def _run_files(self, kind: Kind, full: str) -> RunFiles | None:
        try:
            with self._fs.open(full, "rb") as file:
                stats = json.loads(file.read())
            run_seq = int(stats["run_seq"])
        except (ValueError, KeyError, TypeError, FileNotFoundError):
            return None  # cut off while it was written: not committed
        source, day, name = full.split("/")[-3:]
        run = name.removesuffix(".stats.json")
        return RunFiles(
            kind=kind,
            source=source,
            day=dt.date.fromisoformat(day),
            run=run,
            run_seq=run_seq,
            path=f"{kind}/{source}/{day}/{run}.jsonl.gz",
            stats=stats,
        )

    @contextmanager
    def _open_new(self, path: str) -> Iterator[IO[bytes]]:
        full = self._full(path)
        self._fs.makedirs(full.rsplit("/", 1)[0], exist_ok=True)
        with self._fs.open(full, "wb") as file:
            yield file
            if self._local:
                # The commit must not reach the disk before what it commits.
                file.flush()
                os.fsync(file.fileno())

    def _full(self, path: str) -> str:
        return f"{self._root}/{path}"

    def _data_path(self, kind: Kind, source: str, day: dt.date, name: str) -> str:
        return f"{kind}/{_checked(source)}/{day.isoformat()}/{_checked(name)}.jsonl.gz"

    def _stats_path(self, kind: Kind, source: str, day: dt.date, name: str) -> str:
        return f"{kind}/{_checked(source)}/{day.isoformat()}/{_checked(name)}.stats.json"

    def _body_path(self, source: str, day: dt.date, sha256: str) -> str:
        return f"notices/{_checked(source)}/{day.isoformat()}/bodies/{_checked(sha256)}.gz"


def _remote(url: str) -> bool:
    return "://" in url and not url.startswith(("file://", "local://"))


def _checked(name: str) -> str:
    """A name that is one path segment on every storage. Raises ArchiveError."""
    if not _NAME.fullmatch(name):
        raise ArchiveError(f"{name!r} cannot be a name in the archive: letters, digits and . _ ~ + = @ - only")
    return name
