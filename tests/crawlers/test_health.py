"""Source health: said from a source's own runs, at any moment asked for."""

from __future__ import annotations

import datetime as dt

from made_up_board import AS_OF, BASE, Desk, listing, row

from crawlers.health import health
from crawlers.replay import Reply
from crawlers.source import load

LIST = f"{BASE}/list.json"
DAY = dt.timedelta(days=1)


def test_never_crawled(desk: Desk) -> None:
    assert health(desk.engine, load("zz_board"), AS_OF).state == "never"


def test_well_and_how_quick(desk: Desk) -> None:
    desk.crawl()
    desk.board.pages[LIST] = listing(row(4, date="2026-11-17"), row(5, date="2026-11-16"))
    desk.crawl(as_of=AS_OF + 2 * DAY)
    now = health(desk.engine, load("zz_board"), AS_OF + 2 * DAY)
    assert (now.state, now.last_success, now.last_exit, now.missed) == ("ok", AS_OF + 2 * DAY, 0, 0)
    assert now.lag_days == 1.5, "published 16th and 17th, seen on the 18th; what was back-filled does not count"
    assert (now.window, now.count, now.drifted, now.shrunken, now.error_share, now.note) == (
        "30d",
        5,
        False,
        False,
        0.0,
        "",
    )


def test_late_then_down_by_the_schedule(desk: Desk) -> None:
    desk.crawl()
    at = [health(desk.engine, load("zz_board"), AS_OF + n * DAY) for n in (1, 2, 4)]
    assert [h.state for h in at] == ["ok", "late", "down"]
    assert [h.missed for h in at] == [1, 2, 4]
    assert "2 scheduled runs missed" in at[1].note


def test_a_bad_last_run_is_late_at_once_and_says_why(desk: Desk) -> None:
    desk.crawl()
    desk.board.pages[LIST] = b"<html>Sign in</html>"
    desk.crawl(as_of=AS_OF + DAY)
    now = health(desk.engine, load("zz_board"), AS_OF + DAY)
    assert (now.state, now.last_exit, now.drifted, now.last_success) == ("late", 5, True, AS_OF)
    assert "format drifted" in now.note


def test_never_a_success_is_down(desk: Desk) -> None:
    desk.board.pages[LIST] = Reply(403)
    desk.crawl()
    now = health(desk.engine, load("zz_board"), AS_OF)
    assert (now.state, now.last_success) == ("down", None)
    assert "HTTP 403" in now.note


def test_the_share_of_errors(desk: Desk) -> None:
    desk.board.pages[LIST] = listing(row(1), row(2), row(3), row(4, date="never"))
    desk.crawl()
    now = health(desk.engine, load("zz_board"), AS_OF)
    assert (now.last_exit, now.error_share) == (6, 0.25)
    assert now.state == "ok", "delivered, with one record in quarantine"


def test_fewer_than_usual(desk: Desk) -> None:
    """Eight windows of thirty days before had four notices each; this one has one."""
    old = [row(n, date=str(dt.date(2026, 11, 10) - dt.timedelta(days=30 * (1 + n // 4)))) for n in range(32)]
    desk.board.pages[LIST] = listing(*old, row(99))
    desk.crawl(since=dt.date(2025, 1, 1))
    now = health(desk.engine, load("zz_board"), AS_OF)
    assert (now.count, now.usual) == (1, 4)
    assert "1 notices in 30 days, usually 4" in now.note


def test_a_moment_in_the_past_sees_only_its_past(desk: Desk) -> None:
    desk.crawl()
    assert health(desk.engine, load("zz_board"), AS_OF - DAY).state == "never"
