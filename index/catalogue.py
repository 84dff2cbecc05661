"""The catalogue: what an alert is now, how it became so, and what is told about it (DESIGN.md, "Records", "The feed", "Events").

Every writing step is one transaction of the state database under the feed's lock: decide → write to the engine → wait until it
can be found → append to the log → commit. So search may be ahead of the feed, never behind; a crash anywhere leaves an engine
that is ahead of a state that never heard of it, and loading the same file again brings both to the same end.
"""

from __future__ import annotations

import datetime as dt
import itertools
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

from sqlalchemy import Connection, Engine, func, select

from crawlers.notice import Notice, Record
from index import events, feed, state
from index.alert import Alert, Correctable, Correction, Note, Overlay, Status
from index.feed import Change, Entry
from index.overlay import keep_constraints, keep_correction, keep_note, overlays
from index.step import Step, chunked, known_alerts, superseded
from index.store import Store
from index.versions import Incoming, Known, is_older, returned
from nlp.assessment import Assessment

__all__ = ["Catalogue", "Change", "Loaded", "UnknownAlert"]

BATCH = 500
Line = tuple[int, Notice, Assessment]


class UnknownAlert(KeyError):
    """No alert has this id."""


class Loaded(Record):
    """What a load did, counted in lines. `reasons` say why lines were rejected, the first twenty."""

    new: int = 0
    changed: int = 0
    unchanged: int = 0
    rejected: int = 0
    reasons: tuple[str, ...] = ()


class Catalogue:
    """`engine` is the state database (migrated), `store` the search engine. Safe in several processes at once."""

    def __init__(
        self, engine: Engine, store: Store, *, score: events.Score | None = None, threshold: float | None = None
    ) -> None:
        if score is None:
            from nlp import events as pairs

            score, threshold = pairs.score, pairs.THRESHOLD
        self._engine = engine
        self._store = store
        self._events = events.Events(score, 0.5 if threshold is None else threshold)

    # --- loading ---------------------------------------------------------------------------------------------------

    def load(self, lines: Iterable[Line]) -> Loaded:
        """Take in lines of an assessments file, in batches that are each all or nothing.

        Raises StoreError (the engine), sqlalchemy's errors (the state); what was loaded before stays, and loading the same lines
        again completes it.
        """
        total: dict[str, int] = {"new": 0, "changed": 0, "unchanged": 0, "rejected": 0}
        reasons: list[str] = []
        rest = iter(lines)
        while batch := list(itertools.islice(rest, BATCH)):
            incoming: list[Incoming] = []
            for line in batch:
                try:
                    incoming.append(Incoming.of(*line))
                except ValueError as error:
                    total["rejected"] += 1
                    reasons.append(str(error))
            if incoming:
                for name, count in self._load(incoming).items():
                    total[name] += count
        return Loaded(**total, reasons=tuple(reasons[:20]))

    def _load(self, incoming: Sequence[Incoming]) -> dict[str, int]:
        newest: dict[str, Incoming] = {}
        for line in incoming:
            if line.notice.id not in newest or not is_older(line, newest[line.notice.id]):
                newest[line.notice.id] = line
        with self._engine.begin() as connection:
            last = feed.lock(connection)
            known = known_alerts(connection, newest)
            stale = superseded(connection, newest)
            step = Step(connection, last, known)
            for alert_id, line in newest.items():
                self._decide(step, known.get(alert_id), line, stale)
            seeds = self._events.update(connection, step.facts, lambda ids: _notices(connection, ids))
            self._finish(step, seeds)
            counts = {"new": step.new, "changed": step.changed}
        return {**counts, "unchanged": len(incoming) - step.new - step.changed}

    def _decide(self, step: Step, known: Known | None, line: Incoming, stale: set[tuple[str, str, str]]) -> None:
        if known is None:
            step.new += 1
            step.stage(line, event=line.notice.id, revision=1, status="new", kind="new")
            return
        if is_older(line, known):
            return
        same_facts = line.notice_hash == known.notice_hash
        if same_facts and line.opinion_hash == known.opinion_hash:
            step.newer_run(line, known)
            return
        if same_facts:
            if (known.id, line.notice_hash, line.opinion_hash) in stale:
                return
            replaced = (known.id, known.notice_hash, known.opinion_hash)
            if replaced not in stale:
                step.superseded.append(replaced)
        step.changed += 1
        corrected = bool(step.overlay(known).corrections)
        status = known.status if same_facts else returned(known.status, corrected=corrected)
        withdrawn = line.notice.withdrawn and not same_facts
        step.stage(
            line,
            event=known.event,
            revision=known.revision + (not same_facts),
            status=status,
            kind="withdrawn" if withdrawn else "changed",
        )

    def _finish(self, step: Step, seeds: Iterable[str]) -> None:
        """Find whose event moved, write the alerts to the engine, wait, and append what became visible."""
        self._move(step, set(seeds))
        alerts = [staged.alert() for staged in step.staged.values()]
        if alerts:
            self._store.put(alerts)
            self._store.wait()
        entries = [Entry(alert, step.staged[alert.id].kind) for alert in alerts]
        step.write(alerts, feed.append(step.connection, step.last, entries))

    def _move(self, step: Step, seeds: set[str]) -> None:
        """Give every alert near the seeds the event its connected part has now; who moved is staged too."""
        near = events.affected(step.connection, seeds)
        parts = self._events.regions(step.connection, near)
        members = {alert_id for part in parts for alert_id in part}
        rows = known_alerts(step.connection, members)
        days = {alert_id: (row.published, row.event) for alert_id, row in rows.items()}
        for alert_id in members & step.staged.keys():
            days[alert_id] = (step.staged[alert_id].notice.published, step.staged[alert_id].event)
        moved: dict[str, str] = {}
        for part in parts:
            event = min((days[alert_id][0], alert_id) for alert_id in part)[1]
            moved.update({alert_id: event for alert_id in part if days[alert_id][1] != event})
        absent = {alert_id: rows[alert_id] for alert_id in moved if alert_id not in step.staged}
        bodies = feed.bodies(step.connection, (row.sequence for row in absent.values()))
        for alert_id, event in moved.items():
            if alert_id in absent:
                alert = Alert.model_validate_json(bodies[absent[alert_id].sequence])
                step.stage_again(alert, absent[alert_id], event=event, kind="merged")
            else:
                step.staged[alert_id].event = event

    # --- people ----------------------------------------------------------------------------------------------------

    def correct(
        self, alert_id: str, field: Correctable, value: Any, by: str, at: dt.datetime, reason: str = ""
    ) -> Alert:
        """An analyst's value for a field, in its JSON form. Raises UnknownAlert, ValueError (the value does not fit)."""

        def change(connection: Connection, alert: Alert) -> Alert:
            replaced = alert.effective.model_dump(mode="json")[field]
            correction = Correction(
                field=field,
                value=value,
                replaced=replaced,
                by=by,
                at=at,
                notice_hash=alert.notice.hash,
                reason=reason,
            )
            made = (*alert.overlay.corrections, correction)
            changed = alert.model_copy(update={"overlay": alert.overlay.model_copy(update={"corrections": made})})
            _ = changed.effective  # a value that does not fit is refused before anything is written
            keep_correction(connection, alert_id, correction)
            return changed

        return self._edit(alert_id, change, "corrected")

    def note(self, alert_id: str, text: str, by: str, at: dt.datetime) -> Alert:
        """Raises UnknownAlert, ValueError (an empty note)."""
        if not text.strip():
            raise ValueError("the note is empty")

        def change(connection: Connection, alert: Alert) -> Alert:
            note = Note(text=text, by=by, at=at)
            keep_note(connection, alert_id, note)
            notes = (*alert.overlay.notes, note)
            return alert.model_copy(update={"overlay": alert.overlay.model_copy(update={"notes": notes})})

        return self._edit(alert_id, change, "changed")

    def set_status(self, alert_id: str, status: Status) -> Alert:
        """Raises UnknownAlert, ValueError."""

        def change(_: Connection, alert: Alert) -> Alert:
            overlay = Overlay.model_validate({**alert.overlay.model_dump(), "status": status})
            return alert.model_copy(update={"overlay": overlay})

        return self._edit(alert_id, change, "changed")

    def _edit(self, alert_id: str, change: Callable[[Connection, Alert], Alert], kind: feed.Kind) -> Alert:
        with self._engine.begin() as connection:
            last = feed.lock(connection)
            known = known_alerts(connection, [alert_id]).get(alert_id)
            if known is None:
                raise UnknownAlert(alert_id)
            alert = Alert.model_validate_json(feed.bodies(connection, [known.sequence])[known.sequence])
            edited = change(connection, alert)
            if edited.overlay == alert.overlay:
                return alert
            step = Step(connection, last, {alert_id: known})
            step.stage_again(edited, known, event=known.event, kind=kind)
            self._finish(step, seeds=())
            return step.staged[alert_id].alert()

    def merge(self, ids: Sequence[str], by: str, at: dt.datetime) -> str:
        """Make the alerts one event, whatever the scores say; returns its id. Raises UnknownAlert, ValueError."""
        distinct = list(dict.fromkeys(ids))
        if len(distinct) < 2:
            raise ValueError("a merge needs at least two alerts")
        self._constrain("merge", [(distinct[0], other) for other in distinct[1:]], distinct, by, at)
        with self._engine.connect() as connection:
            return known_alerts(connection, distinct[:1])[distinct[0]].event

    def split(self, alert_id: str, by: str, at: dt.datetime) -> None:
        """Take the alert out of its event: no score brings it back, only a merge does. Raises UnknownAlert."""
        self._constrain("split", [(alert_id, "")], [alert_id], by, at)

    def _constrain(
        self, kind: str, pairs: Sequence[tuple[str, str]], ids: Sequence[str], by: str, at: dt.datetime
    ) -> None:
        with self._engine.begin() as connection:
            last = feed.lock(connection)
            known = known_alerts(connection, ids)
            for alert_id in ids:
                if alert_id not in known:
                    raise UnknownAlert(alert_id)
            keep_constraints(connection, kind, pairs, by, at)
            self._finish(Step(connection, last, known), seeds=ids)

    # --- reading ---------------------------------------------------------------------------------------------------

    def get(self, alert_id: str) -> Alert | None:
        with self._engine.connect() as connection:
            known = known_alerts(connection, [alert_id]).get(alert_id)
            if known is None:
                return None
            return Alert.model_validate_json(feed.bodies(connection, [known.sequence])[known.sequence])

    def count(self) -> int:
        """Alerts in the state, withdrawn ones too; what the store must hold."""
        with self._engine.connect() as connection:
            return int(connection.scalar(select(func.count()).select_from(state.alerts)) or 0)

    def event(self, event_id: str) -> list[Alert]:
        """The members, oldest first; an id that was merged away leads to the event it is part of now."""
        table = state.alerts
        with self._engine.connect() as connection:
            known = known_alerts(connection, [event_id]).get(event_id)
            if known is None:
                return []
            query = select(table.c.sequence).where(table.c.event == known.event).order_by(table.c.published, table.c.id)
            sequences = [row.sequence for row in connection.execute(query)]
            bodies = feed.bodies(connection, sequences)
        return [Alert.model_validate_json(bodies[sequence]) for sequence in sequences]

    def possible(self, event_id: str) -> list[Alert]:
        """Alerts of other events that may be the same thing, the likeliest first: shown as possible, joined by a person."""
        table = state.alerts
        with self._engine.connect() as connection:
            known = known_alerts(connection, [event_id]).get(event_id)
            if known is None:
                return []
            members = connection.execute(select(table.c.id).where(table.c.event == known.event)).scalars().all()
            scores = self._events.possible(connection, members)
            rows = known_alerts(connection, scores)
            bodies = feed.bodies(connection, (row.sequence for row in rows.values()))
        ranked = sorted(rows.values(), key=lambda row: (-scores[row.id], row.id))
        return [Alert.model_validate_json(bodies[row.sequence]) for row in ranked]

    def parent(self, symbol: str) -> Notice | None:
        """The notice with this symbol (of several members' records of a joint one, the first by id)."""
        if not symbol:
            return None
        table = state.alerts
        query = select(table.c.sequence).where(table.c.symbol == symbol).order_by(table.c.id).limit(1)
        with self._engine.connect() as connection:
            sequence = connection.execute(query).scalar()
            if sequence is None:
                return None
            return Alert.model_validate_json(feed.bodies(connection, [sequence])[sequence]).notice

    def waiting_for(self, symbols: Iterable[str]) -> Iterator[tuple[int, Notice]]:
        """(run_seq, notice) of every alert whose parent is one of `symbols`, by id: they are to be assessed again."""
        table = state.alerts
        wanted = sorted({symbol for symbol in symbols if symbol})
        for chunk in chunked(wanted):
            query = (
                select(table.c.run_seq, table.c.sequence).where(table.c.parent_symbol.in_(chunk)).order_by(table.c.id)
            )
            with self._engine.connect() as connection:
                rows = connection.execute(query).all()
                bodies = feed.bodies(connection, (row.sequence for row in rows))
            for row in rows:
                yield row.run_seq, Alert.model_validate_json(bodies[row.sequence]).notice

    def changes(self, since: int = 0, limit: int = 100) -> list[Change]:
        """Entries after the cursor `since`, in order. Follow with the last one's `sequence`."""
        with self._engine.connect() as connection:
            return feed.read(connection, since, limit)

    # --- rebuilding ------------------------------------------------------------------------------------------------

    def rebuild(self, lines: Iterable[Line]) -> int:
        """A new index from the archive's lines and the state, then an atomic switch; the feed appends nothing.

        Of each alert, the line that carries its present facts and opinion is taken; one the archive no longer has is taken from
        the feed. Begin and switch hold the feed's lock, as every write does: so no write goes to the old index alone.
        Returns the number of alerts.
        """
        with self._engine.begin() as connection:
            feed.lock(connection)
            token = self._store.begin_rebuild()
        self._store.fill(token, self._present(lines))
        with self._engine.begin() as connection:
            feed.lock(connection)
            return self._store.finish_rebuild(token)

    def _present(self, lines: Iterable[Line]) -> Iterator[Alert]:
        done: set[str] = set()
        rest = iter(lines)
        while batch := list(itertools.islice(rest, BATCH)):
            with self._engine.connect() as connection:
                known = known_alerts(connection, {notice.id for _, notice, _ in batch} - done)
                statuses = overlays(connection, {row.id: row.status for row in known.values()})
            for _, notice, assessment in batch:
                row = known.get(notice.id)
                if row is None or row.id in done:
                    continue
                if (row.notice_hash, row.opinion_hash) != (notice.hash, assessment.hash()):
                    continue
                done.add(row.id)
                yield Alert(
                    notice=notice,
                    assessment=assessment,
                    revision=row.revision,
                    version=row.version,
                    event=row.event,
                    overlay=statuses[row.id],
                )
        yield from self._left(done)

    def _left(self, done: set[str]) -> Iterator[Alert]:
        table = state.alerts
        last = ""
        while True:
            with self._engine.connect() as connection:
                query = select(table.c.id, table.c.sequence).where(table.c.id > last).order_by(table.c.id).limit(BATCH)
                rows = connection.execute(query).all()
                bodies = feed.bodies(connection, (row.sequence for row in rows if row.id not in done))
            if not rows:
                return
            for row in rows:
                if row.id not in done:
                    yield Alert.model_validate_json(bodies[row.sequence])
            last = rows[-1].id


def _notices(connection: Connection, ids: Iterable[str]) -> dict[str, Notice]:
    known = known_alerts(connection, ids)
    bodies = feed.bodies(connection, (row.sequence for row in known.values()))
    return {row.id: Alert.model_validate_json(bodies[row.sequence]).notice for row in known.values()}
