"""One contract, every engine: which of what is found comes first, and what may be missing."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest

from index.alert import Alert
from index.finding import find
from index.query import Query, parse
from index.store import Store
from tests.index.library import STAGED, Make, found


@pytest.mark.parametrize(
    ("query", "missing", "expected"),
    [
        ("voltix fire tea", 0, ""),
        ("voltix fire tea", 1, "cells"),
        ("voltix 火 tea", 1, ""),
        ("voltix 火 tea", 2, "cells tea denchi"),
        ("voltix 火 tea", 9, "cells tea denchi"),  # one of them at least
        ("voltix 火 -召回", 1, "denchi"),  # what is excluded stays excluded
        ('voltix "catch fire"', 1, "cells"),  # a phrase and what stands apart from it must hold
        ("voltix 火 market:JP", 1, "denchi"),
        ("(voltix tea) OR jouets", 1, "cells tea jouets"),
    ],
)
def test_words_may_be_missing_where_that_is_asked_for(
    filled: Store, as_of: dt.date, query: str, missing: int, expected: str
) -> None:
    page = filled.search(Query(text=query, missing=missing), as_of=as_of, facets=("kind",))
    names = [hit.alert.id.removeprefix("test:") for hit in page.hits]
    assert sorted(names) == sorted(expected.split())
    assert (page.total, page.missing) == (len(names), missing)
    assert sum(count.n for count in page.facets["kind"]) == len(names)


def test_more_words_found_come_first_whatever_they_weigh(store: Store, make_alert: Make, as_of: dt.date) -> None:
    """Fails with WORD_FOUND = 0: the rare word alone then outweighs the two common ones."""
    store.put([make_alert(f"common{n}", title="apple pear basket", summary="fruit " * 9) for n in range(8)])
    store.put([make_alert("both", title="a basket", summary="apple and pear " + "fruit " * 60)])
    store.put([make_alert("rare", title="quince quince quince")])
    store.wait()
    found = store.search(Query(text="apple pear quince", missing=2), as_of=as_of)
    names = [hit.alert.id.removeprefix("test:") for hit in found.hits]
    assert names[-1] == "rare"
    assert found.total == len(names) == 10


@pytest.mark.parametrize(
    ("query", "missing", "expected"),
    [
        ("lithium", 0, "cells"),  # one word cannot be missing
        ("voltix fire tea", 1, "cells"),  # found something: more than half of the words stay
        ("voltix tea", 1, "cells tea"),
        ("voltix nowhere neverseen unheard", 3, "cells"),  # nothing else: one of four is better than an empty page
        ("nowhere neverseen", 0, ""),
    ],
)
def test_a_page_for_people_lets_words_be_missing_when_few_alerts_have_all(
    filled: Store, as_of: dt.date, query: str, missing: int, expected: str
) -> None:
    page = find(filled, parse(query), as_of=as_of)
    assert sorted(hit.alert.id.removeprefix("test:") for hit in page.hits) == sorted(expected.split())
    assert page.missing == missing


def test_enough_alerts_with_every_word_are_left_alone(store: Store, make_alert: Make, as_of: dt.date) -> None:
    """Fails with ENOUGH = 11: the alert with one of the words is then shown too."""
    store.put([make_alert(f"n{n}", title="apple pear") for n in range(10)])
    store.put([make_alert("one", title="apple")])
    store.wait()
    page = find(store, parse("apple pear"), as_of=as_of, offset=9, limit=5)
    assert (page.total, page.missing, len(page.hits)) == (10, 0, 1)


def test_looser_questions_ask_for_totals_only(filled: Store, as_of: dt.date, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of three questions two are counts. Fails when each asks for hits and facets."""
    search, asked = filled.search, []

    def counting(query: Query, **wanted: Any) -> Any:
        asked.append((query.missing, wanted.get("limit", 20), wanted.get("facets", ())))
        return search(query, **wanted)

    monkeypatch.setattr(filled, "search", counting)
    page = find(filled, parse("voltix nowhere neverseen unheard"), as_of=as_of, facets=("kind",), histogram=True)
    assert asked == [(0, 20, ("kind",)), (1, 0, ()), (2, 0, ()), (3, 0, ()), (3, 20, ("kind",))]
    assert (page.total, page.missing, len(page.hits)) == (1, 3, 1)
    assert sum(count.n for count in page.facets["kind"]) == 1


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("voltix 超标", "cells"),
        ("voltix 超标 tea", ""),
        ("charger", ""),
    ],
)
def test_fillers_need_not_be_found_and_order_what_is(
    store: Store, make_alert: Make, as_of: dt.date, query: str, expected: str
) -> None:
    """In both engines alike. Fails where a filler is asked for like any word: nothing is found then."""
    store.put([make_alert("cells", title="Voltix cells 充电"), make_alert("tea", title="tea")])
    store.wait()
    assert found(store, query, as_of) == expected.split()


def test_a_broader_word_finds_what_is_narrower_after_what_says_it(
    store: Store, make_alert: Make, as_of: dt.date
) -> None:
    """Fails without `broader` in the document (nothing finds tea), and where it counts as often as the word itself."""
    store.put(
        [make_alert("tea", title="Green tea", products_text="tea"), make_alert("beverage", title="A beverage of fruit")]
    )
    store.put([make_alert(f"other{n}", title="elsewhere entirely") for n in range(8)])
    store.wait()
    assert found(store, "饮料", as_of) == ["beverage", "tea"]
    assert found(store, "茶叶", as_of) == ["tea"]
    marked = store.search(parse("饮料"), as_of=as_of, highlight_lang="en").hits[1].highlights[0]
    assert [marked.text[start:end] for start, end in marked.marks] == ["tea"]


def test_a_filler_found_puts_an_alert_first(store: Store, make_alert: Make, as_of: dt.date) -> None:
    """Fails where fillers are left out of the plan: the shorter text then comes first."""
    store.put([make_alert("plain", title="voltix"), make_alert("says", title="voltix risk of something")])
    store.put([make_alert(f"other{n}", title="elsewhere entirely") for n in range(8)])
    store.wait()
    assert found(store, "voltix risk", as_of) == ["says", "plain"]


def test_a_title_weighs_more_than_a_summary(store: Store, make_alert: Make, as_of: dt.date) -> None:
    filler = "something else entirely that fills the line"
    store.put(
        [
            make_alert("body", title=filler, summary=f"A ladder. {filler}"),
            make_alert("products", title=filler, products_text="ladder", summary=filler),
            make_alert("title", title=f"Ladder {filler}", summary="A line."),
        ]
    )
    store.wait()
    assert found(store, "ladder", as_of) == ["title", "products", "body"]


def test_equal_matches_come_by_level_then_newest(store: Store, make_alert: Make, as_of: dt.date) -> None:
    store.put(
        [
            make_alert("old", title="Ladder", published="2026-01-01"),
            make_alert("new", title="Ladder", published="2026-11-01"),
            make_alert("red", title="Ladder", published="2026-01-01", opinion=STAGED),
        ]
    )
    store.wait()
    assert found(store, "ladder", as_of) == ["red", "new", "old"]


def test_orders(filled: Store, as_of: dt.date) -> None:
    by_date = [hit.alert for hit in filled.search(parse(""), as_of=as_of, sort="date").hits]
    assert [a.notice.published for a in by_date] == sorted((a.notice.published for a in by_date), reverse=True)
    assert found(filled, "", as_of, sort="deadline")[:2] == ["chargers", "gulf"]  # to come, then over, then none
    assert found(filled, "", as_of, sort="level")[:2] == ["cells", "juguetes"]
    # a page is a window of one order
    everything = found(filled, "", as_of, sort="date")
    assert [
        *found(filled, "", as_of, sort="date", limit=3),
        *found(filled, "", as_of, sort="date", offset=3),
    ] == everything


def test_deadlines_to_come_first_then_the_latest_over(store: Store, make_alert: Make, as_of: dt.date) -> None:
    def due(name: str, day: str) -> Alert:
        return make_alert(name, kind="consultation", milestones=[{"kind": "comment_deadline", "date": day}])

    days = ["2026-11-16", "2026-11-17", "2029-01-01", "2026-11-15", "2020-01-01"]
    store.put([*(due(day, day) for day in reversed(days)), make_alert("none")])
    store.wait()
    assert found(store, "", as_of, sort="deadline") == [*days, "none"]
