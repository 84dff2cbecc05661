"""What is searched: some six thousand alerts, real ones beside those of the sample week and of the sources' own samples.

Everything of every language and source is taken, except from the three sources that would drown the others: of these a seeded
sample. The Chinese documents are WTO notifications as China's enquiry points translated them (a labelled table), since no source of
ours publishes in Chinese. The ids depend on the seed and the data alone; `fingerprint` says which collection a number belongs to.
"""

from __future__ import annotations

import csv
import datetime as dt
import gzip
import hashlib
import json
import random
import re
import tempfile
from collections import defaultdict
from collections.abc import Iterable, Iterator
from pathlib import Path

from benchmarks import alerts
from benchmarks.harness import ROOT
from crawlers import dry, places, recorded
from crawlers.manifest import Manifest
from crawlers.notice import Notice, Provenance
from crawlers.source import all_ids
from index.alert import Alert
from nlp.assess import Assessor

SEED = 20
#: The day of the searches: that of the sample week. It decides ties only (the level in force).
AS_OF = dt.date(2026, 11, 16)
#: English notices taken of a source at most; what is in another language is taken whole.
MOST = {"eu_safety_gate": 3_000, "jp_mhlw_violations": 1_500, "us_federal_register": 300}
SAMPLES = ROOT / "tests" / "samples"
ZH_TABLE, ZH_SOURCE = "wto_notifications_zh.csv.gz", "wto_notifications_zh"
#: Sources whose recorded answer has no window of its own: a longer one would ask for it again.
_ONE_ANSWER = frozenset({"eu_rasff", "us_federal_register", "us_openfda"})
_LONG, _SHORT = 9_000, 25


def load(data: Path, seed: int = SEED) -> list[Alert]:
    """The collection, assessed by this version; kept below `.cache/`. `data` holds `recordings/` and `labels/`."""
    chosen = choose(notices(data), seed)
    assessor = Assessor()
    facts = hashlib.sha256("".join(notice.hash for notice in chosen).encode()).hexdigest()[:12]
    kept = alerts.CACHE / f"quality-{seed}-{facts}-{assessor.version}.jsonl.gz"
    if kept.exists():
        return alerts.read(kept)
    made = [
        Alert(notice=notice, assessment=assessment, event=notice.id)
        for notice, assessment in zip(chosen, assessor.assess_all(chosen, lambda _: None, "quality"), strict=True)
    ]
    alerts.write(kept, made)
    return made


def fingerprint(ids: Iterable[str]) -> str:
    """The first sixteen hex digits of the sha256 of the sorted ids, one a line."""
    return hashlib.sha256("\n".join(sorted(ids)).encode()).hexdigest()[:16]


def choose(found: Iterable[Notice], seed: int) -> list[Notice]:
    """By id; of a source in `MOST` all that is not English and a sample of the rest."""
    by_source: dict[str, list[Notice]] = defaultdict(list)
    for notice in sorted(found, key=lambda notice: notice.id):
        by_source[notice.source].append(notice)
    chosen: list[Notice] = []
    for source, members in sorted(by_source.items()):
        english = [notice for notice in members if language(notice) == "en"]
        most = MOST.get(source, len(english))
        kept = {notice.id for notice in random.Random(f"{seed} {source}").sample(english, min(most, len(english)))}
        chosen += [notice for notice in members if language(notice) != "en" or notice.id in kept]
    return sorted(chosen, key=lambda notice: notice.id)


def language(notice: Notice) -> str:
    return notice.language.partition("-")[0].lower()


def notices(data: Path) -> list[Notice]:
    """Each once; where an id occurs twice, a recording comes before the week, and the week before a source's sample."""
    found: dict[str, Notice] = {}
    for notice in (*_samples(), *_week(), *_recorded(data / "recordings"), *_chinese(data / "labels" / ZH_TABLE)):
        found[notice.id] = notice
    return list(found.values())


def _samples() -> Iterator[Notice]:
    """Those of the samples that `expected.jsonl` names: a sample may hold filler that fills a page."""
    for source_id in all_ids():
        folder = SAMPLES / source_id
        lines = (folder / "expected.jsonl").read_text(encoding="utf-8").splitlines()
        expected = {json.loads(line)["id"] for line in lines}
        as_of = Manifest.read(folder).as_of.date()
        for days in (_LONG, 30):  # some samples answer one window only
            for notice in dry.read(source_id, folder, since=as_of - dt.timedelta(days=days)).notices:
                if notice.id in expected:
                    yield notice


def _week() -> Iterator[Notice]:
    for folder in sorted(path for path in (SAMPLES / "week").iterdir() if path.is_dir()):
        yield from dry.read(folder.name, SAMPLES / "week").notices


def _recorded(recordings: Path) -> Iterator[Notice]:
    with tempfile.TemporaryDirectory() as scratch:
        for source_id in sorted(recorded.BUILDERS):
            for variant in range(recorded.VARIANTS.get(source_id, 1) - 1, -1, -1):  # the newest last: it stays
                folder = recorded.build(source_id, recordings, Path(scratch) / f"{source_id}{variant}", variant=variant)
                days = _SHORT if source_id in _ONE_ANSWER else _LONG
                since = Manifest.read(folder).as_of.date() - dt.timedelta(days=days)
                yield from dry.read(source_id, folder, since=since).notices


def _chinese(table: Path) -> Iterator[Notice]:
    with gzip.open(table, "rt", encoding="utf-8", newline="") as lines:
        for number, row in enumerate(csv.DictReader(lines)):
            found = re.search(r"\d{4}(?:-\d{1,2})?(?:-\d{1,2})?", row["date"])
            parts = [int(part) for part in found[0].split("-")] if found else [2016]
            member = re.split("[、,]", row["member"])[0]
            yield Notice(
                id=f"{ZH_SOURCE}:{number}",
                source=ZH_SOURCE,
                market=places.code(member) or {"台澎金马单独关税区": "TW"}.get(member, "CN"),
                kind="notification",
                authority="WTO",
                symbol=re.split("[, ]+", row["symbol"])[0],
                joint_symbols=tuple(re.findall(r"G/[^\s,]+", row["symbol"])[1:]),
                title=row["title"] or row["products"] or row["description"][:100],
                summary=row["description"],
                language="zh",
                published=dt.date(*[*parts, 1, 1][:3]),
                products_text=row["products"],
                stated={"objective": row["objective"]} if row["objective"] else {},
                url=row["url"],
                provenance=Provenance(
                    url=row["url"],
                    fetched_at=dt.datetime(2026, 1, 1, tzinfo=dt.UTC),
                    body_sha256=hashlib.sha256(str(row).encode()).hexdigest(),
                    source_version="table",
                ),
            )
