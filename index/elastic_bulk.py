"""Writing to Elasticsearch in bulk: every item is written, or there in a higher version, or an error says why not.

The next batch is analysed while the last is on its way; an alert that comes twice waits for its turn, so that the later one wins.
"""

from __future__ import annotations

import itertools
import random
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

from elasticsearch import ApiError, Elasticsearch, TransportError

from index.alert import Alert
from index.elastic_errors import BUSY, blocked, ours, refused
from index.store import Unavailable

BATCH = 250
LANES = 2  # batches on their way at once
TRIES = 8  # of a bulk whose items the cluster was too busy for: about half a minute in all
PAUSE = 0.2  # seconds before the second try, doubled each time
NEWER = 409  # the index holds a higher version already: what we wanted to say is said

Item = tuple[dict[str, Any], dict[str, Any]]  # the action with its `_id`, the document


def bulk(client: Elasticsearch, alias: str, items: Sequence[Item], sleep: Callable[[float], None]) -> int:
    """Write all of them or raise StoreError; those the cluster was too busy for are tried again, with growing pauses."""
    left, written, reason = list(items), 0, ""
    for attempt in range(TRIES):
        try:
            answer = client.bulk(index=alias, operations=[part for item in left for part in item], require_alias=True)
        except ApiError as error:
            if error.status_code not in BUSY or error.error == "cluster_block_exception":
                raise ours(error) from error
            busy, reason = left, str(error)
        except TransportError as error:
            raise ours(error) from error
        else:
            busy = []
            for item, result in zip(left, answer["items"], strict=True):
                (outcome,) = result.values()
                if outcome["status"] < 300:
                    written += 1
                elif outcome["status"] in BUSY and not blocked(outcome):
                    busy.append(item)
                    reason = str(outcome["error"].get("reason", ""))
                elif outcome["status"] != NEWER:
                    raise refused(outcome)
        if not busy:
            return written
        left = busy
        if attempt + 1 < TRIES:
            sleep(PAUSE * 2**attempt * (0.5 + random.random()))  # noqa: S311 - spreads writers, hides nothing
    raise Unavailable(f"Elasticsearch is too busy for {len(left)} alerts after {TRIES} tries: {reason}")


def pipelined(alerts: Iterable[Alert], prepare: Callable[[Alert], Item], send: Callable[[Sequence[Item]], int]) -> int:
    """`send` each batch of `prepare`d alerts in a thread; returns the sum. The first error stops it."""
    written = 0
    flying: deque[tuple[set[str], Future[int]]] = deque()
    rest = iter(alerts)
    with ThreadPoolExecutor(LANES) as lanes:
        while batch := list(itertools.islice(rest, BATCH)):
            newest: dict[str, Alert] = {}
            for alert in batch:
                if alert.id not in newest or newest[alert.id].version <= alert.version:
                    newest[alert.id] = alert
            items = [prepare(alert) for alert in newest.values()]
            while flying and (len(flying) >= LANES or any(ids & newest.keys() for ids, _ in flying)):
                written += flying.popleft()[1].result()
            flying.append((set(newest), lanes.submit(send, items)))
        while flying:
            written += flying.popleft()[1].result()
    return written
