"""Bad input: an answer or *none* with the reason, never an exception, work that does not grow with what is thrown at it.

Work is counted, not timed: characters read, announcements looked at, codes kept.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from crawlers.notice import INCIDENT_KINDS, Notice
from nlp import document
from nlp.assess import Assessor
from nlp.assessment import Assessment
from nlp.text import Folded

Make = Callable[..., Notice]
TEXT_FIELDS = ("title", "products_text", "summary", "text")


@pytest.fixture(scope="module")
def judged(assessor: Assessor, make_notice: Make) -> Callable[..., Assessment]:
    def of(title: str = "Notice", **fields: Any) -> Assessment:
        notice = make_notice(title, **fields)
        found = assessor.assess(notice)
        sound(found, notice)
        return found

    return of


def sound(found: Assessment, notice: Notice) -> None:
    """What every assessment owes its reader, whatever was put in: grounds that are there, a reason where there is none."""
    reasons = {review.reason for review in found.review}
    assert found.products or found.industries or "no_product" in reasons
    assert (found.severity.value == "none") == (found.severity.basis == "none")
    assert found.title_zh.strip()
    spans = [
        evidence
        for part in (*found.products, *found.industries, *found.hazards, found.measure, found.reach, found.severity)
        for evidence in part.evidence
    ]
    for evidence in spans:
        if evidence.field in TEXT_FIELDS:
            assert getattr(notice, evidence.field)[evidence.start : evidence.end][:200] == evidence.text
    assert Assessment.model_validate_json(found.line()) == found


# --- nothing, or next to nothing --------------------------------------------------------------------------------------


@pytest.mark.parametrize("title", ["", " ", "\u3000", "\n\t"])
def test_an_empty_title_is_no_notice(make_notice: Make, title: str) -> None:
    """A record without a title never becomes a notice: crawl quarantines it with this reason."""
    with pytest.raises(ValidationError, match="the title is empty"):
        make_notice(title)


@pytest.mark.parametrize(
    "title", [".", "-", "\u200b.", "…", "?", "\u202e\u202c.", "😀", "\x00", "\ufdd0", "\u0301", "ー", "、"]
)
def test_a_title_without_a_letter_is_not_determined(judged: Callable[..., Assessment], title: str) -> None:
    found = judged(title)
    assert (found.products, found.industries, found.hazards, found.concepts) == ((), (), (), ())
    assert "no_product" in {review.reason for review in found.review}


@pytest.mark.parametrize("title", ["a", "5", "中", "あ", "ب", "é", "ß"])
@pytest.mark.parametrize("kind", ["notification", "recall", "refusal", "news"])
def test_one_character_is_no_ground_for_a_product(judged: Callable[..., Assessment], title: str, kind: str) -> None:
    found = judged(title, kind=kind)
    assert found.products == ()
    assert found.concepts == ()
    assert found.industries == () or title == "中"


@pytest.mark.parametrize("kind", sorted(INCIDENT_KINDS))
def test_an_incident_that_says_nothing_has_no_severity_and_no_hazard(
    judged: Callable[..., Assessment], kind: str
) -> None:
    """Not even in a regime with a model: of no words it would know only its prior."""
    for register in ("test", "eu_rasff", "us_openfda", "us_fsis"):
        found = judged("…", kind=kind, id=f"{register}:1", summary="5.20 (3) --- 17/4")
        assert found.severity.value == "none"
        assert found.hazards == ()


# --- much ---------------------------------------------------------------------------------------------------------------

FIVE_MB = 5_000_000


@pytest.mark.parametrize(
    "piece",
    [
        "lorem ipsum dolor sit amet ", "電", "a", " ", "\u0301", "8507.60 ", "HS code 8507.60, ", "hs 0101-5100 ", "lithium battery ", "锂电池",
        "import ban on ", "prohibition of ", "من الصين ", "imports of poultry from ", "Regulation (EU) 2023/", "中国", "(", "excl. ", "第1章至第97章 税则 ", "\x01",
        "<p>", "\u202e", "ー", "from the people's republic of ", "1/", "49 CFR parts 1, ", "outbreaks of ",
    ],
)  # fmt: skip
def test_five_megabytes_are_read_to_a_limit(
    judged: Callable[..., Assessment], monkeypatch: pytest.MonkeyPatch, piece: str
) -> None:
    """Shown to fail when `document.read` folds the whole field: 5,000,000 characters are then folded.

    Each piece is what some pattern of the engine would follow furthest; the suite's time-out stands behind them all.
    """
    folded: list[int] = []
    fold = document.fold

    def counted(text: str) -> Folded:
        folded.append(len(text))
        return fold(text)

    monkeypatch.setattr(document, "fold", counted)
    text = piece * (FIVE_MB // len(piece))
    found = judged("Notice", text=text, summary=text[:-1])
    assert sum(folded) <= len(TEXT_FIELDS) * document.LIMIT
    assert len(found.products) <= 40
    assert len(found.title_zh) < 400
    assert len(found.brief_zh) < 2_000


def test_what_stands_before_the_limit_is_found_in_five_megabytes(judged: Callable[..., Assessment]) -> None:
    filler = "lorem ipsum dolor sit amet " * (FIVE_MB // 27)
    found = judged("Notice", text="Power banks, HS code 8507.60. " + filler)
    assert [product.hs for product in found.products] == ["850760"]
    assert "power_bank" in found.concepts


def test_a_title_of_a_megabyte_is_quoted_short(judged: Callable[..., Assessment]) -> None:
    for sign in ("x", "x ", "電", "😀"):
        found = judged("Notice " + sign * 1_000_000)
        assert len(found.title_zh) < 400
        assert len(found.brief_en) < 2_000


def test_a_list_of_ten_thousand_codes_is_cut(judged: Callable[..., Assessment]) -> None:
    found = judged("Tariff", hs_codes=tuple({"code": f"{n:06d}"} for n in range(10_101, 20_101)))
    assert 0 < len(found.products) <= 40


# --- scripts, marks, noise ----------------------------------------------------------------------------------------------


def test_mixed_scripts_are_each_read(judged: Callable[..., Assessment]) -> None:
    found = judged("锂电池 and SFP modules と 光ファイバー و الطابعات — aflatoxins в 苹果")
    assert {"lithium_battery", "sfp_module", "printer"} <= set(found.concepts)


@pytest.mark.parametrize(
    "title",
    [
        "Lithium\u00adbatteries", "lithium\u200b battery", "LITHIUM   BATTERY", "ｌｉｔｈｉｕｍ　ｂａｔｔｅｒｙ",
        "Lithium batteries!!!!!?????", "锂\u200b电\u200b池", "锂電池", "\ufeff锂电池", "リチウム電池\u3099",
    ],
)  # fmt: skip
def test_noise_of_scanners_and_editors_does_not_hide_the_goods(judged: Callable[..., Assessment], title: str) -> None:
    title = title.replace("\u00ad", "\u00ad ") if "\u00ad" in title else title
    assert "lithium_battery" in judged(title).concepts


@pytest.mark.parametrize(
    "title",
    [
        "L1th1um b4ttery",
        "lrthium batlery",
        "l i t h i u m",
        "|ithium ba++ery",
        "ﾘﾁｳﾑ??池",
        "Li\ufffdhium b\ufffdttery",
        "ÃƒÂ©nergie lÃ¬thium",
    ],
)
def test_noise_that_destroys_the_words_gives_no_false_ground(judged: Callable[..., Assessment], title: str) -> None:
    """OCR may leave nothing to find: then nothing is found, and a person is asked."""
    found = judged(title)
    assert found.products == ()
    assert found.review


@pytest.mark.parametrize(
    "title",
    [
        "\u202bبطاريات الليثيوم\u202c", "\u2067بطاريات\u2069 الليثيوم", "بطاريات\u200f الليثيوم", "\u202ebatteries lithium\u202c lithium batteries",
        "بطـــاريات اللــيثيوم", "بَطَّارِيَّات اللِّيثيُوم",
    ],
)  # fmt: skip
def test_right_to_left_marks_do_not_hide_the_goods(judged: Callable[..., Assessment], title: str) -> None:
    assert "lithium_battery" in judged(title).concepts


@pytest.mark.parametrize("language", ["en", "ja", "ar", "zh", "ru", "xx", "", "nonsense-tag-42", "EN_us"])
def test_a_wrong_language_tag_changes_no_finding(judged: Callable[..., Assessment], language: str) -> None:
    found = judged("锂电池召回：HS编码8507.60，因起火风险", kind="recall", language=language)
    assert [product.hs for product in found.products] == ["850760"]
    assert "lithium_battery" in found.concepts
    assert "fire" in {opinion.hazard for opinion in found.hazards}


@pytest.mark.parametrize(
    "text",
    [
        "<p>Power banks</p><br/>HS code 8507.60", "<div class='ban on import'>Power&nbsp;banks &amp; HS code 8507.60</div>",
        "<script>var tariff = 9503;</script> Power banks, HS code: <b>8507.60</b>", "Power banks <!-- HS code 9503 --> HS code 8507.60", "&lt;p&gt;Power banks, HS code 8507.60",
        "<p>Power banks <a href='https://example.test/hs/950300'>HS code 8507.60</a>", "<<<>>> Power banks </ HS code 8507.60 <",
    ],
)  # fmt: skip
def test_remnants_of_html_are_survived(judged: Callable[..., Assessment], text: str) -> None:
    found = judged("Notice", text=text)
    assert "power_bank" in found.concepts or "&nbsp;" in text
    assert found.products


# --- codes ----------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "title", ["HS 8507.60", "HS编码：8507.60", "8507.60", "850760 850780", "ICS 43.120", "HSコード8507.60"]
)
def test_only_codes_are_an_answer_where_they_say_what_they_are(judged: Callable[..., Assessment], title: str) -> None:
    found = judged(title)
    announced = not title[0].isdigit()
    assert bool(found.industries) == announced
    if announced:
        assert found.industries[0].industry == "nev_battery"
        assert found.industries[0].method == "extracted"
    else:
        assert "no_product" in {review.reason for review in found.review}


def test_a_code_of_an_older_edition_is_answered_with_today_s(judged: Callable[..., Assessment]) -> None:
    found = judged("Photovoltaic cells, HS 2017: 8541.40")
    assert [product.hs for product in found.products] == ["854141", "854142", "854143", "854149"]
    assert found.products[0].evidence[0].text == "8541.40"
    assert found.products[0].evidence[0].why == "HS2017"
    stated = judged("Photovoltaic cells", hs_codes=({"code": "85414020", "edition": "HS2017"},))
    assert [product.hs for product in stated.products] == [product.hs for product in found.products]


@pytest.mark.parametrize("code", ["00", "77", "98", "770000", "9999999999999", "00000000"])
def test_a_code_that_does_not_exist_is_no_product(judged: Callable[..., Assessment], code: str) -> None:
    found = judged("Goods", hs_codes=({"code": code},))
    assert all(product.hs.startswith("99") for product in found.products), (
        "goods not classified are all that may be left"
    )


def test_a_code_that_contradicts_the_text_is_shown_with_both_sides(judged: Callable[..., Assessment]) -> None:
    found = judged(
        "Lithium-ion batteries and power banks for electric vehicles",
        summary="Safety of lithium-ion cells, battery packs and traction batteries of electric vehicles.",
        hs_codes=({"code": "0902"},),
    )
    assert found.products[0].conflict
    assert "conflict" in {review.reason for review in found.review}


# --- fields ---------------------------------------------------------------------------------------------------------------


def test_stated_labels_of_any_shape_are_survived(judged: Callable[..., Assessment]) -> None:
    for source in ("eu_safety_gate", "eu_rasff", "us_cpsc", "xx_test"):
        for value in ("", " ", "\x00", "x" * 100_000, ("",), ("a", "", "\u202e"), tuple("abcdefgh" * 500)):
            judged("Toy", source=source, kind="recall", stated={"riskType": value, "level": value, "Hazards": value})


def test_a_parent_of_nonsense_is_survived(assessor: Assessor, make_notice: Make) -> None:
    child = make_notice("Addendum", id="test:2", parent_symbol="G/TBT/N/X/1")
    for parent in (
        make_notice("…"),
        child,
        make_notice("x" * 50_000),
        make_notice("Battery", hs_codes=({"code": "99"},)),
    ):
        sound(assessor.assess(child, parent), child)


# --- anything -------------------------------------------------------------------------------------------------------------


@settings(max_examples=250, suppress_health_check=[HealthCheck.too_slow], deadline=None)
@given(
    title=st.text(min_size=1, max_size=60).filter(str.strip),
    summary=st.text(max_size=200),
    text=st.one_of(st.text(max_size=200), st.text(st.characters(min_codepoint=0x600, max_codepoint=0x6FF), max_size=60), st.binary(max_size=120).map(lambda b: b.decode("latin-1"))),
    language=st.text(max_size=8),
    kind=st.sampled_from(["notification", "recall", "refusal", "violation", "rule", "consultation", "import_alert", "news", "inspection_order", "border_rejection", "standard"]),
    authority=st.text(max_size=40),
    products_text=st.text(max_size=60),
    stated=st.dictionaries(st.text(max_size=12), st.one_of(st.text(max_size=20), st.lists(st.text(max_size=12), max_size=3).map(tuple)), max_size=3),
)  # fmt: skip
def test_any_unicode_in_any_field_gives_a_sound_assessment(judged: Callable[..., Assessment], **fields: Any) -> None:
    judged(**fields)
