"""The bare side of the crawl benchmark: Scrapy as its tutorial has it, the same parse, items as JSON Lines.

usage: python -m benchmarks.bare_spider < JOBS, a JSON list of {"source", "server", "since", "until", "out"}; one after the
other in one process. Nothing is validated, hashed, remembered or committed.
"""

from __future__ import annotations

import asyncio
import dataclasses
import datetime as dt
import importlib
import json
import logging
import sys
from collections.abc import AsyncIterator, Iterator
from typing import Any

import scrapy
from scrapy import Request
from scrapy.crawler import AsyncCrawlerRunner
from scrapy.http import Response
from scrapy.settings import Settings
from scrapy.utils.reactor import install_reactor

from crawlers import requests
from crawlers.reading import Window
from crawlers.source import load


class Bare(scrapy.Spider):
    """One source, read by its own parser."""

    name = "bare"

    def __init__(self, job: dict[str, str]) -> None:
        super().__init__()
        self.declared = load(job["source"])
        days = (dt.date.fromisoformat(job[name]) for name in ("since", "until"))
        self.window = Window(*days, first=True)

    async def start(self) -> AsyncIterator[Request]:
        for request in requests.start(self.declared, self.window):
            yield self.asked(request)

    def asked(self, request: Request) -> Request:
        prepared = requests.prepared(self.declared, self.window, request)
        prepared.meta["read"] = prepared.callback or self.declared.parser().parse
        return prepared.replace(callback=self.read)

    def read(self, response: Response) -> Iterator[Any]:
        for item in response.meta["read"](response) or ():
            yield self.asked(item) if isinstance(item, Request) else dataclasses.asdict(item)


def settings(job: dict[str, str]) -> dict[str, Any]:
    handler = "crawlers.replay_handler.ReplayHandler"
    return {
        "DOWNLOAD_HANDLERS": {"https": handler, "http": handler},
        "TRADEWARN_REPLAY": job["server"],
        "FEEDS": {job["out"]: {"format": "jsonlines"}},
        "TELNETCONSOLE_ENABLED": False,
        "DOWNLOAD_DELAY": 0,
        "DOWNLOAD_MAXSIZE": 0,
        "DUPEFILTER_CLASS": "scrapy.dupefilters.BaseDupeFilter",  # each recorded answer is asked for once anyway
    }


async def crawl(jobs: list[dict[str, str]]) -> None:
    for job in jobs:
        crawler = AsyncCrawlerRunner(Settings(settings(job))).create_crawler(Bare)
        await crawler.crawl_async(job)


def main() -> None:
    jobs = json.load(sys.stdin)
    logging.basicConfig(level=logging.ERROR)
    install_reactor("twisted.internet.asyncioreactor.AsyncioSelectorReactor")
    reactor: Any = importlib.import_module("twisted.internet.reactor")
    tasks: list[asyncio.Task[None]] = []

    async def work() -> None:
        try:
            await crawl(jobs)
        finally:
            reactor.stop()

    reactor.callWhenRunning(lambda: tasks.append(asyncio.ensure_future(work())))
    reactor.run()
    tasks[0].result()


if __name__ == "__main__":
    main()
