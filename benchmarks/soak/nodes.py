"""Three nodes on loopback; the one that holds the primary is killed (-9) in the middle of a load: nothing acknowledged is lost."""

from __future__ import annotations

import datetime as dt
import hashlib
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from benchmarks.harness import report
from crawlers.notice import Notice
from index.alert import Alert
from index.elastic_store import ElasticStore
from index.query import parse
from index.store import Unavailable
from nlp.assessment import Assessment
from tests.components.elasticsearch import USERS, Elasticsearch

COUNT, BATCH = 20_000, 500
DAY = dt.date(2026, 11, 16)
PATIENCE = 90.0  # seconds for the cluster to choose a new master and primary


@dataclass
class Outcome:
    """`lost` are acknowledged alerts that no node has any more; `refused`, how often the loader was told to come again."""

    acknowledged: int
    lost: list[str]
    refused: int
    green: float  # seconds until the three stood
    pause: float  # the longest batch


def killed(count: int, *, replica: bool = True, log: Callable[[str], None] = print) -> Outcome:
    """Load `count` alerts through three nodes, kill one at a third. Without the template's replica: the control."""
    start = time.monotonic()
    cluster = Elasticsearch(nodes=3)
    store = ElasticStore(cluster.urls, user="loader", password=USERS["loader"][0], timeout=20)
    try:
        store.put([_alert(0)])
        store.wait()
        if not replica:
            alone = {"auto_expand_replicas": "false", "number_of_replicas": 0}
            cluster.ask("PUT", f"/{store._alias}/_settings", {"index": alone})
        _settled(cluster)
        green = time.monotonic() - start
        log(f"three nodes after {green:.0f} s")
        return _loaded(cluster, store, count, green, log)
    finally:
        store.close()
        cluster.close()


def _loaded(cluster: Any, store: ElasticStore, count: int, green: float, log: Callable[[str], None]) -> Outcome:
    acknowledged: set[str] = {_alert(0).id}
    refused, pause, victim = 0, 0.0, None
    for first in range(1, count, BATCH):
        batch = [_alert(number) for number in range(first, min(first + BATCH, count))]
        if victim is None and first > count // 3:
            victim = _primary(cluster, store._alias)
            log(f"killing node {victim}, which holds the primary, after {len(acknowledged):,} alerts")
            cluster.kill(victim)
        start = time.monotonic()
        while True:
            try:
                store.put(batch)
                break
            except Unavailable as told:  # the loader comes again, as `tradewarn index` on the same file
                refused += 1
                if time.monotonic() - start > PATIENCE:
                    log(f"given up: {told}")
                    return Outcome(len(acknowledged), _missing(store, acknowledged), refused, green, PATIENCE)
        pause = max(pause, time.monotonic() - start)
        acknowledged.update(alert.id for alert in batch)
    return Outcome(len(acknowledged), _missing(store, acknowledged), refused, green, pause)


def _missing(store: ElasticStore, acknowledged: set[str]) -> list[str]:
    try:
        store.wait()
        there = {alert.id for alert in store.scan(parse(""), as_of=DAY)}
    except Unavailable:  # no node has the shard
        there = set()
    return sorted(acknowledged - there)


def _primary(cluster: Any, alias: str) -> int:
    shards = cluster.ask("GET", f"/{alias}/_search_shards")["shards"]
    name = next(shard["node"] for copies in shards for shard in copies if shard["primary"])
    nodes: Any = cluster.ask("GET", "/_nodes?filter_path=nodes.*.name")["nodes"]
    return int(nodes[name]["name"].removeprefix("node"))


def _settled(cluster: Any, timeout: float = 90) -> None:
    """Green comes before shards have moved: until none relocates or waits."""
    deadline = time.monotonic() + timeout
    while time.monotonic() < deadline:
        health = cluster.ask(
            "GET", "/_cluster/health?wait_for_status=green&wait_for_no_relocating_shards=true&timeout=5s"
        )
        if not health["timed_out"]:
            return
    raise TimeoutError("the cluster does not come to rest")


def _alert(number: int) -> Alert:
    notice = Notice.model_validate(
        {
            "id": f"made:{number}",
            "source": "made",
            "market": "US",
            "kind": "recall",
            "authority": "Made",
            "title": f"Alert {number} of a load",
            "published": "2026-11-10",
            "provenance": {
                "url": "https://example.test/",
                "fetched_at": "2026-11-16T06:00:00Z",
                "body_sha256": hashlib.sha256(str(number).encode()).hexdigest(),
                "source_version": "1",
            },
        }
    )
    model = {"name": "made", "version": "1", "taxonomy": "1"}
    opinion = Assessment.model_validate({"notice_id": notice.id, "notice_hash": notice.hash, "model": model})
    return Alert(notice=notice, assessment=opinion, event=notice.id)


def run(_: float) -> bool:
    """One piece. Raises RuntimeError when something acknowledged is lost."""
    sound = killed(COUNT)
    bare = killed(COUNT // 4, replica=False)
    rows: list[Sequence[object]] = [
        [name, f"{o.acknowledged:,}", f"{len(o.lost):,}", o.refused, f"{o.green:.0f}", f"{o.pause:.1f}"]
        for name, o in (("our template (a replica)", sound), ("control: no replica", bare))
    ]
    report(
        "nodes",
        "Three nodes, one killed in the middle of a load",
        f"`make soak SOAK=nodes`: three real nodes on loopback, {COUNT:,} alerts in batches of {BATCH}; the node with the primary is killed with"
        " -9 after a third. Lost = acknowledged and not found afterwards. The control shows what the replica is for.",
        ["index", "acknowledged", "lost", "told to come again", "s until three stood", "longest batch, s"],
        rows,
    )
    if sound.lost or sound.acknowledged != COUNT:
        raise RuntimeError(f"lost {len(sound.lost)} of {sound.acknowledged}: {sound.lost[:5]}")
    return True
