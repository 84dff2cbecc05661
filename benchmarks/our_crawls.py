"""Our side of "all sources": every source crawled by `runner.crawl`, one after the other, one crawl process for all.

usage: python -m benchmarks.our_crawls HOME < JOBS, a JSON list of {"source", "folder", "since"}; prints {source: records}.
"""

from __future__ import annotations

import datetime as dt
import json
import sys
from pathlib import Path

from crawlers import replay, runner
from crawlers.worker import Worker
from tradewarn import database


def main() -> None:
    home, records = Path(sys.argv[1]), {}
    url = f"sqlite:///{home / 'state.db'}"
    database.state(url).dispose()
    with Worker() as worker:
        for job in json.load(sys.stdin):
            folder = Path(job["folder"])
            result = runner.crawl(
                job["source"],
                archive_url=str(home / "archive"),
                engine_url=url,
                as_of=replay.as_of(folder),
                since=dt.date.fromisoformat(job["since"]),
                replay=folder,
                worker=worker,
            )
            if result.exit not in (0, 6):
                raise RuntimeError(f"{job['source']}: {result.messages}")
            records[job["source"]] = result.counts["records"]
    print(json.dumps(records))


if __name__ == "__main__":
    main()
