"""The one spider of all sources: it asks what the source says, has its parser read, and hands on what was read."""

from __future__ import annotations

import asyncio
import datetime as dt
import traceback
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import scrapy
from scrapy import Request
from scrapy.exceptions import DownloadCancelledError, IgnoreRequest
from scrapy.http import Response
from twisted.python.failure import Failure

from crawlers import attachments, pages, requests
from crawlers.job import BUG, DRIFTED, QUARANTINED, UNREACHABLE, Job, Tally
from crawlers.politeness import Stopped, request_key
from crawlers.reading import Drift, Record, Reject, Window
from crawlers.sink import Page, Sink
from crawlers.source import Source

#: Items between two looks at the network: a long workbook must not let other downloads time out.
YIELD_EVERY = 200


class SourceSpider(scrapy.Spider):
    """Reads one source. Every failure is counted, said once in words, and decides the exit code."""

    name = "source"

    def __init__(
        self, job: Job, source: Source, sink: Sink, tally: Tally, validators: dict[str, tuple[str, str]]
    ) -> None:
        super().__init__()
        self.job, self.source, self.sink, self.tally = job, source, sink, tally
        self.validators = validators  # request key → (ETag, Last-Modified) of the last good run
        self.fresh: dict[str, tuple[str, str, str]] = {}  # request key → (URL, ETag, Last-Modified) of this one
        self.window = Window(job.since, job.until, job.first)
        self.given_up = False  # `politeness.Patience` then asks for nothing more
        self._failures_in_row = 0

    async def start(self) -> AsyncIterator[Request]:
        try:
            for request in requests.start(self.source, self.window):
                request.meta["start"] = True
                yield self._ours(request)
        except Exception as error:
            self._bug(f"{self.source.id}: start: {error}", error)

    async def read(self, response: Response) -> AsyncIterator[Request]:
        """Scrapy's callback for every response."""
        self.tally.add("responses")
        if response.status == 304:
            self.tally.add("not_modified")
            return
        if not pages.good_status(response):
            self._bad_status(response)
            return
        self._failures_in_row = 0
        page, count = self.sink.page(response, self._fetched_at(response)), 0
        try:
            for item in pages.read(response.meta["parser"], response):
                if isinstance(item, Record):
                    page.record(item)
                elif isinstance(item, Reject):
                    page.reject(item)
                else:
                    yield self._ours(requests.prepared(self.source, self.window, item))
                count += 1
                if count % YIELD_EVERY == 0:
                    await asyncio.sleep(0)
            await self._attach(page)
            page.keep()
        except Drift as drift:
            self.tally.add("drifted")
            self.tally.say(f"{self.source.id}: format drifted: {drift} ({_url(response)})", DRIFTED)
            page.drop(str(drift))
        except Exception as error:
            self._bug(f"{self.source.id}: fault in our own code at {_url(response)}", error)
            page.drop(f"{type(error).__name__}: {error}")
        else:
            self._remember(response)

    async def failed(self, failure: Failure) -> None:
        """Scrapy's errback: no response came."""
        error, request = failure.value, failure.request  # type: ignore[attr-defined]
        self.tally.add("failed")
        if isinstance(error, Stopped):
            return
        too_large = isinstance(error, DownloadCancelledError) or "DOWNLOAD_MAXSIZE" in str(error)
        if too_large:
            size = self.job.limits.body_mb or self.source.max_body_mb
            self.tally.say(f"{self.source.id}: format drifted: body is larger than {size} MB ({request.url})", DRIFTED)
        elif isinstance(error, IgnoreRequest):
            where = "" if request.url in str(error) else f" ({request.url})"
            self.tally.say(f"{self.source.id}: unreachable: {str(error)[:300] or 'ignored'}{where}", UNREACHABLE)
        else:
            why = " ".join(str(error).replace(self.job.replay_url or "\0", "").split())[:200]
            self._unreachable(f"{type(error).__name__}: {why} ({request.url})")

    async def _attach(self, page: Page) -> None:
        """Each notice that waits for the text of a document is written with it, or without where there is none."""
        engine = self.crawler.engine
        for notice in page.waiting():
            url, made = attachments.wanted(self.source, notice), notice
            if engine is not None and self.tally.counts.get("attachments", 0) < attachments.PER_RUN:
                self.tally.add("attachments")
                try:
                    made = attachments.attached(notice, await attachments.fetch(engine, self.source, url))
                except attachments.NoText as fault:
                    self.tally.add("attachments_without_text")
                    self.tally.say(f"{self.source.id}: {notice.id}: document {fault} ({url})")
            page.write(made)

    def _ours(self, request: Request) -> Request:
        request.meta["parser"] = request.callback or self.source.parser().parse
        request.callback, request.errback = self.read, self.failed
        if self.source.key_setting:
            key = self.job.keys.get(self.source.key_setting, "replay" if self.job.replay_url else "")
            for name, values in list(request.headers.items()):
                # Only headers carry a key: an address stands in logs, messages and provenance.
                request.headers[name] = [value.replace(b"{key}", key.encode()) for value in values]
        return request

    def _bad_status(self, response: Response) -> None:
        self.tally.add("failed")
        asked = response.meta.get("retry_after")
        later = f", asks to wait {asked:g} s" if asked else ""
        message = f"HTTP {response.status}{later} ({_url(response)})"
        if response.status in {404, 410} and not response.meta.get("start"):
            # One page a list still links to is gone: the list goes on, and the watermark with it.
            self.tally.add("rejected")
            self.tally.say(f"{self.source.id}: a linked page is gone: {message}", QUARANTINED)
            self.sink.quarantine({"url": _url(response), "reason": f"HTTP {response.status}", "what": "missing page"})
        else:
            self._unreachable(message)

    def _unreachable(self, message: str) -> None:
        self.tally.say(f"{self.source.id}: unreachable: {message}", UNREACHABLE)
        self._failures_in_row += 1
        if self._failures_in_row == self.job.limits.failures_in_row:
            self.tally.say(f"{self.source.id}: {self._failures_in_row} failures in a row: the rest is not asked for")
            self.given_up = True

    def _bug(self, message: str, error: Exception) -> None:
        last = traceback.extract_tb(error.__traceback__)[-1]
        self.tally.add("bugs")
        where = f"{Path(last.filename).name}:{last.lineno}"
        self.tally.say(f"{message}: {type(error).__name__}: {error} at {where}", BUG)

    def _remember(self, response: Response) -> None:
        etag, modified = ((response.headers.get(name) or b"").decode("latin-1") for name in ("ETag", "Last-Modified"))
        request = response.request
        if request is not None and request.method == "GET" and (etag or modified):
            self.fresh[request_key(request)] = (request.url, etag, modified)

    def _fetched_at(self, response: Response) -> dt.datetime:
        recorded: Any = response.meta.get("fetched_at")
        return recorded if isinstance(recorded, dt.datetime) else self.job.as_of


def _url(response: Response) -> str:
    return str(response.meta.get("original_url") or response.url)
