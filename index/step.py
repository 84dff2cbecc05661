"""One transaction of the catalogue: the alerts on their way into the index, and the rows they come to."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, bindparam, delete, insert, select, update

from crawlers.notice import Notice
from index import feed, state
from index.alert import Alert, Overlay, Status
from index.overlay import overlays
from index.versions import Incoming, Known
from nlp.assessment import Assessment

CHUNK = 500


@dataclass(slots=True)
class Staged:
    """An alert on its way: what it will be, but for its event, which may still move."""

    notice: Notice
    assessment: Assessment
    revision: int
    version: int
    event: str
    overlay: Overlay
    kind: feed.Kind
    run: tuple[str, int, str]  # source, run_seq, fetched_at of the facts
    hashes: tuple[str, str]  # of the facts, of the opinion

    def alert(self) -> Alert:
        return Alert(
            notice=self.notice,
            assessment=self.assessment,
            revision=self.revision,
            version=self.version,
            event=self.event,
            overlay=self.overlay,
        )

    def row(self, sequence: int) -> dict[str, Any]:
        notice = self.notice
        source, run_seq, fetched_at = self.run
        return {
            "id": notice.id,
            "source": source,
            "run_seq": run_seq,
            "fetched_at": fetched_at,
            "notice_hash": self.hashes[0],
            "opinion_hash": self.hashes[1],
            "revision": self.revision,
            "version": self.version,
            "event": self.event,
            "published": notice.published,
            "symbol": notice.symbol,
            "parent_symbol": notice.parent_symbol,
            "status": self.overlay.status,
            "sequence": sequence,
        }


class Step:
    """What is staged in one transaction, which holds the feed's lock; `last` is the feed's last sequence."""

    def __init__(self, connection: Connection, last: int, known: Mapping[str, Known]) -> None:
        self.connection = connection
        self.last = last
        self.known = known
        self.new = 0
        self.changed = 0
        self.staged: dict[str, Staged] = {}
        self.facts: dict[str, Notice] = {}  # whose facts are new or changed
        self.superseded: list[tuple[str, str, str]] = []
        self._runs: list[Incoming] = []
        self._overlays: dict[str, Overlay] | None = None

    def overlay(self, known: Known) -> Overlay:
        if self._overlays is None:
            self._overlays = overlays(self.connection, {row.id: row.status for row in self.known.values()})
        return self._overlays[known.id]

    def stage(self, line: Incoming, *, event: str, revision: int, status: Status, kind: feed.Kind) -> None:
        notice = line.notice
        known = self.known.get(notice.id)
        overlay = self.overlay(known).model_copy(update={"status": status}) if known else Overlay(status=status)
        self.staged[notice.id] = Staged(
            notice,
            line.assessment,
            revision=revision,
            version=known.version + 1 if known else 1,
            event=event,
            overlay=overlay,
            kind=kind,
            run=(notice.source, line.run_seq, line.fetched_at),
            hashes=(line.notice_hash, line.opinion_hash),
        )
        if known is None or known.notice_hash != line.notice_hash:
            self.facts[notice.id] = notice

    def stage_again(self, alert: Alert, known: Known, *, event: str, kind: feed.Kind) -> None:
        self.staged[alert.id] = Staged(
            alert.notice,
            alert.assessment,
            revision=known.revision,
            version=known.version + 1,
            event=event,
            overlay=alert.overlay,
            kind=kind,
            run=(known.source, known.run_seq, known.fetched_at),
            hashes=(known.notice_hash, known.opinion_hash),
        )

    def newer_run(self, line: Incoming, known: Known) -> None:
        """Nothing visible changed, but the run that says so is newer: an older file must not win over it."""
        if (line.notice.source, line.run_seq, line.fetched_at) != (known.source, known.run_seq, known.fetched_at):
            self._runs.append(line)

    def write(self, alerts: Sequence[Alert], sequences: Mapping[str, int]) -> None:
        table = state.alerts
        for chunk in chunked([alert.id for alert in alerts if self.staged[alert.id].version > 1]):
            self.connection.execute(delete(table).where(table.c.id.in_(chunk)))
        if alerts:
            rows = [self.staged[alert.id].row(sequences[alert.id]) for alert in alerts]
            self.connection.execute(insert(table), rows)
        if self.superseded:
            rows = [{"alert_id": a, "notice_hash": n, "opinion_hash": o} for a, n, o in self.superseded]
            self.connection.execute(insert(state.superseded), rows)
        if self._runs:
            rows = [
                {"of": r.notice.id, "source": r.notice.source, "run_seq": r.run_seq, "fetched_at": r.fetched_at}
                for r in self._runs
            ]
            self.connection.execute(update(table).where(table.c.id == bindparam("of")), rows)


def known_alerts(connection: Connection, ids: Iterable[str]) -> dict[str, Known]:
    """The rows of those of `ids` that the index holds."""
    found: dict[str, Known] = {}
    for chunk in chunked(sorted(ids)):
        for row in connection.execute(select(state.alerts).where(state.alerts.c.id.in_(chunk))):
            found[row.id] = Known(**row._mapping)
    return found


def superseded(connection: Connection, ids: Iterable[str]) -> set[tuple[str, str, str]]:
    """(alert, hash of the facts, hash of the opinion) of every opinion that was replaced on the same facts."""
    table = state.superseded
    found: set[tuple[str, str, str]] = set()
    for chunk in chunked(sorted(ids)):
        rows = connection.execute(select(table).where(table.c.alert_id.in_(chunk)))
        found.update((row.alert_id, row.notice_hash, row.opinion_hash) for row in rows)
    return found


def chunked(values: Sequence[str]) -> Iterator[Sequence[str]]:
    """So many values as fit into one statement on either database."""
    for start in range(0, len(values), CHUNK):
        yield values[start : start + CHUNK]
