"""`Source`: what a source is, read from `crawlers/sources/<id>.yml`. How to read its pages is the `.py` beside it."""

from __future__ import annotations

import hashlib
import importlib
import re
from functools import lru_cache
from pathlib import Path
from types import ModuleType
from typing import Annotated, Any, Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationError

from crawlers.notice import Kind, Market, Stage

HERE = Path(__file__).parent / "sources"
_IMPORT = re.compile(r"^from crawlers\.?([\w.]*) import (\([^)]*\)|[^\n]+)$", re.MULTILINE)


class SourceError(ValueError):
    """A source's `.yml` is missing or wrong. The message names the file and the field."""


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Expect(_Part):
    """How much a healthy source publishes: between `min` and `max` notices in any window of `per` (e.g. `7d`)."""

    per: Annotated[str, StringConstraints(pattern=r"^\d+d$")]
    min: int = 0
    max: int | None = None

    @property
    def days(self) -> int:
        return int(self.per[:-1])


class Terms(_Part):
    """Under which terms the authority lets its data be used, and how it must be named."""

    licence: str
    url: str = ""
    attribution: str


class Attachments(_Part):
    """Which document of a notice is read as text when attachments are asked for (`crawlers.attachments`)."""

    title: str  # of the document in `documents`
    hosts: tuple[str, ...]  # where it may lie
    stages: tuple[Stage, ...] = ()  # of the notices concerned; none: all
    headers: dict[str, str] = Field(default_factory=dict)


class RequestTemplate(_Part):
    """One request the crawl begins with. `{since}`, `{until}`, `{until_next}` are filled per window, in `dates` form.

    `window: 30d` splits since..until into windows of at most that many days (one request each); without it one
    request covers all. A source whose beginning cannot be said so defines `start(source, window)` in its `.py`.
    """

    url: str
    method: Literal["GET", "POST"] = "GET"
    headers: dict[str, str] = Field(default_factory=dict)
    form: dict[str, str] = Field(default_factory=dict)
    body: str = ""
    dates: str = "%Y-%m-%d"
    window: Annotated[str, StringConstraints(pattern=r"^\d+d$")] | None = None
    callback: str = "parse"  # the function in the `.py` that reads the answer
    conditional: bool = True  # send If-None-Match / If-Modified-Since from the last commit


class Source(_Part):
    """The declaration of one source. Field by field: `docs/adding-a-source.md`."""

    id: Annotated[str, StringConstraints(pattern=r"^[a-z]{2,3}_[a-z0-9_]+$")]
    name: str
    name_zh: str
    register_: Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]*$")] = Field(alias="register")
    authority: str
    market: Market | None  # None: each record says its own (WTO members)
    kinds: tuple[Kind, ...]
    language: str = "en"
    home: str  # the page a person would open
    requests: tuple[RequestTemplate, ...] = ()
    allowed_hosts: tuple[str, ...] = ()  # beside the hosts of home and requests
    terms: Terms
    schedule: str  # cron, UTC
    timezone: str = "UTC"
    date_formats: tuple[str, ...] = ("%Y-%m-%d",)
    complete: bool = False  # the list is whole: an id absent from two healthy lists is withdrawn
    overlap: Annotated[str, StringConstraints(pattern=r"^\d+d$")] = "3d"  # asked again behind the watermark
    delay: float = 1.0  # seconds between requests
    robots: bool = True
    user_agent: str = ""  # only where the authority refuses an honest bot name; say why in `notes`
    headers: dict[str, str] = Field(default_factory=dict)
    max_body_mb: int = 64
    key_setting: str = ""  # the TRADEWARN_* setting that holds an API key
    expect: Expect | None = None
    attachments: Attachments | None = None
    checked_against: Literal["recording", "constructed", "live"]
    confidence: Literal["H", "M", "L"]
    notes: str = ""
    meaning: dict[str, Any] = Field(default_factory=dict)  # its words → ours; crawlers ignore it, nlp reads it
    meaning_of: str = ""  # another route of the same register, whose `meaning` holds here too: said once, never copied

    @property
    def register_name(self) -> str:
        return self.register_

    @property
    def overlap_days(self) -> int:
        return int(self.overlap[:-1])

    @property
    def version(self) -> str:
        """sha256 (first 16 hex) over the `.yml`, the `.py` and what it reads with: which reading produced a record."""
        return source_version(self.id)

    def parser(self) -> ModuleType:
        """The module `crawlers.sources.<id>` with `parse(response)`."""
        return importlib.import_module(f"crawlers.sources.{self.id}")


@lru_cache(maxsize=256)
def source_version(source_id: str) -> str:
    digest = hashlib.sha256()
    parser = HERE / f"{source_id}.py"
    for path in (HERE / f"{source_id}.yml", *sorted(_reads_with(parser, HERE.parent))):
        digest.update(path.read_bytes() if path.exists() else b"")
    return digest.hexdigest()[:16]


def _reads_with(module: Path, room: Path) -> set[Path]:
    """The module, what it imports of the room (and so on), and the tables beside these: a mend of any is another reading."""
    found: set[Path] = set()
    queue = [module]
    while queue:
        path = queue.pop()
        if path in found or not path.exists():
            continue
        found |= {path, *path.parent.glob(f"{path.stem}.csv")}
        for name in _IMPORT.findall(path.read_text(encoding="utf-8")):
            base = room.joinpath(*name[0].split(".")) if name[0] else room
            queue.append(base.with_suffix(".py"))
            queue += [base / f"{part.strip()}.py" for part in name[1].strip("()").split(",")]
    return found


def read_source(path: Path) -> Source:
    """Read and check one declaration.

    Raises SourceError naming the file and each wrong field.
    """
    try:
        raw = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (OSError, yaml.YAMLError) as error:
        raise SourceError(f"{path.name}: cannot be read: {error}") from error
    if not isinstance(raw, dict):
        raise SourceError(f"{path.name}: must be a mapping, is {type(raw).__name__}")
    try:
        source = Source.model_validate(raw)
    except ValidationError as error:
        lines = [f"{'.'.join(map(str, item['loc']))}: {item['msg']}" for item in error.errors()]
        raise SourceError(f"{path.name}: " + "; ".join(lines)) from error
    if source.id != path.stem:
        raise SourceError(f"{path.name}: id is {source.id!r}, must equal the file's name")
    return _with_meaning(source, path) if source.meaning_of else source


def _with_meaning(source: Source, path: Path) -> Source:
    """`source` with the `meaning` of the route it names: opinions rest on facts, not on the way they came."""
    if source.meaning:
        raise SourceError(f"{path.name}: meaning and meaning_of exclude each other")
    other = path.with_name(f"{source.meaning_of}.yml")
    if other == path or not other.exists():
        raise SourceError(f"{path.name}: meaning_of: no other source {source.meaning_of!r}")
    shared = read_source(other)
    if shared.register_ != source.register_ or shared.meaning_of:
        raise SourceError(f"{path.name}: meaning_of: {shared.id} must be of the same register and have its own meaning")
    return source.model_copy(update={"meaning": shared.meaning})


@lru_cache(maxsize=256)
def load(source_id: str) -> Source:
    """The source `source_id`. Raises SourceError, listing the known ids, where there is none."""
    path = HERE / f"{source_id}.yml"
    if not path.exists():
        raise SourceError(f"no source {source_id!r}; known: {', '.join(all_ids())}")
    return read_source(path)


def all_ids() -> list[str]:
    """The ids of all sources, sorted: one per `.yml`."""
    return sorted(path.stem for path in HERE.glob("*.yml"))


def all_sources() -> list[Source]:
    """Every source, in the order of ids. Raises SourceError at the first that is wrong."""
    return [load(source_id) for source_id in all_ids()]
