"""Customs codes: the table is whole, its names are short and ours, old codes lead on, every code has its industry."""

from __future__ import annotations

import csv
import re
from collections import Counter
from pathlib import Path
from typing import Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nlp import hs
from nlp.text import fold
from nlp.words import WORDS

CHAPTERS, HEADINGS = hs.codes(2), hs.codes(4)
NAMED = (*CHAPTERS, *HEADINGS)
BOTH: tuple[Literal["zh", "en"], ...] = ("zh", "en")


# --- the table --------------------------------------------------------------------------------------------------------


def test_the_nomenclature_is_whole() -> None:
    """97 chapters less the reserved 77 and with 99, 1,229 headings, 5,613 subheadings.

    Shown to fail: a heading taken out of hs_names.tsv.
    """
    assert len(CHAPTERS) == 97
    assert set(CHAPTERS) == {f"{number:02}" for number in (*range(1, 77), *range(78, 98), 99)}
    assert len(HEADINGS) == 1229
    assert len(hs.codes(6)) == 5613
    assert {code[:2] for code in HEADINGS} == set(CHAPTERS)
    assert {code[:4] for code in hs.codes(6)} <= set(HEADINGS)


def test_the_codes_are_those_of_the_reference(data_dir: Path) -> None:
    with (data_dir / "reference" / "harmonized-system.csv").open(encoding="utf-8", newline="") as file:
        reference = {row["hscode"] for row in csv.DictReader(file)}
    for level in (2, 4, 6):
        assert set(hs.codes(level)) == {code for code in reference if len(code) == level}  # type: ignore[arg-type]


@pytest.mark.parametrize("lang", BOTH)
def test_every_chapter_and_heading_has_its_own_short_name(lang: Literal["zh", "en"]) -> None:
    """A title prints the name, a page lists it: none empty, none long, none twice within a chapter.

    Shown to fail: with the names of one chapter emptied; with a name copied to the next heading.
    """
    for code in NAMED:
        name = hs.name(code, lang) if len(code) == 4 else hs.chapter_name(code, lang)
        assert name, code
        assert name == name.strip(), code
        assert len(name) <= (24 if lang == "zh" else 56), (code, name)
        assert bool(re.search("[\u4e00-\u9fff]", name)) == (lang == "zh"), (code, name)
    names = Counter(hs.heading_name(code, lang) for code in HEADINGS)
    assert [name for name, count in names.items() if count > 1] == []


def test_the_names_are_not_the_legal_texts(data_dir: Path) -> None:
    """Short names in our own words: the reference's descriptions run on for lines, ours are a phrase."""
    with (data_dir / "reference" / "harmonized-system.csv").open(encoding="utf-8", newline="") as file:
        legal = {row["hscode"]: row["description"] for row in csv.DictReader(file)}
    ours = [hs.heading_name(code, "en") for code in HEADINGS]
    assert sum(map(len, ours)) < 0.4 * sum(len(legal[code]) for code in HEADINGS)
    same = [code for code in HEADINGS if len(legal[code]) > 30 and hs.heading_name(code, "en") == legal[code].lower()]
    assert same == []


@pytest.mark.parametrize(
    ("code", "zh", "en"),
    [
        ("8507.60.00 90", "蓄电池", "accumulators"),
        ("090210", "茶叶", "tea"),
        ("030617", "甲壳动物", "crustaceans"),
        ("8703", "乘用车", "passenger cars"),
        ("9503.00", "玩具", "toys"),
        ("8524", "平板显示模组", "flat panel display"),
        ("9018", "医疗器械", "medical instruments"),
        ("6111", "婴儿服装", "babies' garments"),
        ("8418.10", "冰箱", "refrigerators"),
        ("6907", "陶瓷墙地砖", "tiles"),
    ],
)
def test_names_a_reader_knows(code: str, zh: str, en: str) -> None:
    assert zh in hs.heading_name(code)
    assert en in hs.heading_name(code, "en")
    assert hs.name(code) == hs.heading_name(code)


def test_a_name_falls_back_to_the_chapter() -> None:
    assert hs.name("85") == hs.chapter_name("85") == "电机、电气设备、电子产品"
    assert hs.name("8599") == hs.chapter_name("85")
    assert hs.heading_name("85") == ""
    assert hs.name("77") == hs.name("xx") == ""


# --- codes as people write them ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("written", "digits", "known"),
    [
        ("8507600090", "8507600090", True),
        ("8507.60.00-90", "8507600090", True),
        ("8507 60", "850760", True),
        ("85", "85", True),
        ("8507.99", "850799", False),
        ("850", "850", False),
        ("77", "77", False),
        ("85076000901234", "85076000901234", False),
        ("ex 8507", "", False),
        ("٨٥٠٧", "", False),
        ("", "", False),
    ],
)
def test_codes_as_people_write_them(written: str, digits: str, known: bool) -> None:
    assert hs.digits(written) == digits
    assert hs.is_code(written) is known


@given(st.text(max_size=20))
def test_any_string_is_answered(text: str) -> None:
    hs.is_code(text)
    hs.former(text)
    assert isinstance(hs.name(text), str)
    assert hs.industries_of(text) <= set(WORDS["industry"])


# --- former editions --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("code", "edition", "now"),
    [
        ("851712", "HS2017", "851713"),
        ("8541.40", "HS2017", "854143"),
        ("300220", "HS2017", "300241"),
        ("6908", "HS2012", "6907"),
        ("690890", "HS2012", "6907"),
        ("8803", "HS2017", "8807"),
        ("94054090", "HS2017", "940542"),
    ],
)
def test_codes_of_former_editions_lead_to_their_goods(code: str, edition: str, now: str) -> None:
    former = hs.former(code)
    assert former is not None
    assert former.edition == edition
    assert now in former.now


def test_former_codes_are_gone_and_lead_to_codes_that_exist() -> None:
    """Shown to fail: with a successor mistyped, and with a code of HS 2022 listed as gone."""
    assert len(hs._FORMER) >= 30
    for code, (edition, now) in hs._FORMER.items():
        assert not hs.is_code(code), code
        assert edition in ("HS2007", "HS2012", "HS2017"), code
        assert now, code
        assert all(hs.is_code(successor) for successor in now), (code, now)


def test_a_living_or_unknown_code_has_no_former() -> None:
    assert hs.former("850760") is None
    assert hs.former("999999") is None
    assert hs.former("") is None


# --- industries -------------------------------------------------------------------------------------------------------


def test_every_heading_belongs_to_an_industry() -> None:
    """Shown to fail: with "57" taken out of textiles_apparel."""
    assert [code for code in HEADINGS if not hs.industries_of(code) and code != "9999"] == []


@pytest.mark.parametrize(
    ("code", "text", "industries"),
    [
        ("850760", "", {"nev_battery"}),
        ("8703.80", "", {"nev_battery", "vehicles"}),
        ("870323", "", {"vehicles"}),
        ("870323", "plug-in hybrid passenger car", {"vehicles"}),
        ("8703", "electric vehicle", {"vehicles", "nev_battery"}),
        ("851762", "", {"optoelectronics"}),
        ("8517", "", {"optoelectronics", "appliances_electrical"}),
        ("6307", "", {"textiles_apparel"}),
        ("6307", "surgical mask", {"textiles_apparel", "health"}),
        ("6307", "医用口罩", {"textiles_apparel", "health"}),
        ("9403", "", {"other"}),
        ("9403", "婴儿床", {"other", "toys_children"}),
        ("9403", "ベッド 乳幼児用", {"other", "toys_children"}),
        ("4011", "", {"vehicles"}),
        ("6111", "", {"textiles_apparel", "toys_children"}),
        ("3304", "", {"chemicals"}),
        ("0902", "", {"agri_food"}),
        ("7214", "", {"materials_construction"}),
        ("8429", "", {"machinery"}),
        ("77", "", set()),
    ],
)
def test_industries_of_codes(code: str, text: str, industries: set[str]) -> None:
    assert industries <= hs.industries_of(code, fold(text).text)
    if not industries:
        assert hs.industries_of(code) == frozenset()


def test_words_only_widen() -> None:
    """A word never takes an industry away, and without it the conditional codes are those of the list alone."""
    words = fold("electric hybrid medical mask children toy 医用 儿童 電動").text
    for code in HEADINGS:
        assert hs.industries_of(code) <= hs.industries_of(code, words)
    assert "health" not in hs.industries_of("6307", fold("masking tape, childish").text)


def test_the_industry_lists_hold_codes_that_exist_once() -> None:
    for industry, entry in hs.industry_table().items():
        assert industry in WORDS["industry"]
        assert len(entry["hs"]) == len(set(entry["hs"])), industry
        for code in (*entry["hs"], *entry.get("with_words", {}).get("hs", ())):
            assert hs.is_code(code), (industry, code)
