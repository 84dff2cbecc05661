"""The state database: one engine for all rooms, brought to the newest migration before anything touches it."""

from __future__ import annotations

from pathlib import Path

from alembic import command
from alembic.config import Config
from sqlalchemy import Engine, MetaData, create_engine, event
from sqlalchemy.engine import make_url

import crawlers.state
import index.state
import reports.state
import tradewarn.state

MIGRATIONS = Path(__file__).parent / "migrations"


def all_metadata() -> list[MetaData]:
    """The tables of every room, each declared in its own `state.py`."""
    return [crawlers.state.metadata, index.state.metadata, reports.state.metadata, tradewarn.state.metadata]


def connect(url: str) -> Engine:
    """An engine for `url` (SQLite or PostgreSQL), without migrating."""
    parsed = make_url(url)
    if parsed.get_backend_name() != "sqlite":
        if parsed.drivername == "postgresql":
            parsed = parsed.set(drivername="postgresql+psycopg")
        return create_engine(parsed, pool_pre_ping=True)
    if parsed.database:
        Path(parsed.database).parent.mkdir(parents=True, exist_ok=True)
    engine = create_engine(parsed, connect_args={"timeout": 60})

    @event.listens_for(engine, "connect")
    def _pragmas(connection: object, _: object) -> None:
        cursor = connection.cursor()  # type: ignore[attr-defined]
        # WAL: readers never wait for the writer; a crawl, the portal and a classify share one file.
        for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON", "busy_timeout=60000"):
            cursor.execute(f"PRAGMA {pragma}")
        cursor.close()

    return engine


def config(engine: Engine) -> Config:
    conf = Config()
    conf.set_main_option("script_location", str(MIGRATIONS))
    conf.attributes["engine"] = engine
    return conf


def migrate(engine: Engine) -> None:
    """Bring the database to the newest migration; a fresh one gets every table. Safe to call on each start."""
    command.upgrade(config(engine), "head")


def state(url: str) -> Engine:
    """The state database at `url`, migrated."""
    engine = connect(url)
    migrate(engine)
    return engine


def whole_metadata() -> MetaData:
    """One MetaData with the tables of every room, to hold the database against."""
    whole = MetaData()
    for metadata in all_metadata():
        for table in metadata.sorted_tables:
            table.to_metadata(whole)
    return whole
