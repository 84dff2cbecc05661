"""The bottom of Scrapy's downloader in a replay: every connection ends at the loopback server.

Above it - redirects, robots.txt, address checks, retries, parsers - all see the URL that was asked for.
"""

from __future__ import annotations

import datetime as dt
from urllib.parse import urlsplit

from scrapy import Request
from scrapy.core.downloader.handlers.http11 import HTTP11DownloadHandler
from scrapy.crawler import Crawler
from scrapy.http import Response

from crawlers.replay import FETCHED_HEADER, URL_HEADER


class ReplayHandler(HTTP11DownloadHandler):
    """Scrapy's own HTTP handler, whose connections all end at the replay server."""

    def __init__(self, crawler: Crawler) -> None:
        super().__init__(crawler)
        self._base = str(crawler.settings["TRADEWARN_REPLAY"])

    async def download_request(self, request: Request) -> Response:
        parts = urlsplit(request.url)
        turned = Request(
            f"{self._base}{parts.path or '/'}{'?' + parts.query if parts.query else ''}",
            method=request.method,
            headers=request.headers,
            body=request.body,
            meta={name: value for name, value in request.meta.items() if name.startswith("download_")},
        )
        turned.headers[URL_HEADER] = request.url
        turned.headers["Host"] = parts.netloc
        response = await super().download_request(turned)
        fetched_at = response.headers.pop(FETCHED_HEADER, None)
        if fetched_at:
            request.meta["fetched_at"] = dt.datetime.fromisoformat(fetched_at[-1].decode())
        return response.replace(url=request.url)
