"""The room's tables: issues are kept once, a message is claimed once and its end is known or reported."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import Engine, create_engine, event

from reports.state import Issue, LedgerError, claim, metadata, record_issue, settle, unsettled

AT = dt.datetime(2026, 11, 16, 6, tzinfo=dt.UTC)
ISSUE = Issue("2026-W46-a-zh", "2026-W46", dt.date(2026, 11, 9), dt.date(2026, 11, 15), "a", "zh", "0" * 64)


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[Engine]:
    made = create_engine(f"sqlite:///{tmp_path / 'state.db'}")
    event.listen(made, "connect", lambda connection, _: connection.execute("PRAGMA foreign_keys=ON"))
    metadata.create_all(made)
    yield made
    made.dispose()


def test_an_issue_is_new_once_and_changed_only_by_its_words(engine: Engine) -> None:
    other = Issue(**{**ISSUE.__dict__, "sha256": "1" * 64})
    told = [record_issue(engine, one, AT) for one in (ISSUE, ISSUE, other, other)]
    assert told == ["new", "unchanged", "changed", "unchanged"]


def test_one_claim_and_its_end(engine: Engine) -> None:
    record_issue(engine, ISSUE, AT)
    assert [claim(engine, ISSUE.id, "a", AT) for _ in range(3)] == [True, False, False]
    assert [row[:2] for row in unsettled(engine)] == [(ISSUE.id, "a")]
    settle(engine, ISSUE.id, "a", "sent", AT)
    assert unsettled(engine) == []
    assert claim(engine, ISSUE.id, "a", AT) is False  # sent stays sent: never twice
    settle(engine, ISSUE.id, "a", "bounced", AT, "550 no such user")
    with pytest.raises(LedgerError, match="cannot become 'sent'"):
        settle(engine, ISSUE.id, "a", "sent", AT)


def test_steps_that_cannot_follow(engine: Engine) -> None:
    with pytest.raises(LedgerError, match="no issue"):
        claim(engine, "2026-W01-x-zh", "a", AT)
    record_issue(engine, ISSUE, AT)
    with pytest.raises(LedgerError, match="cannot become"):
        settle(engine, ISSUE.id, "a", "sent", AT)


def test_a_crash_after_the_claim_is_reported_never_sent_again(engine: Engine) -> None:
    record_issue(engine, ISSUE, AT)
    assert claim(engine, ISSUE.id, "a", AT)
    # the process dies here; the next run:
    assert not claim(engine, ISSUE.id, "a", AT + dt.timedelta(hours=1))
    assert len(unsettled(engine)) == 1
