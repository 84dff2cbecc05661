"""Real alerts: the recordings read by our own sources and assessed by our own models, a seeded sample of them."""

from __future__ import annotations

import datetime as dt
import gzip
import os
import random
import tempfile
from collections.abc import Iterable
from pathlib import Path

from benchmarks.harness import ROOT
from crawlers import dry, recorded
from crawlers.manifest import Manifest
from crawlers.notice import Notice
from index.alert import Alert
from nlp.assess import Assessor

CACHE = ROOT / ".cache" / "alerts"
AS_OF = dt.date(2025, 6, 30)  # in the midst of the recordings: some deadlines over, some to come
#: The weekly reports of Safety Gate are 86 % of the recordings; a small sample reads its last year only.
LARGE, RECENT_DAYS, SMALL = "eu_safety_gate", 370, 6_000
#: Sources whose recorded answer has no window of its own: a longer one would ask for it again.
_ONE_ANSWER = frozenset({"eu_rasff", "us_federal_register", "us_openfda"})


def notices(recordings: Path, *, whole: bool) -> list[Notice]:
    """Every notice of the recordings, each once, by id."""
    found: dict[str, Notice] = {}
    with tempfile.TemporaryDirectory() as scratch:
        for source_id in sorted(recorded.BUILDERS):
            folder = recorded.build(source_id, recordings, Path(scratch) / source_id)
            days = 25 if source_id in _ONE_ANSWER else 9_000 if whole or source_id != LARGE else RECENT_DAYS
            since = Manifest.read(folder).as_of.date() - dt.timedelta(days=days)
            found.update((notice.id, notice) for notice in dry.read(source_id, folder, since=since).notices)
    return [found[notice_id] for notice_id in sorted(found)]


def real(count: int, recordings: Path, seed: int = 1) -> list[Alert]:
    """`count` alerts (fewer when the recordings have fewer), some reviewed and some corrected. Kept below `.cache/`."""
    assessor = Assessor()
    kept = CACHE / f"{count}-{seed}-{assessor.version}.jsonl.gz"
    if kept.exists():
        return read(kept)
    chosen = notices(recordings, whole=count > SMALL)
    random.Random(seed).shuffle(chosen)
    chosen = chosen[:count]
    alerts = [
        Alert(notice=notice, assessment=assessment, event=notice.id)
        for notice, assessment in zip(chosen, assessor.assess_all(chosen, lambda _: None, "sample"), strict=True)
    ]
    alerts = [_touched(alert, number) for number, alert in enumerate(alerts)]
    write(kept, alerts)
    return alerts


def _touched(alert: Alert, number: int) -> Alert:
    """Every 29th is reviewed, every 53rd corrected: what people do is searched and counted like the rest."""
    overlay: dict[str, object] = {"status": "reviewed"} if number % 29 == 0 else {}
    if number % 53 == 0:
        correction = {
            "field": "severity",
            "value": {"value": "low", "basis": "official"},
            "replaced": alert.assessment.severity.model_dump(mode="json"),
            "by": "analyst",
            "at": "2025-06-30T00:00:00Z",
            "notice_hash": alert.notice.hash,
        }
        overlay["corrections"] = [correction]
    return Alert.model_validate({**dict(alert), "overlay": overlay}) if overlay else alert


def write(path: Path, alerts: Iterable[Alert]) -> None:
    """One alert a line, gzip; whole or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    fresh = path.with_suffix(f".{os.getpid()}")
    with gzip.open(fresh, "wt", encoding="utf-8", compresslevel=1) as out:
        out.writelines(alert.model_dump_json(exclude_defaults=True) + "\n" for alert in alerts)
    fresh.rename(path)


def read(path: Path) -> list[Alert]:
    with gzip.open(path, "rt", encoding="utf-8") as lines:
        return [Alert.model_validate_json(line) for line in lines]
