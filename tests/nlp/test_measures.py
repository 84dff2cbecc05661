"""The measure ladder: each rung in each language, the hardest first, and what only sounds like a measure."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crawlers.notice import Notice
from nlp import measures
from nlp.assessment import MEASURES, Evidence, MeasureOpinion
from nlp.document import read
from nlp.meaning import Hit

Make = Callable[..., Notice]


@pytest.fixture
def measure(make_notice: Make) -> Callable[..., MeasureOpinion]:
    def of(title: str, *, concerns_goods: bool = True, stated: Hit | None = None, **fields: Any) -> MeasureOpinion:
        return measures.of(read(make_notice(title, **fields)), stated, concerns_goods=concerns_goods)

    return of


@pytest.mark.parametrize(
    ("text", "rung", "words"),
    [
        ("Temporary suspension of imports of poultry", "ban", "suspension of imports"),
        ("Prohibition of the sale of disposable e-cigarettes", "ban", "Prohibition of the sale"),
        ("Draft regulation: ban on single-use plastics", "ban", "ban on"),
        ("Batteries without a passport shall not be placed on the market", "ban", "shall not be placed on the market"),
        ("禁止从巴西进口禽肉的通知", "ban", "禁止从巴西进口"),
        ("鶏肉の輸入停止について", "ban", "輸入停止"),
        ("使用を禁止する物質", "ban", "使用を禁止"),
        ("حظر استيراد الدواجن الحية", "ban", "حظر استيراد"),
        ("Increased official controls on peanuts", "inspection", "Increased official controls"),
        ("Detention without physical examination of shrimp", "inspection", "Detention without physical examination"),
        ("关于加强查验花生的公告", "inspection", "加强查验"),
        ("輸入食品の検査命令の実施", "inspection", "検査命令"),
        ("モニタリング検査の強化", "inspection", "モニタリング検査の強化"),
        ("تشديد الرقابة على الأغذية", "inspection", "تشديد الرقابة"),
        ("Type approval of radio equipment", "conformity", "Type approval"),
        ("Registration of foreign manufacturers", "conformity", "Registration"),
        ("强制性产品认证目录", "conformity", "认证"),
        ("適合性評価の手続", "conformity", "適合性評価"),
        ("شهادة المطابقة للأجهزة", "conformity", "شهادة المطابقة"),
        ("Nutrition labelling of prepacked food", "labelling", "labelling"),
        ("食品标签通则", "labelling", "标签"),
        ("食品表示基準の一部改正", "labelling", "食品表示"),
        ("بطاقة كفاءة الطاقة", "labelling", "بطاقة"),
        ("Maximum residue limits for chlorpyrifos", "standard", "Maximum residue limits"),
        ("农药最大残留限量", "standard", "限量"),
        ("電気用品の技術基準", "standard", "基準"),
        ("لائحة فنية للألعاب", "standard", "لائحة فنية"),
    ],
)
def test_each_rung_is_read_in_each_language(
    measure: Callable[..., MeasureOpinion], text: str, rung: str, words: str
) -> None:
    opinion = measure(text)
    assert (opinion.value, opinion.basis) == (rung, "extracted")
    (evidence,) = opinion.evidence
    assert evidence.text == words
    assert text[evidence.start : evidence.end] == words


def test_the_hardest_rung_that_is_named_counts(measure: Callable[..., MeasureOpinion]) -> None:
    phrases = ["labels", "maximum limits", "type approval", "import alert", "ban on"]
    order = ["standard", "labelling", "conformity", "inspection", "ban"]
    assert [measure(f"New rules: {' and '.join(phrases[:n])} goods").value for n in (1, 2, 3, 4, 5)] == [
        "labelling", "labelling", "conformity", "inspection", "ban",
    ]  # fmt: skip
    assert [m for m in MEASURES if m in order] == ["labelling", "standard", "conformity", "inspection", "ban"]


def test_what_the_notice_is_about_beats_what_it_mentions(measure: Callable[..., MeasureOpinion]) -> None:
    opinion = measure("Labelling of toys", summary="Goods without a label may be banned from import and sale.")
    assert opinion.value == "labelling"
    assert measure("Toys", summary="Goods without it: prohibition of import.").value == "ban"


@pytest.mark.parametrize(
    "text",
    [
        "Lifting of the ban on imports of beef", "The suspension of imports of poultry is revoked", "Withdrawal of the prohibition of import",
        "Resumption of imports of beef", "解除对德国牛肉的进口禁令", "恢复进口德国牛肉", "牛肉の輸入再開について", "رفع الحظر عن استيراد الدواجن",
    ],
)  # fmt: skip
def test_what_is_lifted_is_no_measure(measure: Callable[..., MeasureOpinion], text: str) -> None:
    opinion = measure(text)
    assert opinion.value == "information"
    assert opinion.evidence[0].why == "lifted"


@pytest.mark.parametrize(
    ("kind", "rung"),
    [
        ("recall", "recall"),
        ("border_rejection", "rejection"),
        ("refusal", "rejection"),
        ("violation", "rejection"),
        ("import_alert", "inspection"),
        ("inspection_order", "inspection"),
    ],
)
def test_an_incident_s_kind_is_its_measure_whatever_its_text(
    measure: Callable[..., MeasureOpinion], kind: str, rung: str
) -> None:
    for text in ("Power banks", "Ban on imports", "Missing label", "Certificate of conformity absent"):
        assert measure(text, kind=kind).value == rung


def test_an_act_that_says_nothing_sets_a_standard_for_goods_and_informs_about_the_rest(
    measure: Callable[..., MeasureOpinion],
) -> None:
    assert measure("Power banks").value == "standard"
    assert measure("Allocation of radio frequencies", concerns_goods=False).value == "information"
    assert measure("Power banks", kind="standard", concerns_goods=False).value == "standard"
    assert measure("Ban on imports of power banks", kind="news").value == "information"
    assert measure("A survey", kind="consultation").value == "information"


def test_what_the_source_states_wins(measure: Callable[..., MeasureOpinion]) -> None:
    evidence = Evidence(field="stated", text="import rejected", why="measures")
    hit = Hit(("rejection",), "stated", "measures", {"rejection": evidence})
    opinion = measure("Ban on imports", stated=hit, kind="recall")
    assert (opinion.value, opinion.basis, opinion.evidence) == ("rejection", "stated", (evidence,))


def test_a_phrase_does_not_reach_over_sentences_or_fields(measure: Callable[..., MeasureOpinion]) -> None:
    assert measure("Prohibition. Import of toys", concerns_goods=False).value != "ban"
    assert measure("Prohibition", summary="Import of toys", concerns_goods=False).value != "ban"


@given(text=st.text(max_size=120), kind=st.sampled_from(["notification", "rule", "recall", "news", "standard"]))
def test_any_text_gives_a_rung(make_notice: Make, text: str, kind: str) -> None:
    opinion = measures.of(read(make_notice("t", summary=text, kind=kind)), None, concerns_goods=False)
    assert opinion.value in MEASURES
    assert all(text[e.start : e.end] == e.text for e in opinion.evidence if e.field == "summary")
