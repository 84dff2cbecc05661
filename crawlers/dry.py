"""A parser run without a network, a spider or a process: recorded answers in, notices out.

The same `parse`, the same assembly as a crawl; requests that a parser yields are answered from the same folder.
Used to write a parser, by the sample contract, and to compare what `tradewarn record` brought with what stands here.
"""

from __future__ import annotations

import datetime as dt
from collections import deque
from dataclasses import dataclass, field
from pathlib import Path

from scrapy import Request
from scrapy.http import Headers, HtmlResponse, Response, TextResponse, XmlResponse
from scrapy.responsetypes import responsetypes

from crawlers import assemble, pages, requests
from crawlers.manifest import Manifest
from crawlers.notice import Notice
from crawlers.reading import Drift, Record, Reject, Window
from crawlers.source import Source, load


@dataclass
class Dry:
    """What a folder of recorded answers gives."""

    notices: list[Notice] = field(default_factory=list)
    rejects: list[Reject] = field(default_factory=list)
    drifts: list[str] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)  # method and URL, in order
    unlisted: list[str] = field(default_factory=list)  # asked for, not in the manifest (404)
    failed: list[str] = field(default_factory=list)  # answered with a status the source does not read


def read(source_id: str, folder: Path, *, since: dt.date | None = None, until: dt.date | None = None) -> Dry:
    """Run the source over `folder` (a replay folder). `until` defaults to the manifest's `as_of`, `since` to 30 days before.

    Raises SourceError for an unknown source, ManifestError for a folder that is none.
    """
    source, manifest = load(source_id), Manifest.read(folder)
    last = until or manifest.as_of.date()
    window = Window(since or last - dt.timedelta(days=30), last, first=True)
    result = Dry()
    queue = deque(requests.start(source, window))
    while queue:
        request = queue.popleft()
        result.asked.append(f"{request.method} {request.url}")
        answer = manifest.find(request.method, request.url, request.body)
        if answer is None and 404 not in (request.meta.get("handle_httpstatus_list") or ()):
            result.unlisted.append(f"{request.method} {request.url}")
            continue
        response = (
            response_of(request, answer.body(), answer.headers, answer.status, source, window)
            if answer is not None
            else response_of(
                request, b"not in the replay folder\n", {"Content-Type": "text/plain"}, 404, source, window
            )
        )
        if not pages.good_status(response):
            result.failed.append(f"{request.method} {request.url}: {response.status}")
            continue
        fetched_at = answer.fetched_at if answer is not None else None
        where = assemble.provenance(source, response, fetched_at or manifest.as_of)
        try:
            for item in pages.read(request.callback or source.parser().parse, response):
                if isinstance(item, Request):
                    queue.append(requests.prepared(source, window, item))
                elif isinstance(item, Record):
                    made = assemble.notice(source, item, where)
                    if isinstance(made, Notice):
                        result.notices.append(made)
                    else:
                        result.rejects.append(made)
                else:
                    result.rejects.append(item)
        except Drift as drift:
            result.drifts.append(f"{request.url}: {drift}")
    return result


def response_of(
    request: Request, body: bytes, headers: dict[str, str], status: int, source: Source, window: Window
) -> Response:
    """A response as Scrapy's downloader would make it (its class chosen by headers, URL and body)."""
    known = Headers(headers)
    kind = responsetypes.from_args(headers=known, url=request.url, body=body)
    if kind not in (HtmlResponse, XmlResponse, TextResponse):
        kind = Response if b"\0" in body[:512] else TextResponse
    request.meta.update(source=source, window=window)
    return kind(request.url, status=status, headers=known, body=body, request=request)
