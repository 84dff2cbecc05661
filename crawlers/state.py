"""The crawl's own tables. Losing them costs work, never notices: `run_seq` and `seen` can be read from the archive again."""

from __future__ import annotations

from sqlalchemy import Column, Date, DateTime, Engine, Index, Integer, MetaData, String, Table, Text, create_engine
from sqlalchemy.engine import make_url

metadata = MetaData()

#: One row per run of a source, also of failed ones: what health is judged from.
runs = Table(
    "runs",
    metadata,
    Column("source", String(60), primary_key=True),
    Column("run", String(120), primary_key=True),
    Column("run_seq", Integer, nullable=False),
    Column("as_of", DateTime(timezone=True), nullable=False),
    Column("since", Date, nullable=False),
    Column("until", Date, nullable=False),
    Column("explicit", Integer, nullable=False),  # 1: `--since` or `--until` was given
    Column("exit", Integer, nullable=True),  # empty: it has not ended, or was killed
    Column("complete", Integer, nullable=False),  # 1: a whole list was read without a fault
    Column("counts", Text, nullable=False),  # JSON object of numbers
    Column("messages", Text, nullable=False),  # JSON list of strings
    Column("day", Date, nullable=False),  # where its files stand in the archive
    Index("runs_by_seq", "source", "run_seq", unique=True),  # two crawls at once get two numbers
)

#: The newest known hash of every notice, by source: what is "new or changed" is decided here.
seen = Table(
    "seen",
    metadata,
    Column("source", String(60), primary_key=True),
    Column("id", String(300), primary_key=True),
    Column("hash", String(64), nullable=False),
    Column("published", Date, nullable=False),
    Column("first_seen", DateTime(timezone=True), nullable=False),
    Column("run_seq", Integer, nullable=False),  # the run that wrote its present line
    Column("day", Date, nullable=False),  # where that line stands: archive/notices/<source>/<day>/<run>
    Column("run", String(120), nullable=False),
    Column("withdrawn", Integer, nullable=False, default=0),
    Index("seen_by_published", "source", "published"),
    Index("seen_by_id", "id"),  # the routes of one register share ids
)

#: Up to which day a source is known, inclusive. Committed after the files.
watermarks = Table(
    "watermarks",
    metadata,
    Column("source", String(60), primary_key=True),
    Column("until", Date, nullable=False),
    Column("run_seq", Integer, nullable=False),
)

#: ETag and Last-Modified per request, so that what did not change is not sent again.
validators = Table(
    "validators",
    metadata,
    Column("source", String(60), primary_key=True),
    Column("request", String(64), primary_key=True),  # sha256 of method, URL and body
    Column("url", Text, nullable=False),
    Column("etag", Text, nullable=False),
    Column("last_modified", Text, nullable=False),
    Column("source_version", String(16), nullable=False),  # a changed reading asks for everything again
    Column("run_seq", Integer, nullable=False),
)

#: Ids absent from a healthy complete list, and how often in a row: two make a withdrawal.
list_absence = Table(
    "list_absence",
    metadata,
    Column("source", String(60), primary_key=True),
    Column("id", String(300), primary_key=True),
    Column("times", Integer, nullable=False),
    Column("run_seq", Integer, nullable=False),
)


def connect(url: str) -> Engine:
    """An engine for a process of the crawl; the tables are there already (the composer migrates)."""
    parsed = make_url(url)
    if parsed.get_backend_name() == "sqlite":
        return create_engine(parsed, connect_args={"timeout": 60})
    return create_engine(parsed.set(drivername="postgresql+psycopg") if parsed.drivername == "postgresql" else parsed)
