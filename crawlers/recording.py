"""`tradewarn record`: what an authority answers today, saved as a replay folder and compared with the sample.

The crawl is the ordinary one - its requests, its politeness - into a state and an archive of its own that are thrown
away. The folder can be replayed at once (`--replay`); it holds real responses, so it stays out of the project.
"""

from __future__ import annotations

import datetime as dt
import json
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from lxml import etree
from lxml import html as lxml_html
from pydantic import BaseModel, ConfigDict
from scrapy import Request
from scrapy.crawler import Crawler
from scrapy.http import Response

from crawlers import dry, runner, state
from crawlers.manifest import Manifest

SAMPLES = Path(__file__).parent.parent / "tests" / "samples"
#: Of a response's headers, what a replay needs; cookies and servers' names stay out.
KEPT = ("Content-Type", "ETag", "Last-Modified", "Location", "Retry-After", "Content-Disposition")
SHOWN = 40


class Recorded(BaseModel):
    """What was recorded, and how it differs from the sample. `exit` is the crawl's."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    source: str
    folder: str
    responses: int
    differences: tuple[str, ...]
    messages: tuple[str, ...]
    exit: int


class Recorder:
    """Downloader middleware right above the wire: writes each response, redirects and errors too, as it came."""

    def __init__(self, folder: Path, at: str) -> None:
        self._folder, self._at = folder, at

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Recorder:
        return cls(Path(crawler.settings["TRADEWARN_RECORD"]), str(crawler.settings["TRADEWARN_RECORD_AT"]))

    def process_response(self, request: Request, response: Response) -> Response:
        if request.url.endswith("/robots.txt"):
            return response
        manifest = self._folder / "manifest.jsonl"
        with manifest.open("a+", encoding="utf-8") as lines:
            lines.seek(0)
            number = sum(1 for _ in lines)
            row: dict[str, Any] = {"url": request.url, "status": response.status}
            row["headers"] = {n: v.decode("latin-1") for n in KEPT if (v := response.headers.get(n))}
            row["fetched_at"] = self._at
            if request.method != "GET":
                row |= {"method": request.method, "body_contains": request.body.decode("utf-8", "replace")}
            if response.body:
                row["file"] = f"{number:04d}.body"
                (self._folder / row["file"]).write_bytes(response.body)
            lines.write(json.dumps(row, ensure_ascii=False) + "\n")
        return response


def record(
    source_id: str,
    folder: Path,
    *,
    as_of: dt.datetime,
    contact: str = "",
    keys: Mapping[str, str] | None = None,
    replay: Path | None = None,
    samples: Path = SAMPLES,
) -> Recorded:
    """Save what the source's requests bring now into `folder` (a replay folder), and say how it differs.

    Raises ValueError when the folder is not empty.
    """
    folder.mkdir(parents=True, exist_ok=True)
    if any(folder.iterdir()):
        raise ValueError(f"{folder} is not empty: a recording is never mixed with another")
    (folder / "manifest.jsonl").write_text(json.dumps({"as_of": as_of.isoformat()}) + "\n", encoding="utf-8")
    with tempfile.TemporaryDirectory(prefix="tradewarn-record-") as scratch:
        database = f"sqlite:///{scratch}/state.db"
        engine = state.connect(database)
        state.metadata.create_all(engine)
        engine.dispose()
        result = runner.crawl(
            source_id,
            archive_url=f"{scratch}/archive",
            engine_url=database,
            as_of=as_of,
            contact=contact,
            keys=keys,
            replay=replay,
            record_to=folder,
        )
    return Recorded(
        source=source_id,
        folder=str(folder),
        responses=len(Manifest.read(folder).answers),
        differences=tuple(differences(source_id, folder, samples / source_id)),
        messages=result.messages,
        exit=result.exit,
    )


def differences(source_id: str, recorded: Path, sample: Path) -> list[str]:
    """How a recording differs from the sample: what the parser makes of both, and the shape of the bodies.

    `+` stands in the recording only, `-` in the sample only. An empty list: nothing that matters differs.
    """
    if not (sample / "manifest.jsonl").exists():
        return [f"no sample at {sample}"]
    now, then = dry.read(source_id, recorded), dry.read(source_id, sample)
    found = [f"! {drift}" for drift in now.drifts]
    expected = {(reject.name, reject.reason) for reject in then.rejects}  # a sample may hold a bad record on purpose
    rejects = [reject for reject in now.rejects if (reject.name, reject.reason) not in expected]
    found += [f"! record {reject.id or '?'}: {reject.name}: {reject.reason}" for reject in rejects[:SHOWN]]
    if not now.notices:
        found.append(f"! nothing was read from the recording; the sample gives {len(then.notices)} notices")
    else:
        found += _compared("field", _fields(now), _fields(then))
    found += _compared("body", _shapes(recorded), _shapes(sample))
    return found


def _compared(what: str, now: set[str], then: set[str]) -> list[str]:
    lines = [f"+ {what} {name}" for name in sorted(now - then)] + [f"- {what} {name}" for name in sorted(then - now)]
    return lines if len(lines) <= SHOWN else [*lines[:SHOWN], f"and {len(lines) - SHOWN} more of {what}"]


def _fields(result: dry.Dry) -> set[str]:
    """Names of the filled fields of notices, and of the labels in `stated`."""
    names = set()
    for notice in result.notices:
        body = notice.model_dump(mode="json", exclude_defaults=True, exclude={"provenance"})
        names |= {name for name in body if name != "stated"} | {f"stated.{name}" for name in notice.stated}
    return names


def _shapes(folder: Path) -> set[str]:
    """Paths of JSON keys and XML elements, and ids and classes of HTML, over all bodies of a replay folder."""
    shapes: set[str] = set()
    for answer in Manifest.read(folder).answers:
        if answer.status == 200:
            shapes |= set(_shape(answer.body()))
    return shapes


def _shape(body: bytes) -> Iterator[str]:
    start = body.lstrip(b"\xef\xbb\xbf \t\r\n")[:200].lower()
    if start[:1] in (b"{", b"["):
        try:
            yield from _json_paths(json.loads(body), "$")
        except ValueError:
            yield "JSON that cannot be read"
    elif start.startswith((b"<!doctype html", b"<html")):
        for node in lxml_html.document_fromstring(body).iter():
            if isinstance(node.tag, str):
                yield from (f"html #{one}" for one in [node.get("id")] if one)
                yield from (f"html .{name}" for name in (node.get("class") or "").split())
    elif start.startswith(b"<"):
        try:
            root = etree.fromstring(body, etree.XMLParser(resolve_entities=False, no_network=True, huge_tree=False))
        except etree.XMLSyntaxError:
            yield "XML that cannot be read"
            return
        for node in root.iter():
            if isinstance(node.tag, str):
                yield "xml " + "/".join(reversed([str(node.tag), *(str(up.tag) for up in node.iterancestors())]))


def _json_paths(value: object, path: str) -> Iterator[str]:
    if isinstance(value, dict):
        for name, item in value.items():
            yield f"{path}.{name}"
            yield from _json_paths(item, f"{path}.{name}")
    elif isinstance(value, list):
        for item in value:
            yield from _json_paths(item, f"{path}[]")
