"""The feed: an append-only log of what became visible, in commit order, without a gap and without a clock (DESIGN.md, "The feed")."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

from sqlalchemy import Connection, insert, select, text, update

from crawlers.notice import Record, canonical_hash
from index.alert import Alert
from index.state import changes, counters

Kind = Literal["new", "changed", "corrected", "merged", "withdrawn"]
MAX_PAGE = 1_000


class Change(Record):
    """One entry. `body` is the alert as it became, one JSON line; `sequence` is the reader's cursor."""

    sequence: int
    alert_id: str
    version: int
    kind: Kind
    body: str

    @property
    def alert(self) -> Alert:
        return Alert.model_validate_json(self.body)


@dataclass(frozen=True, slots=True)
class Entry:
    """A change about to be appended."""

    alert: Alert
    kind: Kind


def lock(connection: Connection) -> int:
    """Lock the counter until the transaction ends; returns the last sequence.

    The first statement of a transaction: on SQLite it takes the one write lock, on PostgreSQL the row's. So changes are
    committed in the order of their sequences, and a reader's cursor never passes one that is still to come.
    """
    locked = connection.execute(
        update(counters).where(counters.c.name == "changes").values(value=counters.c.value)
    ).rowcount
    if not locked:
        connection.execute(text("INSERT INTO counters (name, value) VALUES ('changes', 0) ON CONFLICT DO NOTHING"))
        connection.execute(update(counters).where(counters.c.name == "changes").values(value=counters.c.value))
    return int(connection.execute(select(counters.c.value).where(counters.c.name == "changes")).scalar_one())


def append(connection: Connection, last: int, entries: Sequence[Entry]) -> dict[str, int]:
    """Append under `lock`, whose result is `last`. Returns the sequence of each alert's (last) entry."""
    if not entries:
        return {}
    rows = [
        {
            "sequence": last + offset,
            "alert_id": entry.alert.id,
            "version": entry.alert.version,
            "kind": entry.kind,
            "hash": alert_hash(entry.alert),
            "body": entry.alert.model_dump_json(exclude_defaults=True),
        }
        for offset, entry in enumerate(entries, 1)
    ]
    connection.execute(insert(changes), rows)
    connection.execute(update(counters).where(counters.c.name == "changes").values(value=last + len(rows)))
    return {entry.alert.id: last + offset for offset, entry in enumerate(entries, 1)}


def read(connection: Connection, since: int, limit: int) -> list[Change]:
    """Entries after `since`, in order, at most `limit` (and at most 1,000)."""
    columns = (changes.c.sequence, changes.c.alert_id, changes.c.version, changes.c.kind, changes.c.body)
    rows = connection.execute(
        select(*columns)
        .where(changes.c.sequence > since)
        .order_by(changes.c.sequence)
        .limit(max(0, min(limit, MAX_PAGE)))
    )
    return [
        Change(
            sequence=row.sequence,
            alert_id=row.alert_id,
            version=row.version,
            kind=row.kind,
            body=row.body,
        )
        for row in rows
    ]


def bodies(connection: Connection, sequences: Iterable[int]) -> dict[int, str]:
    """The bodies of some entries, by sequence."""
    wanted = list(sequences)
    found: dict[int, str] = {}
    for start in range(0, len(wanted), 500):
        chunk = wanted[start : start + 500]
        rows = connection.execute(select(changes.c.sequence, changes.c.body).where(changes.c.sequence.in_(chunk)))
        found.update((row.sequence, row.body) for row in rows)
    return found


def alert_hash(alert: Alert) -> str:
    """The canonical hash of an alert: everything visible, without where and when it was fetched, by which run and model.

    Two states are equal when each id has the same one and the logs hold the same (id, version, kind).
    """
    return canonical_hash(
        {
            "notice": alert.notice.hash,
            "assessment": alert.assessment.hash(),
            "revision": alert.revision,
            "version": alert.version,
            "event": alert.event,
            "overlay": alert.overlay.model_dump(mode="json", exclude_defaults=True),
        }
    )
