"""The gazetteer: the same concept from every language, right boundaries, exact spans, clean tables."""

from __future__ import annotations

import csv
import random
import time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nlp import gazetteer as module
from nlp import hs
from nlp.assessment import MEASURES
from nlp.gazetteer import Concept, Gazetteer, GazetteerError
from nlp.text import fold
from nlp.words import WORDS, hazards

FOLDER = Path(module.__file__).with_name("gazetteer")
G = Gazetteer.load()
CONCEPTS = list(G)


def found(text: str) -> list[str]:
    return [match.concept for match in G.find(fold(text).text)]


# --- finding ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "text",
    [
        "锂电池", "鋰電池", "锂离子电池", "lithium battery", "Lithium Batteries", "lithium-ion cells", "LITHIUM ION CELL", "Li-ion",
        "リチウム電池", "リチウムイオン電池", "ﾘﾁｳﾑｲｵﾝ電池", "リチウム・イオン電池", "بطارية ليثيوم", "بطاريات الليثيوم", "والبطاريات الليثيوم",
        "batteries au lithium", "pilas de litio", "lityum pilleri",
    ],
)  # fmt: skip
def test_every_name_of_the_lithium_battery_is_one_concept(text: str) -> None:
    assert found(text) == ["lithium_battery"]


@pytest.mark.parametrize(
    ("zh", "en", "ja", "ar"),
    [
        ("充电宝", "power banks", "モバイルバッテリー", "بنك طاقة"),
        ("电动自行车", "e-bikes", "電動アシスト自転車", "الدراجات الكهربائية"),
        ("光纤", "optical fibres", "光ファイバー", "الألياف البصرية"),
        ("智能手机", "mobile phones", "スマートフォン", "الهواتف المحمولة"),
        ("邻苯二甲酸酯", "phthalates", "フタル酸エステル", "الفثالات"),
        ("沙门氏菌", "Salmonella", "サルモネラ", "السالمونيلا"),
        ("黄曲霉毒素", "aflatoxins", "アフラトキシン", "أفلاتوكسين"),
        ("能效标签", "energy labelling", "省エネラベル", "بطاقة كفاءة الطاقة"),
        ("清真", "halal", "ハラル", "حلال"),
        ("禽流感", "avian influenza", "鳥インフルエンザ", "إنفلونزا الطيور"),
        ("电池护照", "battery passport", "バッテリーパスポート", "جواز سفر البطارية"),
        ("光伏组件", "solar panels", "太陽光パネル", "الألواح الشمسية"),
    ],
)
def test_a_query_means_the_same_in_four_languages(zh: str, en: str, ja: str, ar: str) -> None:
    answers = {text: set(G.concepts_of_query(text)) for text in (zh, en, ja, ar)}
    assert len(next(iter(answers.values()))) == 1
    assert len(set(map(frozenset, answers.values()))) == 1, answers


def test_trade_names_are_found_with_their_industry() -> None:
    for industry, entry in hs.industry_table().items():
        names = [str(name) for name in entry["trade_names"]]
        assert len(names) >= 8
        for name in names:
            matches = G.find(fold(name).text)
            assert len(matches) == 1, (industry, name, matches)
            assert (matches[0].start, matches[0].end) == (0, len(fold(name).text)), name
            assert industry in G.concept(matches[0].concept).industries, (industry, name, matches[0].concept)


def test_the_longest_match_wins_and_hits_do_not_overlap() -> None:
    assert found("smart phone battery charger") == ["battery_charger"]
    assert found("笔记本电脑电池") == ["laptop_battery"]
    assert found("battery management system") == ["battery_management_system"]
    assert found("锂电池充电器") == ["lithium_battery", "battery_charger"]


def test_latin_terms_are_whole_words_in_every_surrounding() -> None:
    assert found("PSE認証") == ["pse_mark"]
    assert found("光模块(SFP/QSFP)") == ["optical_transceiver", "sfp_module", "qsfp_module"]
    assert found("a sfpx, xsfp, sfp2 and sfpes") == []
    assert found("the collaserate of lasers") == ["laser"]
    assert found("leadership in rapeseedy ideas") == []


def test_inflection_never_takes_a_word_somebody_wrote() -> None:
    assert found("glasses") == ["spectacles"]


def test_arabic_words_with_article_and_prefix() -> None:
    for text in ("هاتف محمول", "الهاتف المحمول", "والهاتف المحمول", "بالهاتف المحمول", "للهاتف المحمول"):
        assert found(text) == ["smartphone"], text
    assert found("الأجهزة الإلكترونية، والطابعات.") == ["electronic_products", "printer"]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("Notice: power-banks (2 models)", ["power-banks"]),
        ("これはモバイルバッテリーです。PSEマーク", ["モバイルバッテリ", "PSEマーク"]),
        ("تقرر حظر بطاريات الليثيوم والطابعات SFP", ["بطاريات الليثيوم", "والطابعات", "SFP"]),
        ("某品牌10000mAh充电宝及USB充电器", ["充电宝", "USB充电器"]),
        ("Piles: pilas de litio n° 5 – laser", ["pilas de litio", "laser"]),
    ],
)
def test_spans_lead_back_to_the_words(text: str, words: list[str]) -> None:
    folded = fold(text)
    spans = [folded.origin(match.start, match.end) for match in G.find(folded.text)]
    assert [text[start:end] for start, end in spans] == words


@given(st.text(max_size=300))
def test_any_text_gives_ordered_spans_inside_it(text: str) -> None:
    folded = fold(text).text
    last = 0
    for match in G.find(folded):
        assert last <= match.start < match.end <= len(folded)
        last = match.end


@given(
    st.lists(
        st.sampled_from(
            ["锂电池", "SFP", "بطاريات الليثيوم", " ", "،", "の", "x", "光纤", "لل", "é", "。", "リチウム電池"]
        ),
        max_size=12,
    )
)
def test_spans_of_glued_scripts_are_terms(parts: list[str]) -> None:
    folded = fold("".join(parts)).text
    for match in G.find(folded):
        assert match.concept in found(folded[match.start : match.end])


def test_unfolded_and_hostile_text_is_survived() -> None:
    assert G.find("") == []
    assert G.find("\ud800 锂电池 \ud800")[0].concept == "lithium_battery"
    assert G.find("電" * 100_000) == []


# --- the tables -------------------------------------------------------------------------------------------------------


def test_tables_are_sorted_and_clean() -> None:
    for path in sorted(FOLDER.glob("*.tsv")):
        with path.open(encoding="utf-8", newline="") as file:
            rows = list(csv.reader(file, delimiter="\t", quoting=csv.QUOTE_NONE))
        ids = [row[0] for row in rows[1:]]
        assert ids == sorted(ids), path.name
        for row in rows[1:]:
            for cell in row:
                assert cell == cell.strip(), (path.name, row[0])
                terms = cell.split(";")
                assert len(terms) == len(set(terms)), (path.name, row[0], cell)
                assert all(term and term == term.strip() for term in terms) or not cell, (path.name, row[0], cell)


def test_no_term_names_two_concepts_unless_listed() -> None:
    homonyms = module.read_homonyms(FOLDER)
    owners: dict[str, set[str]] = {}
    for concept, _, _, folded in module.folded_terms(CONCEPTS):
        owners.setdefault(folded, set()).add(concept.id)
    shared = {term for term, names in owners.items() if len(names) > 1}
    assert shared <= homonyms
    assert homonyms <= shared, "a listed homonym that is none any more"


def test_a_collision_is_an_error_with_both_names() -> None:
    one = Concept("one", "product", {"zh": ("甲乙",), "en": ("thing",)})
    two = Concept("two", "product", {"zh": ("丙丁",), "en": ("Thing",)})
    with pytest.raises(GazetteerError, match="one and two"):
        Gazetteer([one, two])
    both = Gazetteer([one, two], frozenset({"thing"}))
    assert [match.concept for match in both.find("a thing")] == ["one", "two"]


def test_words_of_queries_are_none_of_prose() -> None:
    """A word the automaton finds anyway needs no row, and a word may mean one concept only."""
    words = [word for row in module._rows(FOLDER / "query_words.tsv") for word in row["words"].split(";")]
    folded = [fold(word).text for word in words]
    assert len(folded) == len(set(folded))
    for word, concept in module.read_query_words(FOLDER).items():
        assert concept in G
        assert [(match.start, match.end) for match in G.find(word)] != [(0, len(word))], word


def test_everyday_names_are_none_of_the_gazetteer_itself() -> None:
    """Each once, of one concept, and none that prose or `query_words.tsv` answers already."""
    rows = module._rows(FOLDER / "everyday.tsv")
    assert [row["concept"] for row in rows] == sorted({row["concept"] for row in rows})
    folded = [fold(word).text for row in rows for word in row["words"].split(";")]
    assert len(folded) == len(set(folded))
    assert not set(folded) & set(module.read_query_words(FOLDER))
    for word, concept in module.read_query_words(FOLDER, "everyday.tsv").items():
        assert concept in G
        assert [(match.start, match.end) for match in G.find(word)] != [(0, len(word))], word


def test_what_is_broader_is_of_one_kind_and_goes_up() -> None:
    """A chain ends, knows its concepts, and does not skip what is listed: a doll is a toy, and so a thing for children."""
    for concept, wider in module.read_broader(FOLDER).items():
        assert wider, concept
        assert list(wider) == sorted(set(wider)), concept
        for one in wider:
            assert one not in {two for other in wider if other != one for two in G.broader(other)}, (concept, one)
    one = Concept("one", "product", {"zh": ("甲乙",), "en": ("first thing",)})
    two = Concept("two", "product", {"zh": ("丙丁",), "en": ("second thing",)})
    assert Gazetteer([one, two], broader={"one": ("two",)}).broader("one") == ("two",)
    with pytest.raises(GazetteerError, match="broader than itself"):
        Gazetteer([one, two], broader={"one": ("two",), "two": ("one",)})
    with pytest.raises(GazetteerError, match="no such concept: three"):
        Gazetteer([one, two], broader={"one": ("three",)})


def test_terms_are_long_enough_to_mean_something() -> None:
    for concept, lang, term, folded in module.folded_terms(CONCEPTS):
        if lang in ("zh", "ja"):
            # One character only where it is the name of a chemical element: 镉, 汞.
            assert len(folded) >= 2 or concept.kind == "substance", (concept.id, term)
            kana = all("\u3041" <= sign <= "\u3096" or sign == "ー" for sign in folded)
            assert not kana or len(folded) >= 3, (concept.id, term)
        else:
            assert len(folded) >= 3, (concept.id, term)


def test_every_concept_is_complete() -> None:
    industries, taxonomy = set(WORDS["industry"]), hazards()
    for concept in CONCEPTS:
        assert {"zh", "en", "ja", "ar"} <= concept.terms.keys(), concept.id
        assert set(concept.hazards) <= taxonomy.keys(), concept.id
        assert set(concept.industries) <= industries, concept.id
        if concept.kind == "product":
            assert concept.hs, concept.id
            assert concept.industries, concept.id
            assert all(hs.is_code(code) for code in concept.hs), (concept.id, concept.hs)
        elif concept.kind in ("measure", "scheme"):
            assert concept.measure in MEASURES, concept.id
        else:
            assert concept.hazards, concept.id


def test_terms_stand_in_the_script_of_their_language() -> None:
    for concept, lang, term, folded in module.folded_terms(CONCEPTS):
        if lang == "ar":
            assert any("\u0620" <= sign <= "\u064a" for sign in folded), (concept.id, term)
        elif lang in ("en", "fr", "es", "tr"):
            assert not any(sign >= "\u0600" for sign in folded), (concept.id, term)


# --- speed ------------------------------------------------------------------------------------------------------------


def test_loading_and_finding_are_quick() -> None:
    started = time.process_time()
    Gazetteer(module.read(FOLDER), module.read_homonyms(FOLDER))
    assert time.process_time() - started < 2.0  # of the processor's time, so that a busy machine does not matter
    chooser = random.Random(7)  # noqa: S311
    names = [term for concept in CONCEPTS for term in concept.terms["en"]]
    texts = [fold(" of ".join(chooser.sample(names, 5))).text for _ in range(2_000)]
    started = time.process_time()
    hits = sum(len(G.find(text)) for text in texts)
    assert hits >= 8_000
    assert 2_000 / (time.process_time() - started) > 3_000
