"""Goods of health care, farming, food and chemistry: one concept from every language, and nothing where none is named."""

from __future__ import annotations

from pathlib import Path

import pytest

from nlp import gazetteer as module
from nlp.gazetteer import Concept, Gazetteer, GazetteerError
from nlp.text import fold

G = Gazetteer.load()

#: (industry, zh, en, ja, ar): what people of four languages type for the same goods.
QUERIES = [
    ("chemicals", "化妆品", "cosmetics", "化粧品", "مستحضرات التجميل"),
    ("chemicals", "防晒霜", "sunscreens", "日焼け止め", "واقي الشمس"),
    ("chemicals", "香水", "perfumes", "香水", "العطور"),
    ("chemicals", "洗涤剂", "detergents", "洗剤", "المنظفات"),
    ("chemicals", "农药", "pesticides", "農薬", "المبيدات"),
    ("chemicals", "除草剂", "herbicides", "除草剤", "مبيدات الأعشاب"),
    ("chemicals", "化肥", "fertilizers", "肥料", "الأسمدة"),
    ("chemicals", "涂料", "paints", "塗料", "الدهانات"),
    ("chemicals", "胶粘剂", "adhesives", "接着剤", "مواد لاصقة"),
    ("chemicals", "烟花", "fireworks", "花火", "الألعاب النارية"),
    ("chemicals", "消毒剂", "disinfectants", "消毒剤", "المطهرات"),
    ("health", "医用口罩", "surgical masks", "サージカルマスク", "كمامات طبية"),
    ("health", "血氧仪", "pulse oximeters", "パルスオキシメーター", "مقياس التأكسج النبضي"),
    ("health", "维生素", "vitamins", "ビタミン剤", "فيتامينات"),
    ("health", "疫苗", "vaccines", "ワクチン", "اللقاحات"),
    ("health", "医疗器械", "medical devices", "医療機器", "الأجهزة الطبية"),
    ("health", "体外诊断试剂", "in vitro diagnostics", "体外診断用医薬品", "كواشف تشخيصية"),
    ("health", "膳食补充剂", "food supplements", "サプリメント", "المكملات الغذائية"),
    ("health", "注射器", "syringes", "注射器", "المحاقن"),
    ("health", "血糖仪", "blood glucose meters", "血糖測定器", "مقياس السكر في الدم"),
    ("health", "中药材", "medicinal plants", "生薬", "النباتات الطبية"),
    ("health", "呼吸机", "medical ventilators", "人工呼吸器", "أجهزة التنفس الصناعي"),
    ("health", "轮椅", "wheelchairs", "車椅子", "كراسي متحركة"),
    ("health", "人参", "ginseng", "高麗人参", "الجنسنغ"),
    ("chemicals", "聚乙烯", "polyethylene", "ポリエチレン", "البولي إيثيلين"),
]


@pytest.mark.parametrize(("industry", "zh", "en", "ja", "ar"), QUERIES)
def test_the_same_goods_in_four_languages(industry: str, zh: str, en: str, ja: str, ar: str) -> None:
    """Shown to fail by taking the Japanese term of one of the rows out of its table."""
    answers = {text: G.concepts_of_query(text) for text in (zh, en, ja, ar)}
    assert len(set(answers.values())) == 1, answers
    (concept,) = answers[zh]
    assert industry in G.concept(concept).industries


def test_a_phrase_of_another_meaning_names_nothing_and_hides_what_is_in_it() -> None:
    """A form that inflection makes ("paint" of "paints") is passed over too. The plain reading shows the difference."""
    concept = Concept("paints", "product", {"zh": ("涂料",), "en": ("paints", "oil paints")})
    plain = Gazetteer([concept])
    masked = Gazetteer([concept], other_meanings=frozenset({"paint", "paints and people"}))
    text = "paint, paints and people, paints"
    assert [(match.start, match.end) for match in plain.find(text)] == [(0, 5), (7, 13), (26, 32)]
    assert [(match.start, match.end) for match in masked.find(text)] == [(26, 32)]


@pytest.mark.parametrize(
    ("text", "concept"),
    [
        ("medical devices", "medical_device"),
        ("printing inks", "printing_ink"),
        ("dispositifs médicaux", "medical_device"),
        ("produits chimiques", "chemical_substances"),
        ("productos químicos", "chemical_substances"),
        ("feux d'artifice", "fireworks"),
        ("Arzneimittel", None),
    ],
)
def test_plurals_of_words_that_begin_like_a_preposition_or_end_like_latin(text: str, concept: str | None) -> None:
    """Shown to fail by letting "de" begin "device": then "medical devices" named nothing."""
    assert [match.concept for match in G.find(fold(text).text)] == ([concept] if concept else [])


def test_what_a_concept_is_called_cannot_be_listed_as_meaning_something_else() -> None:
    with pytest.raises(GazetteerError, match="other_meanings"):
        Gazetteer([Concept("one", "product", {"zh": ("甲乙",), "en": ("thing",)})], frozenset(), frozenset({"thing"}))


def test_every_phrase_of_another_meaning_is_needed() -> None:
    """A phrase is listed only where the concepts alone would find something in it."""
    folder = Path(module.__file__).with_name("gazetteer")
    plain = Gazetteer(module.read(folder), module.read_homonyms(folder))
    for phrase in module.read_other_meanings(folder):
        assert plain.find(phrase), phrase
        assert not G.find(fold(phrase).text), phrase
