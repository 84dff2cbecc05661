"""One contract, every engine: versions, scans, rebuilds, readers and writers at once."""

from __future__ import annotations

import datetime as dt
import threading

import pytest

from index.query import parse
from index.store import Store, StoreError
from tests.index.library import Make, found, library


def test_a_higher_version_wins_an_equal_one_replaces_a_lower_one_is_passed_over(
    store: Store, make_alert: Make, as_of: dt.date
) -> None:
    assert store.put([make_alert("a", title="First", version=2)]) == 1
    assert store.put([make_alert("a", title="Too late", version=1)]) == 0
    assert store.put([make_alert("a", title="Repaired", version=2)]) == 1
    store.wait()
    assert found(store, "repaired", as_of) == ["a"]
    assert found(store, "first OR late", as_of) == []
    assert store.put([make_alert("a", title="Third", version=4), make_alert("a", title="Second", version=3)]) == 1
    store.wait()
    alert = store.get("test:a")
    assert alert is not None
    assert (alert.notice.title, alert.version) == ("Third", 4)
    assert store.count() == 1


def test_corrected_values_are_what_is_searched_and_counted(store: Store, make_alert: Make, as_of: dt.date) -> None:
    correction = {
        "field": "products",
        "value": [{"hs": "9503", "method": "stated"}],
        "replaced": [],
        "by": "analyst",
        "at": "2026-11-16T00:00:00Z",
        "notice_hash": "0",
    }
    wrong = {"products": [{"hs": "8507", "method": "model"}]}
    store.put([make_alert("a", opinion=wrong, hs_codes=[{"code": "850760"}], overlay={"corrections": [correction]})])
    store.wait()
    assert found(store, "hs:9503", as_of) == ["a"]
    assert found(store, "hs:8507", as_of) == []
    page = store.search(parse(""), as_of=as_of, facets=("hs_heading",))
    assert [(count.value, count.n) for count in page.facets["hs_heading"]] == [("9503", 1)]


def test_a_scan_gives_every_hit_once_as_it_was_when_it_began(store: Store, make_alert: Make, as_of: dt.date) -> None:
    store.put(make_alert(f"n{i}", title="Ladder" if i % 2 else "Chair") for i in range(60))
    store.wait()
    scan = store.scan(parse("ladder"), as_of=as_of)
    first = next(scan)
    store.put(make_alert(f"n{i}", title="Table", version=2) for i in range(60))
    store.wait()
    alerts = [first, *scan]
    assert len({alert.id for alert in alerts}) == len(alerts) == 30
    assert {alert.notice.title for alert in alerts} == {"Ladder"}
    assert found(store, "ladder", as_of) == []


def test_an_empty_store_answers(store: Store, as_of: dt.date) -> None:
    page = store.search(parse("tea"), as_of=as_of, facets=("kind",), histogram=True)
    assert (page.total, page.hits, page.facets, page.histogram) == (0, (), {"kind": ()}, ())
    assert (store.count(), store.get("test:a"), list(store.scan(parse(""), as_of=as_of))) == (0, None, [])


def test_a_rebuild_switches_at_once_and_takes_in_what_came_meanwhile(
    store: Store, make_alert: Make, as_of: dt.date
) -> None:
    filled = store
    filled.put(library(make_alert))
    filled.wait()
    token = filled.begin_rebuild()
    filled.fill(token, library(make_alert)[:4])
    assert filled.search(parse(""), as_of=as_of).total == 8  # readers go on with the old one
    filled.put([make_alert("late", title="Late"), make_alert("tea", title="Tea, again", version=2)])
    filled.fill(token, library(make_alert)[3:6])  # an older reading of what was written meanwhile
    filled.wait()
    assert filled.search(parse("late"), as_of=as_of).total == 1
    assert filled.finish_rebuild(token) == 7
    assert sorted(found(filled, "", as_of)) == sorted(["cells", "denchi", "dianchi", "tea", "chargers", "gulf", "late"])
    assert found(filled, "again", as_of) == ["tea"]
    filled.put([make_alert("after")])
    filled.wait()
    assert filled.count() == 8


def test_a_rebuild_that_was_left_half_done_is_begun_anew(store: Store, make_alert: Make, as_of: dt.date) -> None:
    filled = store
    filled.put(library(make_alert))
    lost = filled.begin_rebuild()
    filled.fill(lost, library(make_alert)[:2])
    filled.put([make_alert("late", title="Late")])
    filled.wait()
    assert filled.count() == 9
    assert filled.rebuild(library(make_alert)) == 8
    with pytest.raises(StoreError, match="another rebuild"):
        filled.fill(lost, library(make_alert)[:1])
    with pytest.raises(StoreError, match="another rebuild"):
        filled.finish_rebuild(lost)
    assert filled.search(parse(""), as_of=as_of).total == 8


def test_readers_and_a_writer_at_once_see_whole_batches(store: Store, make_alert: Make, as_of: dt.date) -> None:
    """Each batch holds ten alerts of one word: a reader sees all ten of a batch, or none, in either version."""
    store.put([make_alert("seed")])
    store.wait()
    wrong: list[str] = []
    done = threading.Event()

    def read() -> None:
        while not done.is_set():
            page = store.search(parse("ladder"), as_of=as_of, limit=100, facets=("kind",))
            counted = sum(count.n for count in page.facets["kind"])
            if page.total != counted or len(page.hits) != page.total:
                wrong.append(f"{page.total} hits, {counted} counted, {len(page.hits)} shown")

    readers = [threading.Thread(target=read) for _ in range(2)]
    for reader in readers:
        reader.start()
    try:
        for version in (1, 2, 3):
            for batch in range(3):
                store.put(make_alert(f"b{batch}n{i}", title="Ladder", version=version) for i in range(10))
        store.wait()
    finally:
        done.set()
        for reader in readers:
            reader.join()
    assert not wrong
    assert store.search(parse("ladder"), as_of=as_of).total == 30
