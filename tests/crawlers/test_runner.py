"""The runner: exit codes, windows, what counts as new, and that a crash between any two steps loses and doubles nothing."""

from __future__ import annotations

import datetime as dt
import json
import time

import pytest
from made_up_board import AS_OF, BASE, Desk, listing, row
from sqlalchemy import select

from crawlers import ledger
from crawlers.replay import Reply
from crawlers.state import runs

LIST = f"{BASE}/list.json"


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.component("postgres"))])
def state_url(request: pytest.FixtureRequest) -> str:
    """Every test here, on both databases."""
    return "" if request.param == "sqlite" else str(request.getfixturevalue("postgres_server").database())


def ids(desk: Desk) -> list[str]:
    return [notice.id for notice in desk.notices()]


def test_a_first_crawl_goes_back_thirty_days_and_is_committed(desk: Desk) -> None:
    result = desk.crawl()
    assert (result.exit, result.run_seq, result.counts["new"]) == (0, 1, 3), result.messages
    (files,) = desk.archive.committed("notices", "zz_board")
    assert (files.run, files.run_seq, files.stats["since"], files.stats["until"]) == (
        result.run,
        1,
        "2026-10-17",
        "2026-11-16",
    )
    assert result.files == (files.path,)
    assert [line["run_seq"] for line in desk.lines()] == [1, 1, 1]
    notice = desk.notices()[0]
    assert notice.provenance.url == LIST
    assert desk.archive.body("zz_board", AS_OF.date(), notice.provenance.body_sha256) == desk.board.pages[LIST]
    assert ledger.watermark(desk.engine, "zz_board") == AS_OF.date()


def test_a_crawl_again_brings_nothing_and_asks_for_the_overlap_only(desk: Desk) -> None:
    desk.crawl()
    again = desk.crawl(as_of=AS_OF + dt.timedelta(days=1))
    assert (again.exit, again.run_seq) == (0, 2)
    assert (again.counts["new"], again.counts["changed"], again.counts["unchanged"]) == (0, 0, 0)
    assert desk.archive.committed("notices")[1].stats["since"] == "2026-11-13"
    assert len(ids(desk)) == 3


def test_changed_facts_are_written_again_and_once(desk: Desk) -> None:
    desk.crawl()
    desk.board.pages[LIST] = listing(
        row(1), row(2, title="Toaster", date="2026-11-14"), row(3), row(4, date="2026-11-15")
    )
    result = desk.crawl(since=dt.date(2026, 11, 1))
    assert (result.counts["new"], result.counts["changed"], result.counts["unchanged"]) == (1, 1, 2)
    assert ids(desk)[3:] == ["zz_board:A-2", "zz_board:A-4"]
    assert desk.crawl(since=dt.date(2026, 11, 1)).counts["changed"] == 0


def test_the_same_response_twice_counts_once(desk: Desk) -> None:
    desk.board.pages[LIST] = listing(row(1), row(1), row(2), next=f"{BASE}/two.json")
    desk.board.pages[f"{BASE}/two.json"] = listing(row(2), row(3))
    result = desk.crawl()
    assert (result.exit, result.counts["new"], result.counts["duplicates"]) == (0, 3, 2)
    assert sorted(ids(desk)) == ["zz_board:A-1", "zz_board:A-2", "zz_board:A-3"]


def test_one_id_with_two_sets_of_facts_keeps_the_first_and_quarantines_the_other(desk: Desk) -> None:
    desk.board.pages[LIST] = listing(row(1), row(1, title="Iron"))
    result = desk.crawl()
    assert result.exit == 6
    assert "zz_board:A-1 stands twice" in result.messages[0]
    (kept,) = desk.lines("quarantine")
    assert "Iron 1" in kept["raw"]
    assert kept["field"] == "id"
    assert desk.crawl(since=dt.date(2026, 11, 1)).counts["changed"] == 0, "it must not flap between the two"


def test_a_bad_record_is_quarantined_whole_and_the_rest_delivered(desk: Desk) -> None:
    desk.board.pages[LIST] = listing(
        row(1), row(2, date="31/02/2026"), {"id": "", "title": "x", "date": "2026-11-10"}, row(4)
    )
    result = desk.crawl()
    assert result.exit == 6
    assert sorted(ids(desk)) == ["zz_board:A-1", "zz_board:A-4"]
    assert any("zz_board: record" in m and "date" in m for m in result.messages)
    kept = desk.lines("quarantine")
    assert [(line["field"], json.loads(line["raw"])["title"]) for line in kept] == [("date", "Kettle 2"), ("id", "x")]
    assert desk.archive.body("zz_board", AS_OF.date(), kept[0]["body_sha256"]) == desk.board.pages[LIST]
    desk.board.pages[LIST] = listing(row(1), row(2), row(4))
    mended = desk.crawl()
    assert (mended.exit, mended.counts["new"]) == (0, 1)


def test_a_page_that_drifts_leaves_nothing_and_the_others_are_delivered(desk: Desk) -> None:
    desk.board.pages[LIST] = listing(row(1), linked=[f"{BASE}/two.json"])
    desk.board.pages[f"{BASE}/two.json"] = json.dumps(
        {"items": [row(2), {"id": "A-3", "name": "x", "date": "2026-11-10"}]}
    ).encode()
    result = desk.crawl()
    assert result.exit == 5
    assert "zz_board" in result.messages[0]
    assert "'title'" in result.messages[0]
    assert ids(desk) == ["zz_board:A-1"], "nothing of the drifted page, also not what stood before the fault"
    assert ledger.watermark(desk.engine, "zz_board") is None
    desk.board.pages[f"{BASE}/two.json"] = listing(row(2), row(3))
    assert desk.crawl().counts["new"] == 2
    assert sorted(ids(desk)) == ["zz_board:A-1", "zz_board:A-2", "zz_board:A-3"]


def test_unreachable_is_four_and_leaves_the_archive_alone(desk: Desk) -> None:
    desk.board.pages[LIST] = Reply(503, {}, b"busy")
    result = desk.crawl()
    assert result.exit == 4
    assert result.messages[0] == f"zz_board: unreachable: HTTP 503 ({LIST})"
    assert result.files == ()
    assert desk.board.asked.count(f"GET {LIST}") == 3
    assert desk.archive.committed("notices") == []
    with desk.engine.connect() as connection:
        assert connection.execute(select(runs.c.exit)).scalars().all() == [4]


def test_a_server_that_recovers_is_waited_for(desk: Desk) -> None:
    good = desk.board.pages[LIST]
    assert isinstance(good, bytes)
    desk.board.pages[LIST] = lambda times: (
        Reply(500) if times < 3 else Reply(200, {"Content-Type": "application/json"}, good)
    )
    assert desk.crawl().counts["new"] == 3


def test_retry_after_is_honoured_without_holding_up_the_reactor(desk: Desk) -> None:
    good, times = desk.board.pages[LIST], []
    assert isinstance(good, bytes)

    def busy(asked: int) -> Reply:
        times.append(time.monotonic())
        return (
            Reply(429, {"Retry-After": "1"}) if asked == 1 else Reply(200, {"Content-Type": "application/json"}, good)
        )

    desk.board.pages[LIST] = busy
    result = desk.crawl(limits=desk.limits.model_copy(update={"longest_wait": 5.0}))
    assert result.exit == 0
    assert 0.95 <= times[1] - times[0] < 3


def test_a_retry_after_that_is_too_long_means_come_back_later(desk: Desk) -> None:
    desk.board.pages[LIST] = Reply(429, {"Retry-After": "86400"})
    started = time.monotonic()
    result = desk.crawl()
    assert (result.exit, desk.board.asked.count(f"GET {LIST}")) == (4, 1)
    assert "asks to wait 86400 s" in result.messages[0]
    assert time.monotonic() - started < 5


def test_a_linked_page_that_is_gone_does_not_stop_the_list(desk: Desk) -> None:
    desk.board.pages[LIST] = listing(row(1), linked=[f"{BASE}/gone.json"])
    result = desk.crawl()
    assert (result.exit, result.counts["new"]) == (6, 1)
    assert f"a linked page is gone: HTTP 404 ({BASE}/gone.json)" in result.messages[0]
    assert ledger.watermark(desk.engine, "zz_board") == AS_OF.date()


def test_an_empty_list_is_three_by_the_window_and_never_for_since(desk: Desk) -> None:
    desk.board.pages[LIST] = listing()
    empty = desk.crawl()
    assert empty.exit == 3
    assert "expected at least 1" in empty.messages[0]
    assert "published 2026-10-18..2026-11-16" in empty.messages[0]
    assert ledger.watermark(desk.engine, "zz_board") is None
    assert desk.crawl(since=dt.date(2026, 11, 15)).exit == 0


def test_an_empty_day_inside_the_window_is_fine(desk: Desk) -> None:
    desk.crawl()
    desk.board.pages[LIST] = listing()
    assert desk.crawl(as_of=AS_OF + dt.timedelta(days=1)).exit == 0


def test_usage_faults_are_two(desk: Desk) -> None:
    assert desk.crawl(source="zz_nobody").exit == 2
    assert desk.crawl(since=dt.date(2026, 11, 17)).exit == 2
    live = desk.crawl(replay=None, contact="")
    assert live.exit == 2
    assert "TRADEWARN_CONTACT" in live.messages[0]


def test_an_exception_in_a_parser_is_our_bug(desk: Desk) -> None:
    desk.board.pages[LIST] = json.dumps(
        {"items": [{"id": "A-1", "title": "x", "date": "2026-11-10", "risk": 3}, 5]}
    ).encode()
    result = desk.crawl()
    assert result.exit == 1
    assert "TypeError" in result.messages[0]
    assert ".py:" in result.messages[0]
    assert desk.archive.committed("notices") == []


def test_unchanged_pages_are_not_sent_again(desk: Desk) -> None:
    desk.board.pages[LIST] = Reply(200, {"Content-Type": "application/json", "ETag": '"v1"'}, listing(row(1)))
    assert desk.crawl().counts["new"] == 1
    again = desk.crawl(as_of=AS_OF + dt.timedelta(days=1))
    assert (again.exit, again.counts["not_modified"], again.counts["records"]) == (0, 1, 0)
    assert desk.board.headers_seen[-1]["if-none-match"] == '"v1"'
    assert desk.crawl(since=dt.date(2026, 11, 1)).counts["records"] == 1, "a back-fill wants the page itself"


def test_a_page_that_was_not_read_well_is_not_remembered(desk: Desk) -> None:
    desk.board.pages[LIST] = Reply(200, {"ETag": '"v1"'}, b"<html>login</html>")
    assert desk.crawl().exit == 5
    desk.board.pages[LIST] = Reply(200, {"ETag": '"v1"'}, listing(row(1)))
    assert desk.crawl().counts["new"] == 1


def test_redirects_are_followed_and_never_into_a_private_network(desk: Desk) -> None:
    desk.board.pages[LIST] = Reply(302, {"Location": f"{BASE}/moved.json"})
    desk.board.pages[f"{BASE}/moved.json"] = listing(row(1))
    assert desk.crawl().counts["new"] == 1
    for target in (
        "http://169.254.169.254/latest",
        "http://127.0.0.1:9/",
        "http://localhost/",
        "http://[::1]/",
        "http://2130706433/",
        "file:///etc/passwd",
        "https://elsewhere.example.net/",
    ):
        desk.board.pages[LIST] = Reply(302, {"Location": target})
        result = desk.crawl(as_of=AS_OF + dt.timedelta(days=1))
        assert result.exit == 4, target
        assert "zz_board: unreachable" in result.messages[0]
        assert "refused" in result.messages[0] or target.startswith("file"), result.messages


def test_robots_are_obeyed(desk: Desk) -> None:
    desk.board.pages[f"{BASE}/robots.txt"] = Reply(
        200, {"Content-Type": "text/plain"}, b"User-agent: *\nDisallow: /list\n"
    )
    result = desk.crawl()
    assert result.exit == 4
    assert "robots.txt" in result.messages[0]
    assert f"GET {LIST}" not in desk.board.asked


def test_the_server_is_told_who_asks(desk: Desk) -> None:
    desk.crawl(contact="desk@example.org")
    assert "desk@example.org" in desk.board.headers_seen[0]["user-agent"]


def test_after_five_failures_in_a_row_the_rest_is_not_asked_for(desk: Desk) -> None:
    desk.board.pages[LIST] = listing(row(1), linked=[f"{BASE}/{n}.json" for n in range(60)])
    for number in range(60):
        desk.board.pages[f"{BASE}/{number}.json"] = Reply(403)
    result = desk.crawl()
    assert result.exit == 4
    assert any("5 failures in a row" in m for m in result.messages)
    assert len([a for a in desk.board.asked if "robots" not in a]) < 30
    assert ids(desk) == ["zz_board:A-1"]


def test_since_behind_a_gap_leaves_the_watermark(desk: Desk) -> None:
    desk.crawl(as_of=dt.datetime(2026, 10, 1, tzinfo=dt.UTC), since=dt.date(2026, 9, 1))
    assert ledger.watermark(desk.engine, "zz_board") == dt.date(2026, 10, 1)
    desk.crawl(since=dt.date(2026, 11, 1))
    assert ledger.watermark(desk.engine, "zz_board") == dt.date(2026, 10, 1)
    desk.crawl(since=dt.date(2026, 9, 20))
    assert ledger.watermark(desk.engine, "zz_board") == AS_OF.date()
