"""The catalogue: versions, overlay, events and feed, on every state database that can be had."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from sqlalchemy import Engine

from crawlers.notice import Notice
from index import events
from index.alert import Alert
from index.catalogue import Catalogue, UnknownAlert
from index.query import parse
from index.store import StoreError
from nlp.assessment import Assessment

AT = dt.datetime(2026, 11, 16, 8, tzinfo=dt.UTC)
Make = Callable[..., Any]


@pytest.fixture
def line(make_notice: Make, make_assessment: Make) -> Callable[..., tuple[int, Notice, Assessment]]:
    def make(name: str, seq: int = 1, opinion: dict[str, Any] | None = None, **fields: Any) -> Any:
        notice = make_notice(name, **fields)
        return seq, notice, make_assessment(notice, **(opinion or {}))

    return make


def same_symbol(a: Notice, b: Notice) -> float:
    """A score simple enough to reason about: one symbol family, or one thing `stated`."""
    shared = set(a.stated.items()) & set(b.stated.items())
    family = {a.symbol.split("/Add")[0], a.parent_symbol} & {b.symbol.split("/Add")[0], b.parent_symbol} - {""}
    return 1.0 if shared or family else 0.0


@pytest.fixture
def catalogue(state_engine: Engine, sqlite_store: Any) -> Catalogue:
    return Catalogue(state_engine, sqlite_store, score=same_symbol, threshold=0.5)


def feed_of(catalogue: Catalogue) -> list[tuple[str, int, str]]:
    return [(c.alert_id, c.version, c.kind) for c in catalogue.changes(0, 1000)]


def test_a_load_makes_alerts_and_a_feed_and_again_does_nothing(
    catalogue: Catalogue, line: Make, as_of: dt.date
) -> None:
    lines = [line("a", title="Lithium battery"), line("b", title="Toy")]
    assert catalogue.load(lines).model_dump(exclude={"reasons"}) == {
        "new": 2,
        "changed": 0,
        "unchanged": 0,
        "rejected": 0,
    }
    assert catalogue.load(lines).unchanged == 2
    assert feed_of(catalogue) == [("test:a", 1, "new"), ("test:b", 1, "new")]
    alert = catalogue.get("test:a")
    assert alert is not None
    assert (alert.version, alert.revision, alert.event) == (1, 1, "test:a")
    assert catalogue.changes(1, 10)[0].alert == catalogue.get("test:b")


def test_changed_facts_are_a_revision_changed_opinions_only_a_version(catalogue: Catalogue, line: Make) -> None:
    catalogue.load([line("a")])
    catalogue.load([line("a", seq=2, title="Another title")])
    alert = catalogue.get("test:a")
    assert alert is not None
    assert (alert.revision, alert.version, alert.notice.title) == (2, 2, "Another title")
    catalogue.load([line("a", seq=2, title="Another title", opinion={"concepts": ["tea"]})])
    alert = catalogue.get("test:a")
    assert alert is not None
    assert (alert.revision, alert.version) == (2, 3)
    assert feed_of(catalogue) == [("test:a", 1, "new"), ("test:a", 2, "changed"), ("test:a", 3, "changed")]


def test_older_input_never_replaces_newer(catalogue: Catalogue, line: Make) -> None:
    old, new = line("a", seq=1, title="Old"), line("a", seq=2, title="New")
    catalogue.load([new])
    assert catalogue.load([old]).unchanged == 1
    alert = catalogue.get("test:a")
    assert alert is not None
    assert alert.notice.title == "New"


def test_an_unchanged_newer_run_still_guards_against_older_ones(catalogue: Catalogue, line: Make) -> None:
    catalogue.load([line("a", seq=1, title="A")])
    catalogue.load([line("a", seq=5, title="A")])
    assert catalogue.load([line("a", seq=3, title="B")]).changed == 0


def test_a_replaced_opinion_does_not_come_back_with_its_file(catalogue: Catalogue, line: Make) -> None:
    first, second = line("a"), line("a", opinion={"concepts": ["tea"]})
    catalogue.load([first])
    catalogue.load([second])
    assert catalogue.load([first]).unchanged == 1
    assert catalogue.load([second]).unchanged == 1
    assert len(feed_of(catalogue)) == 2


def test_facts_that_return_bring_their_opinion_back(catalogue: Catalogue, line: Make) -> None:
    catalogue.load([line("a", seq=1, title="A")])
    catalogue.load([line("a", seq=1, title="A", opinion={"concepts": ["tea"]})])
    catalogue.load([line("a", seq=2, title="B")])
    assert catalogue.load([line("a", seq=3, title="A")]).changed == 1
    alert = catalogue.get("test:a")
    assert alert is not None
    assert (alert.revision, alert.version, alert.assessment.concepts) == (3, 4, ())


def test_two_routes_of_one_register_end_the_same_in_either_order(
    make_notice: Make, make_assessment: Make, state_engine: Engine, sqlite_store: Any
) -> None:
    early, late = "2026-11-01T00:00:00Z", "2026-11-02T00:00:00Z"

    def route(source: str, title: str, at: str) -> tuple[int, Notice, Assessment]:
        notice = make_notice("w", source=source, title=title)
        notice = notice.model_copy(
            update={"provenance": notice.provenance.model_copy(update={"fetched_at": dt.datetime.fromisoformat(at)})}
        )
        return 9 if source == "bulk" else 1, notice, make_assessment(notice)

    lines = [route("bulk", "From the workbook", early), route("api", "From the API", late)]
    catalogue = Catalogue(state_engine, sqlite_store, score=same_symbol, threshold=0.5)
    for order in (lines, lines[::-1]):
        for one in order:
            catalogue.load([one])
        alert = catalogue.get("test:w")
        assert alert is not None
        assert alert.notice.title == "From the API"


def test_a_line_whose_opinion_is_of_other_facts_is_rejected(catalogue: Catalogue, line: Make) -> None:
    seq, notice, assessment = line("a")
    loaded = catalogue.load([(seq, notice, assessment.model_copy(update={"notice_hash": "0" * 64})), line("b")])
    assert (loaded.new, loaded.rejected) == (1, 1)
    assert "other facts" in loaded.reasons[0]


def test_a_correction_wins_survives_and_returns_to_review_when_the_facts_change(
    catalogue: Catalogue, line: Make, as_of: dt.date, sqlite_store: Any
) -> None:
    catalogue.load([line("a", opinion={"severity": {"value": "low", "basis": "mapped"}})])
    catalogue.correct("test:a", "severity", {"value": "high", "basis": "official"}, "analyst", AT, "the act says so")
    alert = catalogue.get("test:a")
    assert alert is not None
    assert alert.overlay.corrections[0].replaced == {
        "value": "low",
        "basis": "mapped",
        "rule": "",
        "probability": None,
        "evidence": [],
    }
    catalogue.load([line("a", opinion={"severity": {"value": "medium", "basis": "mapped"}})])  # classified again
    assert sqlite_store.search(parse("severity:high"), as_of=as_of).total == 1
    catalogue.set_status("test:a", "reviewed")
    catalogue.load([line("a", seq=2, title="The facts changed")])
    alert = catalogue.get("test:a")
    assert alert is not None
    assert alert.effective.severity.value == "high"
    assert alert.overlay.status == "returned"
    kinds = [kind for _, _, kind in feed_of(catalogue)]
    assert kinds == ["new", "corrected", "changed", "changed", "changed"]
    assert [version for _, version, _ in feed_of(catalogue)] == [1, 2, 3, 4, 5]


def test_correcting_the_severity_of_an_incident_of_chinese_origin_corrects_its_level(
    catalogue: Catalogue, line: Make, as_of: dt.date, sqlite_store: Any
) -> None:
    catalogue.load([line("a", origins=["CN"], opinion={"reach": {"value": "names_china"}})])
    assert sqlite_store.search(parse("level:red"), as_of=as_of).total == 0
    catalogue.correct("test:a", "severity", {"value": "high", "basis": "official"}, "analyst", AT)
    assert sqlite_store.search(parse("level:red"), as_of=as_of).total == 1


def test_a_correction_that_does_not_fit_is_refused_and_changes_nothing(catalogue: Catalogue, line: Make) -> None:
    catalogue.load([line("a")])
    with pytest.raises(ValueError, match="severity"):
        catalogue.correct("test:a", "severity", {"value": "terrible"}, "analyst", AT)
    with pytest.raises(UnknownAlert):
        catalogue.note("test:nobody", "hm", "analyst", AT)
    assert len(feed_of(catalogue)) == 1


def test_notes_and_status_are_told_once(catalogue: Catalogue, line: Make) -> None:
    catalogue.load([line("a")])
    catalogue.note("test:a", "call the association", "analyst", AT)
    catalogue.set_status("test:a", "reviewed")
    catalogue.set_status("test:a", "reviewed")
    assert feed_of(catalogue)[1:] == [("test:a", 2, "changed"), ("test:a", 3, "changed")]
    alert = catalogue.get("test:a")
    assert alert is not None
    assert alert.overlay.notes[0].text == "call the association"


def test_a_withdrawal_is_told_as_one(catalogue: Catalogue, line: Make) -> None:
    catalogue.load([line("a")])
    catalogue.load([line("a", seq=2, withdrawn=True)])
    assert feed_of(catalogue)[-1] == ("test:a", 2, "withdrawn")


def test_a_withdrawn_alert_is_counted_alike_in_state_and_index(state_engine: Engine, store: Any, line: Make) -> None:
    """`doctor` and `/health` compare the two counts: a withdrawal keeps its alert, in both, also after a rebuild.

    Shown to fail with a store that leaves withdrawn alerts out: 3 in the state against 2.
    """
    catalogue = Catalogue(state_engine, store, score=same_symbol, threshold=0.5)
    assert (catalogue.count(), store.count()) == (0, 0)
    lines = [line("a"), line("b"), line("c", withdrawn=True), line("a", seq=2, withdrawn=True)]
    for one in lines:
        catalogue.load([one])
        assert catalogue.count() == store.count()
    assert catalogue.count() == 3
    assert catalogue.rebuild(lines) == catalogue.count() == store.count() == 3


# --- events ----------------------------------------------------------------------------------------------------------


def family(line: Make) -> list[Any]:
    return [
        line("base", symbol="G/TBT/N/USA/1", kind="notification", published="2026-01-05"),
        line("add1", symbol="G/TBT/N/USA/1/Add.1", parent_symbol="G/TBT/N/USA/1", kind="notification"),
        line("add2", symbol="G/TBT/N/USA/1/Add.2", parent_symbol="G/TBT/N/USA/1", kind="notification"),
        line("other", symbol="G/TBT/N/USA/2", kind="notification"),
    ]


@pytest.mark.parametrize("order", [(0, 1, 2, 3), (3, 2, 1, 0), (1, 3, 2, 0)])
def test_an_event_is_its_oldest_members_whatever_the_order(catalogue: Catalogue, line: Make, order: Any) -> None:
    lines = family(line)
    for position in order:
        catalogue.load([lines[position]])
    assert [alert.id for alert in catalogue.event("test:base")] == ["test:base", "test:add1", "test:add2"]
    assert [alert.id for alert in catalogue.event("test:add1")] == ["test:base", "test:add1", "test:add2"]
    assert [alert.id for alert in catalogue.event("test:other")] == ["test:other"]
    assert {alert.event for alert in catalogue.event("test:base")} == {"test:base"}


def test_who_moves_to_another_event_gets_a_version_and_is_told(catalogue: Catalogue, line: Make) -> None:
    lines = family(line)
    catalogue.load([lines[1]])
    catalogue.load([lines[0]])
    assert feed_of(catalogue) == [("test:add1", 1, "new"), ("test:base", 1, "new"), ("test:add1", 2, "merged")]


def test_a_split_keeps_an_alert_out_and_only_a_merge_brings_it_back(catalogue: Catalogue, line: Make) -> None:
    lines = family(line)
    catalogue.load(lines[:3])
    catalogue.split("test:add1", "analyst", AT)
    assert [alert.id for alert in catalogue.event("test:base")] == ["test:base", "test:add2"]
    catalogue.load(
        [line("add1", seq=2, symbol="G/TBT/N/USA/1/Add.1", parent_symbol="G/TBT/N/USA/1", title="New words")]
    )
    assert [alert.id for alert in catalogue.event("test:add1")] == ["test:add1"]
    assert catalogue.merge(["test:add1", "test:base"], "analyst", AT) == "test:base"
    assert len(catalogue.event("test:base")) == 3


def likely(score: float) -> Any:
    return lambda a, b: score if "b" in a.id + b.id else 0.0


def test_what_is_only_possible_joins_nothing_and_is_shown_until_a_person_decides(
    state_engine: Engine, store: Any, line: Make
) -> None:
    """Shown to fail: pairs below the threshold were forgotten; kept without looking at their score, they were joined."""
    catalogue = Catalogue(state_engine, store, score=likely(0.6), threshold=0.8)
    goods = [line(name, stated={"model": "AB-1234", "brand": "Volta"}) for name in ("one", "b", "three")]
    catalogue.load(goods)
    assert [alert.id for alert in catalogue.event("test:b")] == ["test:b"]
    assert [alert.id for alert in catalogue.possible("test:b")] == ["test:one", "test:three"]
    assert [alert.id for alert in catalogue.possible("test:one")] == ["test:b"]
    assert catalogue.possible("test:nothing") == []
    before = catalogue.changes(0, 100)
    catalogue.load(goods)
    assert catalogue.changes(0, 100) == before
    catalogue.merge(["test:one", "test:b"], "analyst", AT)
    assert [alert.id for alert in catalogue.possible("test:one")] == ["test:three"]  # of the whole event
    catalogue.split("test:b", "analyst", AT)
    assert catalogue.possible("test:b") == catalogue.possible("test:three") == []


def test_a_model_in_an_incidents_sentence_is_a_key_like_a_stated_one(line: Make) -> None:
    _, stated, _ = line("a", stated={"type_numberOfModel": "LP-20K"})
    _, told, _ = line("b", text="This recall covers power banks, model LP-20K, sold in 2026 for 15-inch laptops.")
    _, rule, _ = line("c", kind="rule", text="Power banks like the LP-20K.")
    assert set(events.keys(stated)) & set(events.keys(told)) == {"i:lp20k"}
    assert "i:lp20k" not in events.keys(rule)


def test_a_merge_joins_what_no_score_would_and_a_split_undoes_it(catalogue: Catalogue, line: Make) -> None:
    lines = family(line)
    catalogue.load(lines)
    catalogue.merge(["test:other", "test:add2"], "analyst", AT)
    assert len(catalogue.event("test:other")) == 4
    catalogue.split("test:other", "analyst", AT)
    assert len(catalogue.event("test:base")) == 3
    with pytest.raises(ValueError, match="two"):
        catalogue.merge(["test:base", "test:base"], "analyst", AT)


def test_a_key_that_too_many_share_links_nobody_whatever_the_order(
    state_engine: Engine, sqlite_store: Any, line: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("index.events.COMMON", 3)
    catalogue = Catalogue(state_engine, sqlite_store, score=same_symbol, threshold=0.5)
    lines = [line(f"n{i}", stated={"Model": "AB12345"}) for i in range(5)]
    for one in lines[:3]:
        catalogue.load([one])
    assert len(catalogue.event("test:n0")) == 3
    for one in lines[3:]:
        catalogue.load([one])
    assert [len(catalogue.event(f"test:n{i}")) for i in range(5)] == [1] * 5


def test_parents_and_those_who_wait_for_them(catalogue: Catalogue, line: Make) -> None:
    lines = family(line)
    catalogue.load(lines[1:3])
    assert catalogue.parent("G/TBT/N/USA/1") is None
    assert [(seq, notice.id) for seq, notice in catalogue.waiting_for({"G/TBT/N/USA/1", ""})] == [
        (1, "test:add1"),
        (1, "test:add2"),
    ]
    catalogue.load(lines[:1])
    parent = catalogue.parent("G/TBT/N/USA/1")
    assert parent is not None
    assert parent.id == "test:base"


# --- crashes and rebuilds ---------------------------------------------------------------------------------------------


class Failing:
    """A store that breaks at a given call of `put` or `wait`: before it, or after the engine has already written."""

    def __init__(self, store: Any, at: int) -> None:
        self._store, self._left = store, at

    def __getattr__(self, name: str) -> Any:
        return getattr(self._store, name)

    def _tick(self) -> None:
        self._left -= 1
        if self._left == 0:
            raise StoreError("the power failed")

    def put(self, alerts: Any) -> int:
        self._tick()
        written = self._store.put(alerts)
        self._tick()
        return int(written)

    def wait(self) -> None:
        self._store.wait()
        self._tick()


@pytest.mark.parametrize("at", range(1, 10))
def test_a_crash_anywhere_is_repaired_by_loading_again(
    state_engine: Engine, sqlite_store: Any, line: Make, at: int, monkeypatch: pytest.MonkeyPatch, as_of: dt.date
) -> None:
    monkeypatch.setattr("index.catalogue.BATCH", 2)
    lines = [*family(line), line("x"), line("y")]
    breaking = Catalogue(state_engine, Failing(sqlite_store, at), score=same_symbol, threshold=0.5)
    with pytest.raises(StoreError):
        breaking.load(lines)
    sound = Catalogue(state_engine, sqlite_store, score=same_symbol, threshold=0.5)
    seen = feed_of(sound)
    sound.load(lines)
    told = feed_of(sound)
    assert told[: len(seen)] == seen
    assert len({(a, v) for a, v, _ in told}) == len(told)
    assert {a for a, _, kind in told if kind == "new"} == {notice.id for _, notice, _ in lines}
    found = {alert.id: alert for alert in sqlite_store.scan(parse(""), as_of=as_of)}
    assert found == {i: sound.get(i) for i in found}
    assert len(found) == 6


def test_a_rebuild_tells_nobody_and_keeps_what_people_did(
    catalogue: Catalogue, line: Make, sqlite_store: Any, as_of: dt.date
) -> None:
    lines = [*family(line), line("base", seq=2, symbol="G/TBT/N/USA/1", kind="notification", title="Second reading")]
    catalogue.load(lines)
    catalogue.correct("test:base", "title_zh", "美国通报", "analyst", AT)
    before = feed_of(catalogue)
    alerts = sorted(sqlite_store.scan(parse(""), as_of=as_of), key=lambda alert: alert.id)
    # the archive no longer has one of them: it is taken from the feed
    assert catalogue.rebuild(one for one in lines if one[1].id != "test:other") == 4
    assert feed_of(catalogue) == before
    assert sorted(sqlite_store.scan(parse(""), as_of=as_of), key=lambda alert: alert.id) == alerts
    assert sqlite_store.search(parse("美国通报"), as_of=as_of).total == 1


def test_what_is_written_during_a_rebuild_is_in_the_new_index(
    catalogue: Catalogue, line: Make, sqlite_store: Any, as_of: dt.date, monkeypatch: pytest.MonkeyPatch
) -> None:
    lines = family(line)
    catalogue.load(lines)

    def interrupted() -> Iterator[Any]:
        yield lines[0]
        catalogue.load([line("late"), line("other", seq=2, symbol="G/TBT/N/USA/2", kind="notification", title="Newer")])
        assert sqlite_store.search(parse("id:test:late"), as_of=as_of).total == 1  # readers go on
        yield from lines[1:]

    assert catalogue.rebuild(interrupted()) == 5
    found = {alert.id: alert for alert in sqlite_store.scan(parse(""), as_of=as_of)}
    assert found == {i: catalogue.get(i) for i in found}
    newer = found["test:other"]
    assert isinstance(newer, Alert)
    assert newer.notice.title == "Newer"
