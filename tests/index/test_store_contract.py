"""One contract, every engine: the same query finds the same alerts and counts the same, whatever stores them."""

from __future__ import annotations

import datetime as dt
import threading
from collections.abc import Callable, Iterable
from typing import Any

import pytest

from index.alert import Alert
from index.fields import FACETS
from index.finding import find
from index.query import Filter, Query, QueryError, parse
from index.store import MAX_LIMIT, PageError, Store, StoreError

Make = Callable[..., Alert]

#: Red until 2026-11-20, then yellow, then green for ever.
STAGED = {
    "levels": [
        {"level": "red", "from": "2026-11-10", "until": "2026-11-20"},
        {"level": "yellow", "from": "2026-11-20", "until": "2026-12-20"},
        {"level": "green", "from": "2026-12-20"},
    ]
}


def library(make: Make) -> list[Alert]:
    return [
        make(
            "cells",
            title="Lithium-ion cells catch fire",
            products_text="Power banks",
            origins=["CN"],
            stated={"Brand": "Voltix", "Model": "VX-200"},
            opinion={
                "products": [{"hs": "850760", "method": "stated"}],
                "industries": [{"industry": "nev_battery", "method": "model"}],
                "hazards": [{"hazard": "fire", "method": "mapped"}, {"hazard": "burns", "method": "mapped"}],
                "severity": {"value": "high", "basis": "mapped"},
                "measure": {"value": "recall"},
                "reach": {"value": "names_china"},
                "title_zh": "美国召回移动电源",
                "title_zh_method": "composed",
                **STAGED,
            },
        ),
        make(
            "denchi",
            title="リチウムイオン電池の発火について",
            language="ja",
            market="JP",
            published="2026-11-03",
            opinion={"products": [{"hs": "8507", "method": "model"}], "severity": {"value": "medium"}},
        ),
        make("dianchi", title="锂电池召回通知", language="zh", market="CN", published="2026-10-05"),
        make(
            "tea",
            title="Tea with pesticide residues refused",
            kind="refusal",
            origins=["CN", "IN"],
            market="EU",
            opinion={
                "products": [{"hs": "0902", "method": "stated"}],
                "industries": [{"industry": "agri_food", "method": "model"}],
                "severity": {"value": "low"},
                "measure": {"value": "rejection"},
                "reach": {"value": "all_origins"},
            },
        ),
        make(
            "chargers",
            title="Battery chargers: draft requirements for the marking of batteries",
            kind="notification",
            stage="draft",
            market="DE",
            symbol="G/TBT/N/DEU/12",
            milestones=[
                {"kind": "comment_deadline", "date": "2026-12-01"},
                {"kind": "application", "date": "2027-06-01"},
                {"kind": "application", "date": "2028-06-01"},
            ],
            opinion={"products": [{"hs": "85", "method": "model"}], "regulations": ["eu_batteries"]},
        ),
        make(
            "gulf",
            title="اللائحة الفنية للبطاريات",
            language="ar",
            kind="notification",
            stage="draft",
            market="GCC",
            symbol="G/TBT/N/SAU/5/Add.1",
            parent_symbol="G/TBT/N/SAU/5",
            joint_symbols=["G/TBT/N/SAU/5/Add.1", "G/TBT/N/BHR/7/Add.1"],
            milestones=[{"kind": "comment_deadline", "date": "2026-11-10"}],
        ),
        make(
            "jouets",
            title="Rappel de jouets dangereux pour les enfants",
            summary="Les jouets peuvent être avalés.",
            language="fr",
            market="FR",
        ),
        make("juguetes", title="Juguetes peligrosos retirados", language="es", market="ES", published="2026-11-15"),
    ]


@pytest.fixture(scope="module")
def filled(any_store: Store, make_alert: Make) -> Store:
    """Each engine with the library; tests only read it."""
    any_store.put(library(make_alert))
    any_store.wait()
    return any_store


def ids(alerts: Iterable[Alert]) -> list[str]:
    return [alert.id.removeprefix("test:") for alert in alerts]


def found(store: Store, query: str | Query, as_of: dt.date, **options: Any) -> list[str]:
    asked = parse(query) if isinstance(query, str) else query
    return ids(hit.alert for hit in store.search(asked, as_of=as_of, **options).hits)


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("", "cells denchi dianchi tea chargers gulf jouets juguetes"),
        # one concept, whatever language asks for it or names it
        ("锂电池", "cells denchi dianchi"),
        ("鋰電池", "cells denchi dianchi"),
        ("lithium battery", "cells denchi dianchi"),
        ('"lithium battery"', "cells denchi dianchi"),
        ("リチウム電池", "cells denchi dianchi"),
        ("بطارية ليثيوم", "cells denchi dianchi"),
        ("battery", "denchi dianchi chargers"),
        ("battery charger", "chargers"),
        # words and their forms, in the document's language
        ("cell", "cells"),
        ("fires", "cells"),
        ("marked", "chargers"),
        ("jouet", "jouets"),
        ("enfants", "jouets"),
        ("juguete", "juguetes"),
        ("ETRE AVALE", "jouets"),
        ("要求", ""),
        ("通知", "dianchi"),
        ("知", "dianchi"),
        ("火", "denchi"),
        ("召回", "cells dianchi"),
        ("美国 召回", "cells"),
        ("الفنية", "gulf"),
        ("voltix", "cells"),
        ("VX-200", "cells"),
        ("G/TBT/N/DEU/12", "chargers"),
        # phrases, literal text, minus, OR, brackets
        ('"catch fire"', "cells"),
        ('"fire catch"', ""),
        ('"fire power"', ""),  # no phrase reaches from one field into the next
        ('exact:"Cells"', "cells"),
        ("exact:cell", ""),
        ('exact:"锂电池"', "dianchi"),
        ('exact:"池召"', "dianchi"),
        ("tea OR jouets", "tea jouets"),
        ("-锂电池", "tea chargers gulf jouets juguetes"),
        ("battery -charger", "denchi dianchi"),
        ("(tea OR fire) -kind:refusal", "cells"),
        ("tea OR market:JP", "tea denchi"),
        ("-market:US -market:EU", "denchi dianchi chargers gulf jouets juguetes".replace("chargers ", "")
         .replace("jouets ", "").replace("juguetes", "").strip()),
        # fields
        ("market:JP", "denchi"),
        ("市场:日本", "denchi"),
        ("market:EU", "tea chargers jouets juguetes"),  # members' own acts with it
        ("market:DE", "chargers"),
        ("market:GCC", "gulf"),
        ("market:SA", "gulf"),  # a Gulf act is found under each state
        ("market:欧洲", "tea chargers jouets juguetes"),
        ("market:US,JP", "cells denchi"),
        ("kind:refusal", "tea"),
        ("类型:召回", "cells denchi dianchi jouets juguetes"),
        ("stage:草案", "chargers gulf"),
        ("stage:none", "cells denchi dianchi tea jouets juguetes"),
        ("severity:high", "cells"),
        ("severity:>=medium", "cells denchi"),
        ("严重程度:低", "tea"),
        ("measure:>=recall", "cells tea"),
        ("reach:涉华", "cells"),
        ("reach:any", "cells tea"),
        ("origin:CN", "cells tea"),
        ("industry:agri_food", "tea"),
        ("危害:火灾", "cells"),
        ("regulation:eu_batteries", "chargers"),
        ("symbol:G/TBT/N/SAU/5", "gulf"),
        ("symbol:G/TBT/N/BHR/7", "gulf"),
        ("symbol:g/tbt/n/sau/*", "gulf"),
        ("symbol:any", "chargers gulf"),
        ("language:fr", "jouets"),
        ("id:test:tea", "tea"),
        ("concept:tea", "tea"),
        # HS: the first six digits, parents and children
        ("hs:8507.60.00.90", "cells denchi chargers"),
        ("hs:850760", "cells denchi chargers"),
        ("hs:850710", "denchi chargers"),
        ("hs:8507", "cells denchi chargers"),
        ("hs:8504", "chargers"),
        ("hs:85", "cells denchi chargers"),
        ("hs:8506..8508", "cells denchi chargers"),
        ("hs:01..24", "tea"),
        ("hs:none", "dianchi gulf jouets juguetes"),
        ("8507600090 美国", "cells"),
        ("heading:0902", "tea"),
        # days
        ("deadline:<30d", "chargers"),
        ("deadline:<15d", ""),
        ("deadline:15d", "chargers"),
        ("deadline:any", "chargers gulf"),
        ("deadline:none -market:CN", "cells denchi tea jouets juguetes"),
        ("截止:2026-11", "gulf"),
        ("deadline:>=2026-11-20", "chargers"),
        ("applies:2028", "chargers"),
        ("applies:2026", ""),
        ("published:<7d", "cells tea chargers gulf jouets juguetes"),
        ("published:2026-10", "dianchi"),
        ("published:..2026-11-03", "denchi dianchi"),
        # the level in force on the day
        ("level:red", "cells"),
        ("等级:红", "cells"),
        ("level:>=yellow", "cells"),
        ("level:green", "denchi dianchi tea chargers gulf jouets juguetes"),
        ("level:any", "cells denchi dianchi tea chargers gulf jouets juguetes"),
    ],
)  # fmt: skip
def test_what_a_query_finds(filled: Store, as_of: dt.date, query: str, expected: str) -> None:
    assert sorted(found(filled, query, as_of)) == sorted(expected.split())


def test_the_level_is_read_on_the_day_that_is_asked_for(filled: Store) -> None:
    for day, level in (("2026-11-19", "red"), ("2026-11-20", "yellow"), ("2026-12-20", "green")):
        assert "cells" in found(filled, f"level:{level}", dt.date.fromisoformat(day))
    assert found(filled, "level:any published:2026-11-15", dt.date(2026, 11, 1)) == []
    assert "cells" not in found(filled, "level:any", dt.date(2026, 11, 9))  # not yet published


def test_filters_given_in_code_are_the_same_as_typed(filled: Store, as_of: dt.date) -> None:
    given = Query(text="battery", filters=(Filter(field="market", values=("US", "JP")),))
    assert found(filled, given, as_of) == found(filled, "battery market:US,JP", as_of)


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


def test_facets_count_the_hits_but_ignore_their_own_field(filled: Store, as_of: dt.date) -> None:
    page = filled.search(
        parse("kind:recall,refusal market:EU"), as_of=as_of, facets=("kind", "market", "level", "origin")
    )
    counts = {facet: {count.value: count.n for count in counts} for facet, counts in page.facets.items()}
    assert page.total == 3
    assert counts["kind"] == {"recall": 2, "refusal": 1, "notification": 1}  # as if no kind were chosen
    assert counts["market"] == {"US": 1, "JP": 1, "CN": 1, "EU": 3, "FR": 1, "ES": 1}
    assert counts["level"] == {"green": 3}
    assert counts["origin"] == {"CN": 1, "IN": 1}


def test_every_facet_agrees_with_filtering_by_its_values(filled: Store, as_of: dt.date) -> None:
    page = filled.search(parse(""), as_of=as_of, facets=FACETS, histogram=True)
    assert sum(count.n for count in page.histogram) == page.total
    assert [count.value for count in page.histogram] == sorted(count.value for count in page.histogram)
    for facet, counts in page.facets.items():
        for count in counts:
            hits = found(
                filled, Query(filters=(Filter.model_validate({"field": facet, "values": [count.value]}),)), as_of
            )
            assert len(hits) == count.n, (facet, count.value)


def test_highlights_mark_the_original_words(filled: Store, as_of: dt.date) -> None:
    (hit,) = filled.search(parse("移动电源 锂电池"), as_of=as_of, highlight_lang="zh").hits
    marked = {h.field: [h.text[start:end] for start, end in h.marks] for h in hit.highlights}
    assert marked == {"title_zh": ["移动电源"], "title": ["Lithium-ion cells"]}
    (hit,) = filled.search(parse("avalé"), as_of=as_of, highlight_lang="en").hits
    assert [h.text[s:e] for h in hit.highlights for s, e in h.marks] == ["avalés"]


def test_misspelt_words_have_neighbours(filled: Store) -> None:
    assert filled.words_like("litium")[0][0] == "lithium"
    assert filled.words_like("lithium")[0] == ("lithium", 1)
    assert filled.words_like("xyzzyx") == []


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


def test_pages_end_somewhere(filled: Store, as_of: dt.date) -> None:
    with pytest.raises(PageError, match="at most"):
        filled.search(parse(""), as_of=as_of, limit=MAX_LIMIT + 1)
    with pytest.raises(PageError, match="export"):
        filled.search(parse(""), as_of=as_of, offset=9_990)
    assert filled.search(parse(""), as_of=as_of, offset=500).hits == ()
    assert filled.search(parse(""), as_of=as_of, limit=0).total == 8


def test_the_heaviest_query_that_is_allowed_is_answered(filled: Store, as_of: dt.date) -> None:
    heavy = " OR ".join(f'"word{i} battery charger lithium"' for i in range(40))
    assert filled.search(parse(heavy), as_of=as_of).total == 0
    with pytest.raises(QueryError, match="terms"):
        filled.search(parse("通" * 1_900), as_of=as_of)


@pytest.mark.parametrize("query", ["\ud800", '"power \ud83d banks"', 'exact:"power \ud800"', "-\udfff power", "\0"])
def test_half_a_character_is_nothing_that_is_found(filled: Store, as_of: dt.date, query: str) -> None:
    """As it comes out of a cut text or a form; no engine may fail on what cannot be written as UTF-8."""
    found = filled.search(parse(query), as_of=as_of, highlight_lang="en")
    assert found.total == len(list(filled.scan(parse(query), as_of=as_of)))


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
