"""The crawl's own process: `python -m crawlers.crawl_process` reads jobs, one JSON a line, and answers each with one.

A process of its own, because a reactor cannot be started twice and a parser that dies must not take the caller along.
It writes data files and a spool; the parent judges nothing and commits. Logs go to standard error, answers to the
standard output it was started with, whatever a library prints.
"""

from __future__ import annotations

import asyncio
import importlib
import json
import logging
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, TextIO

from scrapy.crawler import AsyncCrawlerRunner
from scrapy.settings import Settings
from scrapy.utils.reactor import install_reactor
from sqlalchemy import select

from crawlers import verdict
from crawlers.addresses import PublicResolver
from crawlers.archive import Archive
from crawlers.job import BUG, GOOD, Job, Report, Tally
from crawlers.politeness import settings
from crawlers.sink import Sink
from crawlers.source import Source, load
from crawlers.spider import SourceSpider
from crawlers.state import connect, validators

if TYPE_CHECKING:
    from sqlalchemy import Engine


async def crawl(job: Job) -> Report:
    """Carry out one job inside the running reactor."""
    tally = Tally()
    source, engine = load(job.source), connect(job.engine_url)
    try:
        sink = Sink(job, source, Archive(job.archive_url), engine, tally)
        complete = False
        fresh: dict[str, tuple[str, str, str]] = {}
        try:
            crawler = AsyncCrawlerRunner(Settings(settings(job, source))).create_crawler(SourceSpider)
            known = _validators(engine, source) if job.conditional and not job.explicit else {}
            await crawler.crawl_async(job, source, sink, tally, known)
            fresh = getattr(crawler.spider, "fresh", {})
            complete = _judge(job, source, tally, sink, engine)
            if tally.exit in GOOD:
                sink.writer("notices")  # a good run stands in the archive, also when it brought nothing new
        finally:
            written = sink.close()
        (Path(job.spool) / "validators.json").write_text(json.dumps(fresh), encoding="utf-8")
        return Report(exit=tally.exit, counts=tally.counts, messages=tally.messages, complete=complete, written=written)
    finally:
        engine.dispose()


def _judge(job: Job, source: Source, tally: Tally, sink: Sink, engine: Engine) -> bool:
    verdict.asked_for_nothing(source, tally)
    verdict.invalid_share(source, tally)
    verdict.expected(job, source, tally, sink, engine)
    absence = verdict.whole_list(job, source, tally, sink, engine)
    if absence is not None:
        sink.withdraw(absence.withdrawn)
        body = {"back": absence.back, "times": absence.times, "withdrawn": list(absence.withdrawn)}
        (Path(job.spool) / "absence.json").write_text(json.dumps(body), encoding="utf-8")
    return absence is not None


def _validators(engine: Engine, source: Source) -> dict[str, tuple[str, str]]:
    columns = validators.c
    query = select(columns.request, columns.etag, columns.last_modified).where(
        columns.source == source.id, columns.source_version == source.version
    )
    with engine.connect() as connection:
        return {row[0]: (row[1], row[2]) for row in connection.execute(query)}


async def serve(jobs: TextIO, answers: TextIO) -> None:
    """Answer job after job until the input ends."""
    loop = asyncio.get_running_loop()
    while line := await loop.run_in_executor(None, jobs.readline):
        try:
            report = await crawl(Job.model_validate_json(line))
        except Exception as error:
            logging.getLogger(__name__).exception("the crawl broke")
            report = Report(exit=BUG, counts={}, messages=(f"{type(error).__name__}: {error}",))
        answers.write(report.model_dump_json() + "\n")
        answers.flush()


def main() -> None:
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)  # whatever prints, prints to the log
    logging.basicConfig(
        level=logging.WARNING, stream=sys.stderr, format="%(asctime)s %(name)s %(levelname)s: %(message)s"
    )
    logging.getLogger("scrapy.core.scraper").setLevel(logging.CRITICAL)  # faults are told in the report, once
    install_reactor("twisted.internet.asyncioreactor.AsyncioSelectorReactor")
    reactor: Any = importlib.import_module("twisted.internet.reactor")  # only after the choice of reactor
    PublicResolver(reactor, 10_000, 20.0).install_on_reactor()
    tasks: list[asyncio.Task[None]] = []

    async def work() -> None:
        try:
            await serve(sys.stdin, answers)
        finally:
            reactor.stop()

    reactor.callWhenRunning(lambda: tasks.append(asyncio.ensure_future(work())))
    reactor.run()
    answers.close()


if __name__ == "__main__":
    main()
    logging.shutdown()
    os._exit(0)  # every file is closed; taking down the modules one by one would cost each crawl some .3 s more
