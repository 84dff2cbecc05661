"""A made-up authority to crawl: its source, its server, and a desk with an archive and a state database."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from crawlers import runner, state
from crawlers.archive import Archive
from crawlers.job import CrawlResult, Limits
from crawlers.notice import Notice
from crawlers.replay import ReplayServer, Reply
from crawlers.worker import Worker

AS_OF = dt.datetime(2026, 11, 16, 6, tzinfo=dt.UTC)
BASE = "https://board.example.org"

YML = """\
id: {id}
name: Board of Made-up Safety
name_zh: 虚构安全局
register: {id}
authority: Board of Made-up Safety
market: NZ
kinds: [recall]
home: https://board.example.org/
requests:
  - url: https://board.example.org/list.json
terms: {{licence: none, attribution: made up}}
schedule: "0 6 * * *"
expect: {{per: 30d, min: {min}}}
complete: {complete}
overlap: 3d
checked_against: constructed
confidence: H
"""

PY = '''\
"""A made-up board: a list of pages, each record complete in itself; some lead to a page of their own."""

from scrapy import Request

from crawlers.reading import Record, each, json_of, need, read_date, required, source_of, window_of


def parse(response):
    page = json_of(response, dict)
    window = window_of(response)

    def read(row):
        day = read_date("date", required(row, "date"), source_of(response).date_formats)
        if not source_of(response).complete and not window.since <= day <= window.until:
            return None
        return Record(required(row, "id"), {"title": required(row, "title"), "published": day, "stated": {"risk": row.get("risk", "")}})

    yield from each(need(page, "items"), read)
    for url in page.get("linked", ()):
        yield Request(url, callback=parse)
    if page.get("next"):
        yield Request(page["next"], callback=parse)
'''


def row(number: int, title: str = "Kettle", date: str = "2026-11-10", **more: Any) -> dict[str, Any]:
    return {"id": f"A-{number}", "title": f"{title} {number}", "date": date} | more


def listing(*rows: dict[str, Any], **more: Any) -> bytes:
    return json.dumps({"items": list(rows)} | more).encode()


class Board(ReplayServer):
    """The made-up authority's server: `pages[url]` is a body, a Reply, or a function of the number of times it was asked."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "manifest.jsonl").write_text(json.dumps({"as_of": AS_OF.isoformat()}) + "\n", encoding="utf-8")
        super().__init__(folder)
        self.pages: dict[str, bytes | Reply | Callable[[int], Reply]] = {}
        self.headers_seen: list[dict[str, str]] = []
        self._times: dict[str, int] = {}

    def answer(self, method: str, url: str, headers: dict[str, str], body: bytes) -> Reply:
        page = self.pages.get(url)
        if page is None:
            return super().answer(method, url, headers, body)
        self.asked.append(f"{method} {url}")
        self.headers_seen.append(headers)
        self._times[url] = self._times.get(url, 0) + 1
        if callable(page):
            return page(self._times[url])
        reply = Reply(200, {"Content-Type": "application/json"}, page) if isinstance(page, bytes) else page
        etag = reply.headers.get("ETag")
        return Reply(304, {"ETag": etag}) if etag and headers.get("if-none-match") == etag else reply


@dataclass
class Desk:
    """An archive and a state database, and `crawl` on them."""

    home: Path
    board: Board
    worker: Worker
    source: str = "zz_board"
    limits: Limits = field(
        default_factory=lambda: Limits(
            timeout=2, retries=2, backoff=0.01, longest_wait=0.5, delay=0.0, body_mb=1, deadline=60
        )
    )

    engine_url: str = ""

    def __post_init__(self) -> None:
        self.home.mkdir(parents=True)
        self.engine_url = self.engine_url or f"sqlite:///{self.home / 'state.db'}"
        self.engine = state.connect(self.engine_url)
        state.metadata.create_all(self.engine)
        self.archive = Archive(str(self.home / "archive"))

    def crawl(self, **more: Any) -> CrawlResult:
        arguments: dict[str, Any] = {
            "archive_url": str(self.home / "archive"), "engine_url": self.engine_url, "as_of": AS_OF, "replay": self.board,
            "limits": self.limits, "worker": self.worker,
        } | more  # fmt: skip
        return runner.crawl(arguments.pop("source", self.source), **arguments)

    def lines(self, kind: Any = "notices") -> list[dict[str, Any]]:
        """Every line of every committed run, in order."""
        runs = self.archive.committed(kind)
        return [json.loads(line) for files in runs for line in self.archive.read(files.path)]

    def notices(self) -> list[Notice]:
        return [Notice.model_validate({k: v for k, v in line.items() if k != "run_seq"}) for line in self.lines()]
