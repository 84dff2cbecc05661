"""The index room's tables in the state database: versions, what people added, events, and the feed.

With the archive they are the truth: any engine can be rebuilt from the two. Portable over SQLite and PostgreSQL.
"""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Column,
    Date,
    DateTime,
    Float,
    Index,
    Integer,
    MetaData,
    String,
    Table,
    Text,
)

metadata = MetaData()

#: Surrogate keys count up by themselves on both databases.
_Number = BigInteger().with_variant(Integer, "sqlite")

#: One row an alert: which facts and which opinion it stands on, and its numbers. Its content is the body of its last change.
alerts = Table(
    "alerts",
    metadata,
    Column("id", String(300), primary_key=True),
    Column("source", String(60), nullable=False),
    Column("run_seq", Integer, nullable=False),  # of the run that brought the present facts
    Column("fetched_at", String(40), nullable=False),  # ISO, UTC: orders the facts of two routes
    Column("notice_hash", String(64), nullable=False),
    Column("opinion_hash", String(64), nullable=False),
    Column("revision", Integer, nullable=False),
    Column("version", Integer, nullable=False),
    Column("event", String(300), nullable=False),
    Column("published", Date, nullable=False),
    Column("symbol", String(200), nullable=False),
    Column("parent_symbol", String(200), nullable=False),
    Column("status", String(20), nullable=False),
    Column("sequence", BigInteger, nullable=False),  # of its last change
    Index("alerts_by_symbol", "symbol"),
    Index("alerts_by_parent", "parent_symbol"),
    Index("alerts_by_event", "event"),
)

#: Opinions that another one has replaced: reading their file again must not bring them back.
superseded = Table(
    "superseded",
    metadata,
    Column("alert_id", String(300), primary_key=True),
    Column("notice_hash", String(64), primary_key=True),
    Column("opinion_hash", String(64), primary_key=True),
)

corrections = Table(
    "corrections",
    metadata,
    Column("seq", _Number, primary_key=True),
    Column("alert_id", String(300), nullable=False),
    Column("field", String(30), nullable=False),
    Column("value", Text, nullable=False),  # JSON
    Column("replaced", Text, nullable=False),  # JSON
    Column("by", String(200), nullable=False),
    Column("at", DateTime(timezone=True), nullable=False),
    Column("notice_hash", String(64), nullable=False),
    Column("reason", Text, nullable=False),
    Index("corrections_by_alert", "alert_id", "seq"),
)

notes = Table(
    "notes",
    metadata,
    Column("seq", _Number, primary_key=True),
    Column("alert_id", String(300), nullable=False),
    Column("text", Text, nullable=False),
    Column("by", String(200), nullable=False),
    Column("at", DateTime(timezone=True), nullable=False),
    Index("notes_by_alert", "alert_id", "seq"),
)

#: Analysts' merges and splits, in the order they were made; they always win over scores.
constraints = Table(
    "event_constraints",
    metadata,
    Column("seq", _Number, primary_key=True),
    Column("kind", String(10), nullable=False),  # merge | split
    Column("alert_id", String(300), nullable=False),
    Column("other_id", String(300), nullable=False),  # merge: the alert it belongs with; split: empty
    Column("by", String(200), nullable=False),
    Column("at", DateTime(timezone=True), nullable=False),
    Index("constraints_by_alert", "alert_id"),
    Index("constraints_by_other", "other_id"),
)

#: What alerts of one event may have in common; only alerts that share a key are compared.
event_keys = Table(
    "event_keys",
    metadata,
    Column("key", String(200), primary_key=True),
    Column("alert_id", String(300), primary_key=True),
    Index("event_keys_by_alert", "alert_id"),
)

#: Keys that too many alerts share: they tell nothing apart, whatever order the alerts came in.
common_keys = Table("common_keys", metadata, Column("key", String(200), primary_key=True))

#: Pairs that belong together, with the key that brought them to comparison; `a` < `b`.
links = Table(
    "event_links",
    metadata,
    Column("a", String(300), primary_key=True),
    Column("b", String(300), primary_key=True),
    Column("key", String(200), primary_key=True),
    Column("score", Float, nullable=False),
    Index("links_by_b", "b"),
    Index("links_by_key", "key"),
)

#: The row `changes` is locked while a change is written, so that commit order is the order of sequences.
counters = Table(
    "counters",
    metadata,
    Column("name", String(30), primary_key=True),
    Column("value", BigInteger, nullable=False),
)

#: The feed itself. `body` is the alert as one JSON line, `hash` its canonical hash without fetch and run.
changes = Table(
    "changes",
    metadata,
    Column("sequence", BigInteger, primary_key=True, autoincrement=False),
    Column("alert_id", String(300), nullable=False),
    Column("version", Integer, nullable=False),
    Column("kind", String(10), nullable=False),
    Column("hash", String(64), nullable=False),
    Column("body", Text, nullable=False),
    Index("changes_by_alert", "alert_id", "version", unique=True),
)
