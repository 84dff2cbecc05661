"""How a crawl behaves towards a server: settings, retries that wait, and requests that ask only for what changed."""

from __future__ import annotations

import asyncio
import email.utils
import hashlib
import random
from typing import Any
from urllib.parse import urlsplit

from scrapy import Request
from scrapy.crawler import Crawler
from scrapy.exceptions import (
    CannotResolveHostError,
    DownloadConnectionRefusedError,
    DownloadFailedError,
    DownloadTimeoutError,
    IgnoreRequest,
    ResponseDataLossError,
)
from scrapy.http import Response

from crawlers.addresses import hosts
from crawlers.job import Job
from crawlers.source import Source

VERSION = "1"
RETRY_STATUSES = frozenset({408, 425, 429, 500, 502, 503, 504, 520, 521, 522, 523, 524})
RETRY_ERRORS = (
    CannotResolveHostError,
    DownloadConnectionRefusedError,
    DownloadFailedError,
    DownloadTimeoutError,
    ResponseDataLossError,
    OSError,
)


def user_agent(source: Source, contact: str) -> str:
    """The name a server sees: ours with a contact, or the source's own where an honest bot name is refused."""
    return (
        source.user_agent or f"tradewarn/{VERSION} (early warning of technical trade measures; +{contact or 'replay'})"
    )


def settings(job: Job, source: Source) -> dict[str, Any]:
    """Scrapy's settings for one crawl."""
    replay, limits = bool(job.replay_url), job.limits
    delay = source.delay if limits.delay is None else limits.delay
    maximum = (limits.body_mb or source.max_body_mb) * 1024 * 1024
    handler = (
        "crawlers.replay_handler.ReplayHandler"
        if replay
        else "scrapy.core.downloader.handlers.http11.HTTP11DownloadHandler"
    )
    recorder: dict[str, int] = {"crawlers.recording.Recorder": 650} if job.record_to else {}
    return {
        "COMPRESSION_ENABLED": not job.record_to,
        "TRADEWARN_RECORD": job.record_to,
        "TRADEWARN_RECORD_AT": job.as_of.isoformat(),
        "USER_AGENT": user_agent(source, job.contact),
        "ROBOTSTXT_OBEY": source.robots,
        "DOWNLOAD_DELAY": delay,
        "AUTOTHROTTLE_ENABLED": delay > 0,
        "AUTOTHROTTLE_START_DELAY": max(delay, 0.1),
        "AUTOTHROTTLE_MAX_DELAY": max(delay, 30.0),
        "CONCURRENT_REQUESTS": 8,
        "CONCURRENT_REQUESTS_PER_DOMAIN": 8 if replay else 2,
        "DOWNLOAD_TIMEOUT": limits.timeout,
        "DOWNLOAD_MAXSIZE": maximum,
        "DOWNLOAD_WARNSIZE": 0,
        "DNS_TIMEOUT": min(20.0, limits.timeout),
        "DOWNLOAD_HANDLERS": {"http": handler, "https": handler, "file": None, "data": None, "s3": None, "ftp": None},
        "HTTPPROXY_ENABLED": not replay,
        "METAREFRESH_ENABLED": False,
        "REDIRECT_MAX_TIMES": 8,
        "RETRY_ENABLED": False,  # it neither waits nor honours Retry-After; `Patience` does
        "HTTPERROR_ALLOW_ALL": True,  # the spider judges statuses itself, with a message
        "TELNETCONSOLE_ENABLED": False,
        "MEMUSAGE_ENABLED": False,
        "STATS_DUMP": False,
        "LOG_LEVEL": "WARNING",
        "LOGSTATS_INTERVAL": 0,
        "DOWNLOADER_MIDDLEWARES": {
            "crawlers.addresses.AddressCheck": 10,
            "crawlers.politeness.Conditional": 560,
            "crawlers.politeness.Patience": 550,
            **recorder,
        },
        "SPIDER_MIDDLEWARES": {
            "scrapy.spidermiddlewares.depth.DepthMiddleware": None,
            "scrapy.spidermiddlewares.referer.RefererMiddleware": None,
            "scrapy.spidermiddlewares.httperror.HttpErrorMiddleware": None,
        },
        "TRADEWARN_HOSTS": sorted(hosts(source)),
        "TRADEWARN_LIMITS": limits.model_dump(),
        "TRADEWARN_REPLAY": job.replay_url,
    }


class Stopped(IgnoreRequest):
    """The source was given up; what is still in the queue is not asked for."""


class Patience:
    """Downloader middleware: asks again after a while, and lets a whole host rest when it says so.

    The wait doubles from `backoff`, with jitter, or is what Retry-After says (seconds or a date). Waiting blocks one
    request, never the reactor; a Retry-After longer than `longest_wait` is not waited for at all.
    """

    def __init__(self, limits: dict[str, Any], crawler: Crawler) -> None:
        self._crawler = crawler
        self._retries, self._backoff = int(limits["retries"]), float(limits["backoff"])
        self._longest = float(limits["longest_wait"])
        self._rest_until: dict[str, float] = {}
        self._random = random.Random()  # noqa: S311 - jitter

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Patience:
        return cls(crawler.settings.getdict("TRADEWARN_LIMITS"), crawler)

    async def process_request(self, request: Request) -> None:
        if getattr(self._crawler.spider, "given_up", False):
            raise Stopped
        until = self._rest_until.get(_host(request))
        if until is not None:
            await asyncio.sleep(max(0.0, until - asyncio.get_running_loop().time()))

    async def process_response(self, request: Request, response: Response) -> Request | Response:
        wanted = request.meta.get("handle_httpstatus_list") or ()
        if response.status not in RETRY_STATUSES or response.status in wanted:
            return response
        asked = retry_after(response)
        if asked is not None:
            request.meta["retry_after"] = asked
            if asked > self._longest:
                return response
            now = asyncio.get_running_loop().time()
            self._rest_until[_host(request)] = max(self._rest_until.get(_host(request), 0.0), now + asked)
        return await self._again(request, asked) or response

    async def process_exception(self, request: Request, exception: Exception) -> Request | None:
        return await self._again(request, None) if isinstance(exception, RETRY_ERRORS) else None

    async def _again(self, request: Request, asked: float | None) -> Request | None:
        times = int(request.meta.get("retry_times", 0)) + 1
        if times > self._retries:
            return None
        wait = self._backoff * 2 ** (times - 1) * (0.75 + self._random.random() / 2) if asked is None else asked
        await asyncio.sleep(min(wait, self._longest))
        again = request.copy()
        again.meta["retry_times"] = times
        again.dont_filter = True
        return again


def retry_after(response: Response) -> float | None:
    """Seconds the server asks to wait (Retry-After as seconds or as a date against its own Date); None: it does not say."""
    value = (response.headers.get("Retry-After") or b"").decode("latin-1").strip()
    if not value:
        return None
    if value.isdigit():
        return float(value)
    try:
        until = email.utils.parsedate_to_datetime(value)
        now = email.utils.parsedate_to_datetime((response.headers.get("Date") or b"").decode("latin-1"))
        return max(0.0, (until - now).total_seconds())
    except (ValueError, TypeError):
        return None


def request_key(request: Request) -> str:
    """What names a request in `validators`: sha256 of method, URL and body."""
    return hashlib.sha256(b"\0".join((request.method.encode(), request.url.encode(), request.body))).hexdigest()


class Conditional:
    """Downloader middleware: sends what the last good run remembered (ETag, Last-Modified) with plain GETs."""

    def __init__(self, crawler: Crawler) -> None:
        self._crawler = crawler

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Conditional:
        return cls(crawler)

    def process_request(self, request: Request) -> None:
        validators: dict[str, tuple[str, str]] = getattr(self._crawler.spider, "validators", {})
        if request.method != "GET" or not request.meta.get("conditional", True) or not validators:
            return
        etag, modified = validators.get(request_key(request), ("", ""))
        if etag:
            request.headers.setdefault("If-None-Match", etag)
        if modified:
            request.headers.setdefault("If-Modified-Since", modified)


def _host(request: Request) -> str:
    return urlsplit(request.url).netloc
