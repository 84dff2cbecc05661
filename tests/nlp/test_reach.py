"""Whom an act touches: China by any name of its own, all, only others - and never Hong Kong, Macao or Taiwan as China."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crawlers.notice import Notice
from nlp import reach
from nlp.assessment import Evidence, Measure, MeasureOpinion, ReachOpinion
from nlp.document import read
from nlp.meaning import Hit

Make = Callable[..., Notice]


@pytest.fixture
def touched(make_notice: Make) -> Callable[..., ReachOpinion]:
    def of(title: str, measure: Measure = "standard", stated: Hit | None = None, **fields: Any) -> ReachOpinion:
        return reach.of(read(make_notice(title, **fields)), stated, MeasureOpinion(value=measure))

    return of


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("Toys made in China", "made in China"),
        ("Goods originating in the People's Republic of China", "in the People's Republic of China"),
        ("Garlic from China", "from China"),
        ("Chinese-origin garlic", "Chinese-origin"),
        ("Cotton of Xinjiang", "Xinjiang"),
        ("原产于中国的大蒜", "原产于中国"),
        ("从中国进口的陶瓷", "从中国"),
        ("中国産にんにく", "中国産"),
        ("中華人民共和国から輸入した器具", "中華人民共和国から"),
        ("منتجات من الصين", "من الصين"),
        ("البضائع الصينية", "الصينية"),
    ],
)
def test_china_is_read_in_four_languages(touched: Callable[..., ReachOpinion], text: str, words: str) -> None:
    opinion = touched(text)
    assert opinion.value == "names_china"
    assert opinion.evidence[0].text == words


@pytest.mark.parametrize(
    "text",
    [
        "Fine bone china", "Porcelain china tableware", "The South China Sea fisheries", "Goods from Taiwan, China", "Hong Kong, China",
        "Imports from China Taipei", "Goods from China, Hong Kong SAR", "来自中国台湾的茶叶", "自中国香港进口", "对中国通报的评议", "صينية تقديم",
    ],
)  # fmt: skip
def test_what_only_holds_the_word_does_not_name_china(touched: Callable[..., ReachOpinion], text: str) -> None:
    """FIELD.md, "Names of places": goods of Hong Kong, Macao and Taiwan are counted apart (不含港澳台)."""
    assert touched(text).value != "names_china"


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("Suspension of import of poultry from Brazil", "BR"),
        ("Outbreaks of avian influenza in Poland: import measures", "PL"),
        ("禁止从巴西进口禽肉", "BR"),
        ("暂停自法国进口牛肉", "FR"),
        ("ブラジル産鶏肉の輸入停止", "BR"),
        ("حظر استيراد الدواجن من فرنسا", "FR"),
    ],
)
def test_a_ban_names_its_origins_in_its_text(touched: Callable[..., ReachOpinion], text: str, place: str) -> None:
    opinion = touched(text, "ban")
    assert (opinion.value, opinion.evidence[0].why) == ("other_origins", place)


def test_china_beside_others_is_china(touched: Callable[..., ReachOpinion]) -> None:
    assert touched("Ban on poultry from Brazil and from China", "ban").value == "names_china"


@pytest.mark.parametrize("text", ["All trading partners", "针对所有贸易伙伴", "すべての国からの輸入", "جميع الدول"])
def test_all_origins_in_words(touched: Callable[..., ReachOpinion], text: str) -> None:
    opinion = touched(text, "information")
    assert (opinion.value, opinion.evidence[0].why) == ("all_origins", "all origins")


def test_a_rule_that_names_no_origin_binds_all_and_an_incident_none(touched: Callable[..., ReachOpinion]) -> None:
    assert touched("Toys").value == "all_origins"
    assert touched("Toys", "ban").value == "all_origins"
    assert touched("Toys", "information").value is None
    for kind in ("recall", "refusal", "violation", "border_rejection", "import_alert", "news"):
        assert touched("Toys", kind=kind).value is None, kind


def test_origins_and_affected_countries_come_before_the_text(touched: Callable[..., ReachOpinion]) -> None:
    assert touched("Toys", kind="recall", origins=("VN",)).value == "other_origins"
    assert touched("Toys", kind="recall", origins=("VN", "CN")).value == "names_china"
    assert touched("Toys from China", kind="recall", origins=("HK",)).value == "other_origins"
    assert touched("Toys", affected=("CN", "BR")).value == "names_china"
    assert touched("Toys from China", affected=("BR",)).value == "other_origins"
    assert touched("Toys", kind="recall", origins=("TW",)).evidence == (
        Evidence(field="origins", text="TW", why="origins"),
    )


def test_what_the_source_states_wins(touched: Callable[..., ReachOpinion]) -> None:
    hit = Hit(("all_origins",), "mapped", "", {"all_origins": Evidence(field="stated", text="all trading partners")})
    assert touched("Toys from China", stated=hit, origins=("VN",)).value == "all_origins"


@given(text=st.text(max_size=150), measure=st.sampled_from(["ban", "standard", "information"]))
def test_any_text_gives_an_answer_with_true_spans(make_notice: Make, text: str, measure: Measure) -> None:
    opinion = reach.of(read(make_notice("t", summary=text)), None, MeasureOpinion(value=measure))
    assert all(text[e.start : e.end] == e.text for e in opinion.evidence if e.field == "summary")
