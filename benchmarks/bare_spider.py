"""The bare side of the crawl benchmark: Scrapy as its tutorial has it, the same parse, items as JSON Lines.

usage: python -m benchmarks.bare_spider SOURCE REPLAY_URL SINCE UNTIL OUT
"""

from __future__ import annotations

import dataclasses
import datetime as dt
import sys
from collections.abc import AsyncIterator, Iterator
from typing import Any

import scrapy
from scrapy import Request
from scrapy.crawler import CrawlerProcess
from scrapy.http import Response

from crawlers import requests
from crawlers.reading import Window
from crawlers.source import load


def main() -> None:
    source_id, server, since, until, out = sys.argv[1:6]
    source = load(source_id)
    window = Window(dt.date.fromisoformat(since), dt.date.fromisoformat(until), first=True)

    def asked(request: Request) -> Request:
        prepared = requests.prepared(source, window, request)
        prepared.meta["read"] = prepared.callback or source.parser().parse
        return prepared

    class Bare(scrapy.Spider):
        name = "bare"

        async def start(self) -> AsyncIterator[Request]:
            for request in requests.start(source, window):
                yield asked(request).replace(callback=self.read)

        def read(self, response: Response) -> Iterator[Any]:
            for item in response.meta["read"](response) or ():
                if isinstance(item, Request):
                    yield asked(item).replace(callback=self.read)
                else:
                    yield dataclasses.asdict(item)

    process = CrawlerProcess(
        {
            "DOWNLOAD_HANDLERS": {"https": "crawlers.replay.ReplayHandler", "http": "crawlers.replay.ReplayHandler"},
            "TRADEWARN_REPLAY": server,
            "FEEDS": {out: {"format": "jsonlines"}},
            "LOG_LEVEL": "ERROR",
            "TELNETCONSOLE_ENABLED": False,
            "DOWNLOAD_DELAY": 0,
        }
    )
    process.crawl(Bare)
    process.start()


if __name__ == "__main__":
    main()
