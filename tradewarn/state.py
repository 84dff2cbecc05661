"""The composer's own table: which hand-off files a step has already taken in. Losing it costs time, never data."""

from __future__ import annotations

import datetime as dt

from sqlalchemy import Column, DateTime, Engine, MetaData, String, Table, select
from sqlalchemy.exc import IntegrityError

metadata = MetaData()

#: A file is named by its path inside the archive and the sha256 of its stats: a run that was written anew is taken anew.
handoffs = Table(
    "handoffs",
    metadata,
    Column("step", String(20), primary_key=True),
    Column("path", String(500), primary_key=True),
    Column("stats_sha256", String(64), primary_key=True),
    Column("at", DateTime(timezone=True), nullable=False),
)


def taken(engine: Engine, step: str) -> set[tuple[str, str]]:
    """(path, stats hash) of every file `step` has taken in."""
    with engine.connect() as connection:
        rows = connection.execute(select(handoffs.c.path, handoffs.c.stats_sha256).where(handoffs.c.step == step))
        return {(row.path, row.stats_sha256) for row in rows}


def take(engine: Engine, step: str, path: str, stats_sha256: str, at: dt.datetime) -> None:
    """Remember that `step` has taken the file in; twice is the same as once."""
    try:
        with engine.begin() as connection:
            connection.execute(handoffs.insert().values(step=step, path=path, stats_sha256=stats_sha256, at=at))
    except IntegrityError:
        return  # another process took it in at the same moment: one effect, as promised


def forget_all(engine: Engine, step: str) -> None:
    with engine.begin() as connection:
        connection.execute(handoffs.delete().where(handoffs.c.step == step))
