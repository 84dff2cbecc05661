"""Our crawl against a bare Scrapy spider with the same parse, both from the same loopback server."""

from __future__ import annotations

import datetime as dt
import json
import subprocess
import sys
import tempfile
from pathlib import Path

from benchmarks.data import recordings
from benchmarks.harness import ROOT, interleaved, ratio, report
from crawlers import recorded
from crawlers.manifest import Manifest
from crawlers.replay import ReplayServer
from tradewarn import database

SINCE = dt.date(2005, 1, 1)


def run() -> None:
    rows = []
    with tempfile.TemporaryDirectory() as scratch:
        for source_id in ("eu_safety_gate", "jp_mhlw_violations", "wto_eping_bulk"):
            folder = recorded.build(source_id, recordings(), Path(scratch) / source_id)
            rows.append(_one(source_id, folder, Path(scratch)))
    report(
        "crawl",
        "Crawl: ours against bare Scrapy",
        "Whole processes. Ours validates, hashes, keeps raw bodies, asks `seen`, commits; the bare spider writes its items as JSON "
        "Lines. Ratio = bare time / our time, median of pairs; goal ≥ 0.8.",
        ["source", "records", "ours s (median, spread)", "bare s (median, spread)", "ratio"],
        rows,
    )


def _one(source_id: str, folder: Path, scratch: Path) -> list[object]:
    as_of = Manifest.read(folder).as_of
    count = 0
    numbers = iter(range(10_000))

    def ours() -> None:
        nonlocal count
        home = scratch / f"home-{source_id}-{next(numbers)}"
        database.state(f"sqlite:///{home}/state.db").dispose()
        command = [sys.executable, "-m", "tradewarn", "--home", str(home), "--replay", str(folder), "crawl", source_id]
        done = subprocess.run([*command, "--since", str(SINCE), "--json"], cwd=ROOT, capture_output=True, text=True)
        if done.returncode not in (0, 6):
            raise RuntimeError(done.stderr)
        count = json.loads(done.stdout)["counts"]["records"]

    with ReplayServer(folder) as server:

        def bare() -> None:
            out = scratch / f"bare-{source_id}-{next(numbers)}.jsonl"
            command = [sys.executable, "-m", "benchmarks.bare_spider", source_id, server.url, str(SINCE)]
            subprocess.run([*command, str(as_of.date()), str(out)], cwd=ROOT, check=True)
            with out.open("rb") as lines:
                if sum(1 for _ in lines) < count:
                    raise RuntimeError(f"{source_id}: the bare spider read less than ours")

        timings = interleaved({"ours": ours, "bare": bare})
    mine, theirs = timings["ours"], timings["bare"]
    return [
        source_id,
        count,
        f"{mine.median:.2f} ({mine.spread})",
        f"{theirs.median:.2f} ({theirs.spread})",
        f"{ratio(mine, theirs):.2f}",
    ]
