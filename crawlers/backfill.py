"""A long back-fill in slices of a calendar year, each a run of its own: a kill costs a slice, never the whole.

Only for sources that are asked by date windows: elsewhere one answer holds all years and a slice would fetch it again.
The slices are `<run>.<year>`; with the same `--run-id` those that went well are not asked for again, and the watermark,
which each slice moves, lets a later crawl go on where a killed one stopped.
"""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Callable

from crawlers.job import GOOD, OK, CrawlResult
from crawlers.source import Source

#: Shorter windows stay one run.
LONGEST_DAYS = 400


def slices(source: Source, since: dt.date, until: dt.date) -> list[tuple[dt.date, dt.date]]:
    """since..until by calendar years, oldest first; the whole where the source is not asked by windows, or it is short."""
    if (until - since).days <= LONGEST_DAYS or not any(template.window for template in source.requests):
        return [(since, until)]
    years = range(since.year, until.year + 1)
    return [(max(since, dt.date(year, 1, 1)), min(until, dt.date(year, 12, 31))) for year in years]


def run(
    source_id: str,
    name: str,
    parts: list[tuple[dt.date, dt.date]],
    crawl: Callable[[dt.date, dt.date, str], CrawlResult],
) -> CrawlResult:
    """Crawl slice after slice; stop at the first that did not go well, for nothing may be missing behind the watermark."""
    counts: Counter[str] = Counter()
    results: list[CrawlResult] = []
    for first, last in parts:
        result = crawl(first, last, f"{name}.{last.year}")
        results.append(result)
        counts.update(result.counts)
        if result.exit not in GOOD:
            break
    told = [message for result in results for message in result.messages]
    left = len(parts) - len(results)
    if left:
        told.append(f"{source_id}: stopped at {parts[len(results) - 1][0]}: {left} later years are not asked for")
    return CrawlResult(
        source=source_id,
        run=name,
        run_seq=results[-1].run_seq,
        files=tuple(path for result in results for path in result.files),
        counts=dict(counts),
        exit=next((r.exit for r in reversed(results) if r.exit != OK), OK),
        messages=tuple(told),
    )
