"""Which sources are due: their cron lines (UTC) against their last committed run. A pure question about a moment."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

from cronsim import CronSim

from crawlers import source as sources
from crawlers.manifest import Manifest
from crawlers.source import Source


def last_fire(source: Source, at: dt.datetime) -> dt.datetime:
    """The last moment ≤ `at` (UTC) at which the source's schedule fires."""
    return next(CronSim(source.schedule, at + dt.timedelta(minutes=1), reverse=True))


def is_due(source: Source, last_success: dt.datetime | None, at: dt.datetime) -> bool:
    """Whether the schedule fired since the last success (or there was none yet)."""
    return last_success is None or last_fire(source, at) > last_success


def default_ids(replay: Path | None) -> list[str]:
    """Every source; in a replay those of whose first requests the folder answers one (a folder holds what it holds)."""
    if replay is None:
        return sources.all_ids()
    from crawlers import requests  # Scrapy's requests: no other command of this process loads them
    from crawlers.reading import Window

    manifest = Manifest.read(replay)
    paths = {answer.url.split("?")[0] for answer in manifest.answers}
    today = manifest.as_of.date()
    window = Window(today - dt.timedelta(days=30), today)
    return [
        source.id
        for source in sources.all_sources()
        if any(request.url.split("?")[0] in paths for request in requests.start(source, window))
    ]
