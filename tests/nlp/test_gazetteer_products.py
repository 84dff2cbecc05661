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
