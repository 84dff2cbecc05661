"""What people added to an alert, in the state database: corrections, notes, status. No load, re-classification or rebuild touches it."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, insert, select

from index import state
from index.alert import Correction, Note, Overlay, Status


def overlays(connection: Connection, status: Mapping[str, Status]) -> dict[str, Overlay]:
    """The overlay of each alert in `status` (id → its status)."""
    corrections: dict[str, list[Correction]] = {}
    notes: dict[str, list[Note]] = {}
    ids = list(status)
    for start in range(0, len(ids), 500):
        chunk = ids[start : start + 500]
        table = state.corrections
        for row in connection.execute(select(table).where(table.c.alert_id.in_(chunk)).order_by(table.c.seq)):
            corrections.setdefault(row.alert_id, []).append(
                Correction(
                    field=row.field,
                    value=json.loads(row.value),
                    replaced=json.loads(row.replaced),
                    by=row.by,
                    at=_aware(row.at),
                    notice_hash=row.notice_hash,
                    reason=row.reason,
                )
            )
        table = state.notes
        for row in connection.execute(select(table).where(table.c.alert_id.in_(chunk)).order_by(table.c.seq)):
            notes.setdefault(row.alert_id, []).append(Note(text=row.text, by=row.by, at=_aware(row.at)))
    return {
        alert_id: Overlay(
            corrections=tuple(corrections.get(alert_id, ())),
            status=status[alert_id],
            notes=tuple(notes.get(alert_id, ())),
        )
        for alert_id in ids
    }


def keep_correction(connection: Connection, alert_id: str, correction: Correction) -> None:
    connection.execute(
        insert(state.corrections).values(
            alert_id=alert_id,
            field=correction.field,
            value=_json(correction.value),
            replaced=_json(correction.replaced),
            by=correction.by,
            at=correction.at,
            notice_hash=correction.notice_hash,
            reason=correction.reason,
        )
    )


def keep_note(connection: Connection, alert_id: str, note: Note) -> None:
    connection.execute(insert(state.notes).values(alert_id=alert_id, text=note.text, by=note.by, at=note.at))


def keep_constraints(
    connection: Connection, kind: str, pairs: Sequence[tuple[str, str]], by: str, at: dt.datetime
) -> None:
    connection.execute(
        insert(state.constraints),
        [{"kind": kind, "alert_id": a, "other_id": b, "by": by, "at": at} for a, b in pairs],
    )


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, sort_keys=True)


def _aware(at: dt.datetime) -> dt.datetime:
    """SQLite keeps no time zone; what we store is UTC."""
    return at.astimezone(dt.UTC) if at.tzinfo else at.replace(tzinfo=dt.UTC)
