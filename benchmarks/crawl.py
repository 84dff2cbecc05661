"""Our crawl against a bare Scrapy spider with the same parse, both from the same loopback server; and its memory."""

from __future__ import annotations

import datetime as dt
import json
import subprocess
import sys
import tempfile
from contextlib import ExitStack
from pathlib import Path

from benchmarks.data import recordings
from benchmarks.harness import ROOT, Timing, interleaved, peak_mib, ratio, report
from benchmarks.memory import workbook
from crawlers import recorded, source
from crawlers.manifest import Manifest
from crawlers.replay import ReplayServer
from tradewarn import database

SINCE = dt.date(2005, 1, 1)
LARGE = ("eu_safety_gate", "jp_mhlw_violations", "wto_eping_bulk")
WORKBOOK_ROWS = 10_000
SAMPLES = ROOT / "tests" / "samples"
#: Answers recorded once that a longer window would ask for again and again.
SHORT = {"eu_rasff", "us_federal_register", "us_openfda"}
#: How far back the memory of one crawl is looked at: a few months, some years, all there is.
REACHES = (dt.date(2025, 9, 1), dt.date(2022, 1, 1), SINCE)
COLUMNS = [
    "what",
    "records",
    "ours s (median, spread)",
    "bare s (median, spread)",
    "ours items/s",
    "bare items/s",
    "ratio",
]


def run() -> None:
    with tempfile.TemporaryDirectory() as scratch:
        folders = _folders(Path(scratch))
        rows = [_one(source_id, folders[source_id], Path(scratch)) for source_id in LARGE]
        long = workbook(folders["wto_eping_bulk"], WORKBOOK_ROWS, Path(scratch) / "long")
        rows.append(
            _one("wto_eping_bulk", long, Path(scratch), f"wto_eping_bulk, {WORKBOOK_ROWS:,} rows in one workbook")
        )
        rows.append(_all(folders, Path(scratch)))
        memory = "; ".join(_memory(folders["eu_safety_gate"], Path(scratch)))
    report(
        "crawl",
        "Crawl: ours against bare Scrapy",
        "Whole processes. Ours validates, hashes, keeps raw bodies, asks `seen`, commits; the bare spider writes its items as JSON "
        f"Lines. Ratio = bare time / our time, median of pairs; goal ≥ 0.8. The last row is every source ({len(folders)}) one after "
        "the other in one process, from its recordings where there are any, else from its sample. `wto_eping_bulk` is recorded with 90 "
        "rows: its row shows the start of the processes (ours: the command line and the crawl's own process), the row below the work.",
        COLUMNS,
        rows,
        f"Peak memory of one crawl of eu_safety_gate: {memory}.",
    )


def _folders(scratch: Path) -> dict[str, Path]:
    """A replay folder of every source."""
    found = {}
    for source_id in source.all_ids():
        made = scratch / "replay" / source_id
        found[source_id] = (
            recorded.build(source_id, recordings(), made) if source_id in recorded.BUILDERS else SAMPLES / source_id
        )
    return found


def _since(source_id: str, folder: Path) -> dt.date:
    last = Manifest.read(folder).as_of.date()
    short = source_id in SHORT or source_id not in recorded.BUILDERS
    return last - dt.timedelta(days=25 if source_id in SHORT else 30) if short else SINCE


def _job(source_id: str, folder: Path, server: ReplayServer, out: Path) -> dict[str, str]:
    until = Manifest.read(folder).as_of.date()
    return {
        "source": source_id,
        "folder": str(folder),
        "server": server.url,
        "since": str(_since(source_id, folder)),
        "until": str(until),
        "out": str(out),
    }


def _bare(jobs: list[dict[str, str]]) -> int:
    """Run the bare side; how many items it wrote."""
    for job in jobs:
        Path(job["out"]).unlink(missing_ok=True)
    subprocess.run([sys.executable, "-m", "benchmarks.bare_spider"], cwd=ROOT, check=True, input=json.dumps(jobs), text=True)  # fmt: skip
    found = [Path(job["out"]) for job in jobs]
    return sum(path.read_bytes().count(b"\n") for path in found if path.exists())


def _row(what: str, count: int, timings: dict[str, Timing]) -> list[object]:
    mine, theirs = timings["ours"], timings["bare"]
    return [
        what,
        count,
        f"{mine.median:.2f} ({mine.spread})",
        f"{theirs.median:.2f} ({theirs.spread})",
        f"{count / mine.median:.0f}",
        f"{count / theirs.median:.0f}",
        f"{ratio(mine, theirs):.2f}",
    ]


def _one(source_id: str, folder: Path, scratch: Path, what: str = "") -> list[object]:
    """One source by the command line, against one bare spider."""
    count, numbers = 0, iter(range(10_000))
    what = what or source_id

    def ours() -> None:
        nonlocal count
        done = subprocess.run(_command(source_id, folder, scratch / f"{what}-{next(numbers)}", SINCE), cwd=ROOT, capture_output=True, text=True)  # fmt: skip
        if done.returncode not in (0, 6):
            raise RuntimeError(done.stderr)
        count = json.loads(done.stdout)["counts"]["records"]

    with ReplayServer(folder) as server:
        job = _job(source_id, folder, server, scratch / f"{source_id}.jsonl")

        def bare() -> None:
            if (read := _bare([job])) < count:
                raise RuntimeError(f"{source_id}: the bare spider read {read}, ours {count}")

        timings = interleaved({"ours": ours, "bare": bare}, runs=3)
        return _row(what, count, timings)


def _command(source_id: str, folder: Path, home: Path, since: dt.date) -> list[str]:
    database.state(f"sqlite:///{home}/state.db").dispose()
    command = [sys.executable, "-m", "tradewarn", "--home", str(home), "--replay", str(folder), "--json"]
    return [*command, "crawl", source_id, "--since", str(since)]


def _all(folders: dict[str, Path], scratch: Path) -> list[object]:
    """Every source, in one process each side."""
    count, numbers = 0, iter(range(10_000))
    with ExitStack() as stack:
        servers = {name: stack.enter_context(ReplayServer(folder)) for name, folder in folders.items()}
        jobs = [_job(name, folder, servers[name], scratch / f"all-{name}.jsonl") for name, folder in folders.items()]

        def ours() -> None:
            nonlocal count
            home = scratch / f"all-{next(numbers)}"
            command = [sys.executable, "-m", "benchmarks.our_crawls", str(home)]
            done = subprocess.run(command, cwd=ROOT, input=json.dumps(jobs), capture_output=True, text=True)
            if done.returncode:
                raise RuntimeError(done.stderr)
            count = sum(json.loads(done.stdout).values())

        def bare() -> None:
            if (read := _bare(jobs)) < count:
                raise RuntimeError(f"all: the bare spider read {read}, ours {count}")

        timings = interleaved({"ours": ours, "bare": bare}, runs=3)
        return _row(f"all {len(jobs)} sources", count, timings)


def _memory(folder: Path, scratch: Path) -> list[str]:
    """Peak of a crawl that reaches further and further back: it must not grow with what is crawled."""
    told = []
    for since in REACHES:
        command = _command("eu_safety_gate", folder, scratch / f"memory-{since}", since)
        told.append(f"since {since} {peak_mib(command):.0f} MiB")
    return told
