"""The watch-list: every dossier is found by its own number, title and concept, and only where it should be."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from crawlers import places
from crawlers.notice import Notice, Provenance
from nlp import citations, hs, watchlist
from nlp.document import read
from nlp.gazetteer import Gazetteer
from nlp.text import fold
from nlp.watchlist import Dossier, Joined, Watchlist, WatchlistError

DOSSIERS = watchlist.all_dossiers()
PROVENANCE = Provenance(
    url="https://example.org/a",
    fetched_at=dt.datetime(2026, 11, 27, tzinfo=dt.UTC),
    body_sha256="0" * 64,
    source_version="test",
)
#: A place that is in no market group of any dossier.
ELSEWHERE = "BR"


def a_notice(title: str, market: str, **fields: Any) -> Notice:
    base: dict[str, Any] = {
        "id": "test:1",
        "source": "xx_test",
        "market": market,
        "kind": "notification",
        "authority": "An authority",
        "title": title,
        "published": dt.date(2026, 11, 27),
        "provenance": PROVENANCE,
    }
    return Notice(**{**base, **fields})


def joined(title: str, market: str, **fields: Any) -> dict[str, Joined]:
    document = read(a_notice(title, market, **fields))
    concepts = [match.concept for match in Gazetteer.load().find(document.text)]
    return {one.dossier: one for one in watchlist.match(document, concepts)}


def first_market(dossier: Dossier) -> str:
    return dossier.markets[0]


# --- the table --------------------------------------------------------------------------------------------------------


def test_at_least_sixty_dossiers_over_the_four_market_groups() -> None:
    groups: dict[str, int] = {}
    for dossier in DOSSIERS:
        for market in dossier.markets:
            group = places.group(market)
            groups[group] = groups.get(group, 0) + 1
    assert len(DOSSIERS) >= 60
    assert {group: count >= 15 for group, count in groups.items()} == dict.fromkeys(
        ("europe", "us", "japan", "middle_east"), True
    ), groups


#: FIELD.md, "Watch-list of named measures (first rows)".
FIRST_ROWS = [
    "32023R1542", "32024R1781", "32023R0956", "32006R1907", "32011L0065", "32014L0053", "32024R2847", "32023R0988",
    "32017R0745", "32017R0746", "32025R0040", "32005R0396", "32019R1793", "15 CFR 791",
]  # fmt: skip
FIRST_NAMES = [
    "us_fcc_covered_list", "us_uflpa", "us_tsca_pfas", "us_doe_efficiency", "us_fsvp", "us_food_facility_registration",
    "us_hazmat_lithium", "jp_pse", "jp_radio_act", "jp_product_safety_reform", "jp_food_sanitation", "sa_saber",
    "gcc_g_mark", "ae_ecas", "ae_eqm", "kw_kucas", "il_sii",
]  # fmt: skip


def test_the_first_rows_are_all_there() -> None:
    numbers = {number for dossier in DOSSIERS for number in dossier.numbers}
    assert set(FIRST_ROWS) <= numbers
    assert set(FIRST_NAMES) <= watchlist.by_id().keys()


@pytest.mark.parametrize("dossier", DOSSIERS, ids=lambda d: d.id)
def test_a_dossier_is_complete(dossier: Dossier) -> None:
    assert any("一" <= char <= "鿿" for char in dossier.nickname_zh)
    assert dossier.url.startswith("https://")
    assert "not checked" in dossier.checked or "2026-11-27" in dossier.checked, (
        "says where and when, or that it was not"
    )
    if dossier.checked.startswith("not checked (no number is used)"):
        assert not dossier.numbers
    for code in dossier.hs:
        assert len(code) == 2 or hs.is_code(code), code
    assert not places.lint(dossier.nickname_zh + dossier.official_name)
    assert not any("\u3040" <= char <= "\u9fff" for char in dossier.name_en), "English pages have English names"


# --- the grounds ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("dossier", "number"), [(d, n) for d in DOSSIERS for n in d.numbers], ids=lambda v: getattr(v, "id", v)
)
def test_a_number_joins_in_any_market(dossier: Dossier, number: str) -> None:
    """Shown to fail: numbers matched in the dossier's own markets only."""
    for market in (first_market(dossier), ELSEWHERE):
        found = joined(f"Amendment of the act {number}, annexes", market)
        assert found[dossier.id].ground == "number", found


@pytest.mark.parametrize(
    ("dossier", "title"), [(d, t) for d in DOSSIERS for t in d.titles], ids=lambda v: getattr(v, "id", v)
)
def test_a_title_joins_in_its_market_only(dossier: Dossier, title: str) -> None:
    """Shown to fail: `concerns` answering True (a Brazilian rule that quotes RoHS joined)."""
    assert joined(f"Draft order: {title}, second part", first_market(dossier))[dossier.id].ground in ("title", "number")
    assert dossier.id not in joined(f"Draft order: {title}, second part", ELSEWHERE)


@pytest.mark.parametrize(
    ("dossier", "concept"), [(d, c) for d in DOSSIERS for c in d.concepts], ids=lambda v: getattr(v, "id", v)
)
def test_a_concept_joins_in_its_market_only(dossier: Dossier, concept: str) -> None:
    document = read(a_notice("A draft without a name", first_market(dossier)))
    assert [j for j in watchlist.match(document, [concept]) if j.dossier == dossier.id] == [
        Joined(dossier.id, "concept", concept)
    ]
    elsewhere = read(a_notice("A draft without a name", ELSEWHERE))
    assert dossier.id not in {j.dossier for j in watchlist.match(elsewhere, [concept])}


def test_the_strongest_ground_is_given_once() -> None:
    found = joined("Batteries Regulation: (EU) 2023/1542, EU Battery Regulation", "EU")
    assert found["eu_batteries"] == Joined("eu_batteries", "number", "2023/1542")


# --- amendments and postponements -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("title", "dossier"),
    [
        ("Draft Commission Delegated Regulation amending Regulation (EU) 2023/1542 as regards the date of application", "eu_batteries"),
        ("Regulation postponing the application of Regulation (EU) 2023/1115", "eu_deforestation"),
        ("Commission Regulation amending Annex XVII to Regulation (EC) No 1907/2006", "eu_reach"),
        ("Commission Delegated Directive amending Directive 2011/65/EU as regards an exemption for lead", "eu_rohs"),
        ("Verordnung zur Durchführung der Verordnung (EG) Nr. 1272/2008", "eu_clp"),
        ("Projet de règlement modifiant le règlement (CE) n° 396/2005", "eu_pesticide_residues"),
        ("2011/65/AB sayılı direktife uyum yönetmeliği", "eu_rohs"),
        ("修订欧盟第10/2011号法规", "eu_food_contact"),
        ("Securing the Supply Chain; delay of compliance date, 15 CFR Part 791", "us_connected_vehicles"),
        ("Amendments to 10 CFR Parts 429, 430, and 431", "us_doe_efficiency"),
        ("Hazard communication: 49 CFR § 173.185(c)", "us_hazmat_lithium"),
        ("修订《联邦法规》第49篇第571部分", "us_fmvss"),
        ("電気用品安全法（昭和三十六年法律第二百三十四号）施行令の一部を改正する政令", "jp_pse"),
        ("食品衛生法（昭和22年法律第233号）に基づく規格基準の改正", "jp_food_sanitation"),
        ("The Product Security (Amendment) Regulations amending S.I. 2023/1007", "gb_psti"),
    ],
)  # fmt: skip
def test_an_amendment_that_quotes_a_number_joins(title: str, dossier: str) -> None:
    found = joined(title, ELSEWHERE)
    assert found[dossier].ground == "number", found


def test_a_registers_own_links_join() -> None:
    """EUR-Lex gives the amended act as a number, the Federal Register the parts; the titles may name neither."""
    assert joined("Delegated act", "EU", parent_symbol="32023R1542")["eu_batteries"].ground == "number"
    assert joined("Delegated act", "EU", stated={"base": ("32019R1020", "32006R1907")}).keys() == {
        "eu_market_surveillance",
        "eu_reach",
    }
    assert joined("Final rule", "US", stated={"cfr_references": ("40 CFR 180",)}).keys() == {"us_pesticide_tolerances"}
    assert joined("The act itself", "EU", symbol="32025R0040")["eu_ppwr"].ground == "number"


# --- what must not join -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("title", "market"),
    [
        ("Regulation on electrical equipment, aligned with the RoHS directive", "TR"),  # another market's title
        ("Rules like those of the Toxic Substances Control Act", "EU"),
        ("Standard equal to the Electrical Appliance and Material Safety Act", "US"),
        ("Guide to the SABER platform", "EG"),
        ("Lead may be within reach of children", "EU"),  # a word, not REACH
        ("Se debe saber el origen", "SA"),
        ("Minutes of 10/2011, item 37/2010", "BR"),  # dates and short numbers
        ("Portaria No. 396/2005", "BR"),
        ("Decision 2011/65/EU on a committee", "EU"),  # a decision with the directive's number
        ("Act No. 234 of 1961", "ZA"),  # another country's law of the same number
        ("21 CFR part 1, subpart J", "US"),
        ("49 CFR 173.18", "US"),
        ("15 CFR 7911", "US"),
        ("Batch 12023/15421, lot 2023/1542-7/3", "US"),
        ("SI 2023/10071", "GB"),
        ("昭和二十三年法律第二百三十四号", "JP"),
    ],
)  # fmt: skip
def test_what_only_looks_alike_does_not_join(title: str, market: str) -> None:
    """Shown to fail: a bare "10/2011", numbers without boundaries, titles in any market, REACH in small letters."""
    document = read(a_notice(title, market))
    assert watchlist.match(document, []) == ()


def test_a_member_states_notice_may_use_the_unions_names_and_a_gulf_states_the_gulfs() -> None:
    assert joined("Elektrogeräte: Umsetzung der RoHS directive", "DE").keys() == {"eu_rohs"}
    assert "gcc_g_mark" in joined("Gulf Conformity Marking for toys", "KW")
    assert "eu_rohs" not in joined("Umsetzung der RoHS directive", "CH")


# --- the loader -------------------------------------------------------------------------------------------------------

GOOD: dict[str, Any] = {
    "zh": "名称",
    "name": "A regulation",
    "markets": ["EU"],
    "numbers": ["32030R1234"],
    "url": "https://example.org",
    "checked": "not checked",
}


def load(tmp_path: Path, **entries: dict[str, Any]) -> Watchlist:
    path = tmp_path / "watchlist.yml"
    path.write_text(yaml.safe_dump(entries, allow_unicode=True), encoding="utf-8")
    return Watchlist(watchlist.read(path))


def test_a_good_entry_loads(tmp_path: Path) -> None:
    assert load(tmp_path, one=GOOD).dossiers["one"].numbers == ("32030R1234",)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"titel": ["x"]}, "no such key: titel"),
        ({"zh": ""}, "needs zh"),
        ({"url": None}, "needs url"),
        ({"markets": []}, "needs markets"),
        ({"checked": ""}, "needs checked"),
        ({"numbers": []}, "nothing could join it"),
        ({"industries": ["cars"]}, "unknown: cars"),
        ({"concepts": ["no_such_concept"]}, "unknown: no_such_concept"),
        ({"markets": ["XX"]}, "unknown: XX"),
        ({"numbers": ["10/2011"]}, "would match too much: 10/2011"),
        ({"numbers": ["GSO 9"]}, "would match too much: GSO 9"),
        ({"numbers": ["2055"]}, "would match too much: 2055"),
    ],
)
def test_a_wrong_entry_is_refused_with_its_name(tmp_path: Path, change: dict[str, Any], words: str) -> None:
    with pytest.raises(WatchlistError, match=r"^one: ") as caught:
        load(tmp_path, one={**GOOD, **change})
    assert words in str(caught.value)


def test_two_dossiers_cannot_have_one_number_or_title(tmp_path: Path) -> None:
    with pytest.raises(WatchlistError, match="32030R1234 is a number of one too"):
        load(tmp_path, one=GOOD, two=GOOD)
    titled = {**GOOD, "numbers": [], "titles": ["A law of its own"]}
    with pytest.raises(WatchlistError, match="names both title:one and title:two"):
        load(tmp_path, one=titled, two={**titled, "titles": ["a law of  its own"]})


# --- citations --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "keys"),
    [
        ("Regulations (EU) 2017/745 and 2017/746", ["eu:2017/745", "eu:2017/746"]),
        ("Directives 2014/30/EU, 2014/35/EU and 2014/53/EU", ["eu:l:2014/30", "eu:l:2014/35", "eu:l:2014/53"]),
        ("reglamento (CE) n.º 396/2005", ["eu:r:2005/396"]),
        ("15 C.F.R. § 791.301", ["cfr:15/791", "cfr:15/791.301"]),
        ("title 15 of the Code of Federal Regulations, part 791", ["cfr:15/791"]),
        ("Pub. L. 117–78; P.L. 110-314", ["publ:117-78", "publ:110-314"]),
        ("令和元年法律第六十三号、平成3年法律第48号", ["jp:2019/63", "jp:1991/48"]),
    ],
)
def test_usual_writings_have_one_key(text: str, keys: list[str]) -> None:
    assert [one.key for one in citations.find(fold(text).text)] == keys


@given(st.text(max_size=300))
def test_any_text_has_an_answer_and_spans_stand_in_it(text: str) -> None:
    folded = fold(text).text
    for one in citations.find(folded, "JP"):
        assert 0 <= one.start < one.end <= len(folded)


@given(st.integers(2015, 2035), st.integers(1, 9999))
def test_a_celex_number_and_its_writing_are_one_act(year: int, serial: int) -> None:
    written = citations.find(fold(f"Regulation (EU) {year}/{serial}").text)
    assert {one.key for one in written} == citations.keys_of(f"3{year}R{serial:04d}")
