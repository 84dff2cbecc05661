"""The migrations make exactly the tables the rooms declare, on both databases."""

from __future__ import annotations

from pathlib import Path

from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext

from tradewarn import database


def differences(url: str) -> list[object]:
    engine = database.state(url)
    try:
        with engine.connect() as connection:
            context = MigrationContext.configure(connection, opts={"compare_type": True})
            return list(compare_metadata(context, database.whole_metadata()))
    finally:
        engine.dispose()


def test_sqlite_is_what_the_rooms_declare(tmp_path: Path) -> None:
    """Shown to fail by adding a column to `index.state.alerts` without a migration."""
    url = f"sqlite:///{tmp_path / 'state.db'}"
    assert differences(url) == []
    assert differences(url) == []  # migrating twice is migrating once
