"""Goods of health care, farming, food and chemistry: one concept from every language, and nothing where none is named."""

from __future__ import annotations

from pathlib import Path

import pytest

from nlp import gazetteer as module
from nlp.gazetteer import Concept, Gazetteer
from nlp.text import fold

FOLDER = Path(module.__file__).with_name("gazetteer")
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
    ("agri_food", "小龙虾", "crayfish", "ザリガニ", "جراد البحر النهري"),
    ("agri_food", "茶叶", "tea leaves", "茶葉", "أوراق الشاي"),
    ("agri_food", "蜂蜜", "honey", "はちみつ", "العسل"),
    ("agri_food", "鸡蛋", "eggs", "鶏卵", "البيض"),
    ("agri_food", "香菇", "dried shiitake", "しいたけ", "فطر شيتاكي"),
    ("agri_food", "大米", "rice", "精米", "الأرز"),
    ("agri_food", "牛肉", "beef", "牛肉", "لحم البقر"),
    ("agri_food", "鸡肉", "chicken meat", "鶏肉", "لحوم الدجاج"),
    ("agri_food", "冻虾", "frozen shrimps", "冷凍えび", "الروبيان"),
    ("agri_food", "花生", "peanuts", "落花生", "الفول السوداني"),
    ("agri_food", "橄榄油", "olive oil", "オリーブ油", "زيت الزيتون"),
    ("agri_food", "婴幼儿配方奶粉", "infant formula", "調製粉乳", "حليب الرضع"),
    ("agri_food", "奶酪", "cheeses", "チーズ", "الأجبان"),
    ("agri_food", "饮料", "beverages", "清涼飲料水", "المشروبات"),
    ("agri_food", "葡萄酒", "wine", "ワイン", "النبيذ"),
    ("agri_food", "饲料", "animal feed", "飼料", "الأعلاف"),
    ("agri_food", "宠物食品", "pet food", "ペットフード", "أغذية الحيوانات الأليفة"),
    ("agri_food", "种子", "seeds for sowing", "種子", "بذور الزراعة"),
    ("agri_food", "活牛", "live cattle", "生体牛", "الأبقار الحية"),
    ("agri_food", "蔬菜", "vegetables", "野菜", "الخضروات"),
    ("agri_food", "水产品", "fishery products", "水産物", "المنتجات السمكية"),
    ("agri_food", "巧克力", "chocolate", "チョコレート", "الشوكولاتة"),
    ("agri_food", "辣椒", "chillies", "唐辛子", "الفلفل الحار"),
    ("agri_food", "乳制品", "dairy products", "乳製品", "منتجات الألبان"),
    ("agri_food", "罗非鱼", "tilapia", "ティラピア", "سمك البلطي"),
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


def test_every_phrase_of_another_meaning_is_needed() -> None:
    """A phrase is listed only where the concepts alone would find something in it, and it names no concept itself."""
    plain = Gazetteer(module.read(FOLDER), module.read_homonyms(FOLDER))
    for phrase in module.read_other_meanings(FOLDER):
        assert plain.find(phrase), phrase
        assert not G.find(fold(phrase).text), phrase


def test_every_term_names_its_concept_and_no_part_of_it_another() -> None:
    """Shown to fail by the Spanish "ñame" (yam), which folds to the English "name": what is written once is one thing."""
    homonyms = module.read_homonyms(FOLDER)
    for concept, lang, term, folded in module.folded_terms(G):
        found = [match.concept for match in G.find(folded)]
        assert found == [concept.id] or (folded in homonyms and concept.id in found), (concept.id, lang, term, found)


@pytest.mark.parametrize(
    "text",
    [
        "name and address of the importer", "for the sake of clarity", "production dates 01.08.2024 - 31.10.2024",
        "an orange jacket", "Apple Inc.", "an olive coating on steel", "UVA lamp spectrum", "BLE 5.0", "Fig. 1",
        "Kohl's stores", "Bush Hog", "Yuba City", "Rusk County", "the paint and the varnish flake", "chemical risk",
        "a walnut finish", "lime and cherry", "ham radio licence", "Sesame Street", "a lobster clasp", "Fish and Wildlife Service",
        "supplement to the notification", "machine wash or hand wash", "resistance to masa", "la luz de mayo",
        "八角形的桌面", "苹果手机", "第三十条规定的运输液体的罐车", "プリントシャツ", "リソース", "スケール", "いくら",
        "عيد الفطر", "قياس دقيق", "نشأ عن ذلك", "محمد بن علي",
    ],
)  # fmt: skip
def test_words_that_only_look_like_goods_name_none(text: str) -> None:
    """Each was once a false find, in the tables or in recorded notices."""
    products = [match.concept for match in G.find(fold(text).text) if G.concept(match.concept).kind == "product"]
    assert not {industry for name in products for industry in G.concept(name).industries} & {
        "agri_food",
        "health",
        "chemicals",
    }, products
