"""One contract, every engine: the same query finds the same alerts and counts the same, whatever stores them."""

from __future__ import annotations

import datetime as dt

import pytest

from index.fields import FACETS
from index.query import Filter, Query, QueryError, parse
from index.store import MAX_LIMIT, PageError, Store
from tests.index.library import found


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
