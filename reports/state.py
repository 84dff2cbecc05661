"""The room's own tables: who subscribed, which issues were composed, and what was handed to whom.

The ledger is keyed (issue, subscriber): a row is written as `claimed` before a message leaves and as `sent` after the
server took it. A crash in between leaves `claimed`: it is reported and never sent again by itself, because nobody can
know whether the message left (STACK.md, "Mail").
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Any, Literal

from sqlalchemy import (
    CheckConstraint,
    Column,
    Date,
    DateTime,
    Engine,
    ForeignKey,
    MetaData,
    String,
    Table,
    Text,
    select,
    update,
)
from sqlalchemy.exc import IntegrityError

metadata = MetaData()

#: A subscription as it stood when it was last loaded; `body` is its JSON without the address, which may be erased.
subscriptions = Table(
    "subscriptions",
    metadata,
    Column("id", String(80), primary_key=True),
    Column("email", String(320), nullable=False),
    Column("language", String(2), nullable=False),
    Column("body", Text, nullable=False),
    Column("changed_at", DateTime(timezone=True), nullable=False),
)

#: One composed bulletin: of a period, for a subscription (empty: the general edition).
issues = Table(
    "issues",
    metadata,
    Column("id", String(200), primary_key=True),
    Column("period", String(30), nullable=False, index=True),
    Column("since", Date, nullable=False),
    Column("until", Date, nullable=False),
    Column("subscription", String(80), nullable=False),
    Column("language", String(2), nullable=False),
    Column("sha256", String(64), nullable=False),
    Column("composed_at", DateTime(timezone=True), nullable=False),
)

#: The sent ledger.
sent = Table(
    "sent",
    metadata,
    Column("issue", String(200), ForeignKey("issues.id"), primary_key=True),
    Column("subscriber", String(80), primary_key=True),
    Column("state", String(10), nullable=False),
    Column("claimed_at", DateTime(timezone=True), nullable=False),
    Column("settled_at", DateTime(timezone=True)),
    Column("detail", Text, nullable=False, default=""),
    CheckConstraint("state IN ('claimed', 'sent', 'bounced')", name="sent_state"),
)

Settled = Literal["sent", "bounced"]


class LedgerError(ValueError):
    """The ledger is asked for a step that cannot follow."""


@dataclass(frozen=True)
class Issue:
    id: str
    period: str
    since: dt.date
    until: dt.date
    subscription: str
    language: str
    sha256: str  # of the HTML: composed again with the same words, it is the same issue


def record_issue(engine: Engine, issue: Issue, at: dt.datetime) -> Literal["new", "changed", "unchanged"]:
    """Keep the issue; composing it again changes the row only if its words changed."""
    row: dict[str, Any] = {**issue.__dict__, "composed_at": at}
    with engine.begin() as connection:
        known = connection.execute(select(issues.c.sha256).where(issues.c.id == issue.id)).scalar()
        if known == issue.sha256:
            return "unchanged"
        if known is None:
            connection.execute(issues.insert().values(**row))
            return "new"
        connection.execute(update(issues).where(issues.c.id == issue.id).values(**row))
        return "changed"


def claim(engine: Engine, issue: str, subscriber: str, at: dt.datetime) -> bool:
    """Claim the right to send `issue` to `subscriber`: True for exactly one caller, ever."""
    try:
        with engine.begin() as connection:
            connection.execute(
                sent.insert().values(issue=issue, subscriber=subscriber, state="claimed", claimed_at=at, detail="")
            )
    except IntegrityError:
        with engine.connect() as connection:
            if connection.execute(select(issues.c.id).where(issues.c.id == issue)).scalar() is None:
                raise LedgerError(f"no issue {issue!r} was composed") from None
        return False
    return True


def settle(engine: Engine, issue: str, subscriber: str, state: Settled, at: dt.datetime, detail: str = "") -> None:
    """What became of a claimed message. A message that was sent may still bounce. Raises LedgerError otherwise."""
    before = ("claimed", "sent") if state == "bounced" else ("claimed",)
    with engine.begin() as connection:
        done = connection.execute(
            update(sent)
            .where(sent.c.issue == issue, sent.c.subscriber == subscriber, sent.c.state.in_(before))
            .values(state=state, settled_at=at, detail=detail)
        )
        if done.rowcount != 1:
            raise LedgerError(f"{issue} for {subscriber} cannot become {state!r}: it is not {' or '.join(before)}")


def unsettled(engine: Engine) -> list[tuple[str, str, dt.datetime]]:
    """(issue, subscriber, claimed at) of messages of which nobody knows whether they left: for a person to decide."""
    query = select(sent.c.issue, sent.c.subscriber, sent.c.claimed_at).where(sent.c.state == "claimed")
    with engine.connect() as connection:
        return [(row[0], row[1], row[2]) for row in connection.execute(query.order_by(sent.c.issue, sent.c.subscriber))]
