"""Goods of industry in the gazetteer: one thing in four languages, families, words that only look like goods."""

from __future__ import annotations

import csv
import gzip
from pathlib import Path

import pytest

from nlp import gazetteer as module
from nlp.gazetteer import Gazetteer
from nlp.text import fold

FOLDER = Path(module.__file__).with_name("gazetteer")
G = Gazetteer.load()
#: table → fewest concepts it must hold.
TABLES = {
    "machinery": 160,
    "appliances_electrical": 170,
    "vehicles": 110,
    "textiles_apparel": 140,
    "toys_children": 120,
    "materials_construction": 115,
    "other": 95,
}


def table(name: str) -> list[dict[str, str]]:
    with (FOLDER / f"product_{name}.tsv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE))


def found(text: str) -> list[str]:
    return [match.concept for match in G.find(fold(text).text)]


# --- one thing in four languages --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("concept", "zh", "en", "ja", "ar"),
    [
        ("excavator", "挖掘机", "excavators", "油圧ショベル", "الحفارات"),
        ("elevator", "电梯", "passenger lifts", "エレベーター", "المصاعد"),
        ("escalator", "自动扶梯", "escalator", "エスカレーター", "السلالم المتحركة"),
        ("forklift", "叉车", "fork-lift trucks", "フォークリフト", "الرافعات الشوكية"),
        ("crane", "起重机", "cranes", "クレーン", "معدات الرفع"),
        ("bearing", "轴承", "ball bearings", "軸受", "رولمان بلي"),
        ("compressor", "压缩机", "air compressors", "コンプレッサー", "ضواغط الهواء"),
        ("pump", "水泵", "centrifugal pumps", "ポンプ", "مضخات المياه"),
        ("valve", "阀门", "valves", "バルブ", "الصمامات"),
        ("boiler", "锅炉", "boilers", "ボイラー", "غلايات بخارية"),
        ("injection_moulding", "注塑机", "injection moulding machine", "射出成形機", "آلة حقن البلاستيك"),
        ("cnc_machine_tool", "数控机床", "CNC machine tools", "マシニングセンタ", "مركز تشغيل آلي"),
        ("industrial_robot", "工业机器人", "industrial robots", "産業用ロボット", "روبوت صناعي"),
        ("agricultural_machinery", "农业机械", "agricultural machinery", "農業機械", "الآلات الزراعية"),
        ("packaging_machine", "包装机", "packaging machines", "包装機械", "آلات التعبئة والتغليف"),
        ("weighing_machine", "衡器", "weighing instruments", "自動はかり", "الموازين"),
        ("air_conditioner", "空調機", "room air conditioners", "ルームエアコン", "مكيفات الهواء"),
        ("refrigerator", "电冰箱", "household refrigerators", "冷蔵庫", "الثلاجات"),
        ("washing_machine", "洗衣机", "washing machines", "全自動洗濯機", "الغسالات"),
        ("dishwasher", "洗碗机", "dishwashers", "食器洗い機", "غسالات الصحون"),
        ("rice_cooker", "电饭煲", "rice cookers", "炊飯器", "طباخ أرز كهربائي"),
        ("electric_kettle", "电水壶", "electric kettles", "電気ケトル", "الغلاية الكهربائية"),
        ("air_fryer", "空气炸锅", "air fryers", "ノンフライヤー", "القلاية الهوائية"),
        ("microwave_oven", "微波炉", "microwave ovens", "電子レンジ", "أفران الميكروويف"),
        ("water_heater", "热水器", "water heaters", "給湯器", "سخانات المياه"),
        ("electric_blanket", "电热毯", "heated blankets", "電気毛布", "البطانيات الكهربائية"),
        ("hair_dryer", "电吹风", "hair dryers", "ヘアドライヤー", "مجففات الشعر"),
        ("robot_vacuum", "扫地机器人", "robot vacuum cleaners", "ロボット掃除機", "مكنسة روبوتية"),
        ("socket_outlet", "插座", "socket-outlets", "コンセント", "المقابس"),
        ("electric_cable", "电线电缆", "electric cables", "絶縁電線", "الكابلات والأسلاك"),
        ("luminaire", "灯具", "luminaires", "照明器具", "أجهزة الإضاءة"),
        ("led_lamp", "LED灯", "LED lamps", "LEDランプ", "مصابيح LED"),
        ("motor_vehicle", "机动车辆", "motor vehicles", "自動車", "السيارات"),
        ("truck", "货车", "trucks", "トラック", "الشاحنات"),
        ("motorcycle", "摩托车", "motorcycles", "オートバイ", "الدراجات النارية"),
        ("bicycle", "自行车", "bicycles", "自転車", "الدراجات الهوائية"),
        ("tyre", "轮胎", "pneumatic tyres", "空気入りタイヤ", "الإطارات"),
        ("brake_pad", "刹车片", "brake linings", "ブレーキパッド", "بطانات الفرامل"),
        ("airbag", "安全气囊", "air bags", "エアバッグ", "الوسائد الهوائية"),
        ("seat_belt", "安全带", "seat belts", "シートベルト", "أحزمة الأمان"),
        ("vehicle_lighting", "前照灯", "headlamps", "ヘッドランプ", "مصابيح السيارات"),
        ("child_car_seat", "儿童安全座椅", "child restraint systems", "チャイルドシート", "مقاعد الأطفال للسيارات"),
        ("garment", "服装", "wearing apparel", "衣料品", "الملابس"),
        ("textile_product", "纺织品", "textile products", "繊維製品", "المنسوجات"),
        ("down_jacket", "羽绒服", "down jackets", "ダウンジャケット", "سترة ريش"),
        ("jeans", "牛仔裤", "denim jeans", "ジーンズ", "بنطلون جينز"),
        ("sleepwear", "睡衣", "pyjamas", "パジャマ", "ملابس نوم"),
        ("scarf", "围巾", "scarves", "スカーフ", "الأوشحة"),
        ("safety_helmet", "安全帽", "hard hats", "保護帽", "خوذات السلامة"),
        ("sports_shoe", "运动鞋", "sports shoes", "運動靴", "الأحذية الرياضية"),
        ("luggage", "行李箱", "suitcases", "スーツケース", "حقائب السفر"),
        ("toy", "玩具", "toys", "おもちゃ", "ألعاب الأطفال"),
        ("plush_toy", "毛绒玩具", "stuffed toys", "ぬいぐるみ", "دمى محشوة"),
        ("stroller", "婴儿推车", "pushchairs", "ベビーカー", "عربات الأطفال"),
        ("crib", "婴儿床", "cribs", "ベビーベッド", "أسرة الأطفال"),
        ("pacifier", "安抚奶嘴", "soothers", "おしゃぶり", "لهايات"),
        ("baby_bottle", "奶瓶", "feeding bottles", "哺乳瓶", "زجاجات الرضاعة"),
        ("slime", "史莱姆", "slime", "スライム", "سلايم"),
        ("magnetic_beads", "磁力珠", "magnetic balls", "マグネットボール", "كرات مغناطيسية"),
        ("building_blocks", "积木", "building blocks", "積み木", "مكعبات بناء"),
        ("childrens_clothing", "童装", "children's clothing", "子供服", "ملابس الأطفال"),
        ("ceramic_tile", "瓷砖", "ceramic tiles", "セラミックタイル", "بلاط سيراميك"),
        ("cement", "水泥", "Portland cement", "セメント", "الأسمنت"),
        ("rebar", "钢筋", "reinforcing bars", "鉄筋", "حديد التسليح"),
        ("plywood", "胶合板", "plywood", "合板", "الخشب الرقائقي"),
        ("aluminium_profile", "铝型材", "aluminium profiles", "アルミ形材", "قطاعات الألومنيوم"),
        ("gypsum_board", "石膏板", "plasterboard", "石膏ボード", "ألواح الجبس"),
        ("faucet", "水龙头", "faucets", "水栓", "صنابير"),
        ("flooring", "地板", "floor coverings", "床材", "الأرضيات"),
        ("fire_extinguisher", "灭火器", "fire extinguishers", "消火器", "طفايات الحريق"),
        ("construction_product", "建筑材料", "construction products", "建築材料", "مواد البناء"),
        ("furniture", "家具", "furniture", "家具", "الأثاث"),
        ("jewellery", "首饰", "jewellery", "装身具", "المجوهرات"),
        ("watch", "手表", "wristwatches", "腕時計", "ساعات اليد"),
        ("lighter", "打火机", "cigarette lighters", "使い捨てライター", "الولاعات"),
        ("candle", "蜡烛", "candles", "ろうそく", "الشموع"),
        ("tableware", "餐具", "tableware", "食器", "أدوات المائدة"),
        ("food_contact_article", "食品接触材料", "food contact materials", "器具及び容器包装", "المواد الملامسة للأغذية"),
        ("fitness_equipment", "跑步机", "treadmills", "ルームランナー", "معدات اللياقة البدنية"),
        ("tobacco_product", "烟草制品", "tobacco products", "たばこ製品", "منتجات التبغ"),
    ],
)  # fmt: skip
def test_a_query_means_the_same_in_four_languages(concept: str, zh: str, en: str, ja: str, ar: str) -> None:
    """Shown to fail: with クレーン moved from `crane` to another row."""
    for text in (zh, en, ja, ar):
        assert set(found(text)) == {concept}, (text, found(text))


@pytest.mark.parametrize(
    ("text", "concept"),
    [
        ("poussettes", "stroller"), ("juguetes", "toy"), ("oyuncaklar", "toy"), ("jouets en peluche", "plush_toy"),
        ("ascenseurs", "elevator"), ("calzado", "shoe"), ("çamaşır makineleri", "washing_machine"),
        ("lave-vaisselle", "dishwasher"), ("vehículos de motor", "motor_vehicle"), ("motosikletler", "motorcycle"),
        ("carreaux céramique", "ceramic_tile"), ("azulejos", "ceramic_tile"), ("mobilya", "furniture"),
        ("bougies", "candle"), ("prises de courant", "socket_outlet"),
    ],
)  # fmt: skip
def test_french_spanish_and_turkish_of_common_goods(text: str, concept: str) -> None:
    assert found(text) == [concept]


# --- families ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "industry"),
    [
        ("machinery", "machinery"), ("机械设备", "machinery"), ("機械類", "machinery"), ("الآلات والمعدات", "machinery"),
        ("household electrical appliances", "appliances_electrical"), ("家用电器", "appliances_electrical"),
        ("家電", "appliances_electrical"), ("الأجهزة الكهربائية المنزلية", "appliances_electrical"),
        ("motor vehicles", "vehicles"), ("auto parts", "vehicles"), ("汽车零部件", "vehicles"), ("自動車", "vehicles"),
        ("garments", "textiles_apparel"), ("纺织品", "textiles_apparel"), ("履物", "textiles_apparel"),
        ("toys", "toys_children"), ("儿童用品", "toys_children"), ("子供用品", "toys_children"),
        ("construction products", "materials_construction"), ("建材", "materials_construction"),
        ("plastics", "materials_construction"), ("鉄鋼", "materials_construction"),
        ("furniture", "other"), ("体育用品", "other"), ("文房具", "other"),
    ],
)  # fmt: skip
def test_a_broad_notice_gets_its_industry(text: str, industry: str) -> None:
    (concept,) = set(found(text))
    assert industry in G.concept(concept).industries


@pytest.mark.parametrize("name", TABLES)
def test_tables_are_as_large_as_their_trade(name: str) -> None:
    rows = table(name)
    assert len(rows) >= TABLES[name]
    assert sum(name in G.concept(row["id"]).industries for row in rows) >= 0.9 * len(rows)
    for lang in ("fr", "es", "tr"):
        assert sum(bool(row[lang]) for row in rows) >= 0.9 * len(rows), lang


def test_the_narrower_name_wins() -> None:
    assert found("toy car") == ["toy_car"]
    assert found("children's toy gun") == ["toy_gun"]
    assert found("motorcycle helmets") == ["motorcycle_helmet"]
    assert found("儿童自行车头盔") == ["childrens_helmet"]
    assert found("人形机器人") == ["industrial_robot"]
    assert found("refrigerator-freezers") == ["refrigerator", "freezer"]
    assert found("羽毛球") == ["racket_sports"]


# --- words that only look like goods ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "text",
    [
        "组织机构", "国家具有主权", "专家具体意见", "拟定规则", "公布地址", "满足场所要求", "同时计算", "水管理", "控制服务",
        "着手办理", "法兰克福", "被子公司收购", "涉农机构", "对手表示",
        "short comment period", "the overall level", "a blind study", "plastic and ceramic parts", "calendar year 2025",
        "cable television systems", "beef skirt steak", "kettle cooked potato", "shepherd's purse", "coat protein gene",
        "lighter than before", "micrometers", "please file a report", "the role of", "sort by", "lead the way", "pale yellow",
        "Hungary", "ハンガリー", "ストロベリー", "アドレス", "お客様からいただいた", "プロダクト", "フレンチ", "納豆", "スロープ",
        "ディフェンス", "指をはさみ", "ブラケット", "シャットダウン", "これらの",
        "دجاج مجمد", "محاور النقاش",
    ],
)  # fmt: skip
def test_words_that_only_look_like_goods(text: str) -> None:
    """Each of these held a term of an earlier state of the tables. Shown to fail: with 定規 back in `length_tool`."""
    goods = {row["id"] for name in TABLES for row in table(name)}
    assert not goods & set(found(text)), (text, found(text))


def test_homonyms_name_all_they_may_mean() -> None:
    assert set(found("scooter")) == {"childrens_scooter", "motorcycle"}
    assert set(found("tricycles")) & {"childrens_tricycle", "tricycle_vehicle"}
    assert set(found("マフラー")) == {"exhaust_system", "scarf"}
    assert found("kick scooter") == ["childrens_scooter"]


# --- real notices -----------------------------------------------------------------------------------------------------


def _share_with_goods(path: Path, *columns: str) -> float:
    kinds = {concept.id for concept in G if concept.kind == "product"}
    hits = total = 0
    with gzip.open(path, "rt", encoding="utf-8", newline="") as file:
        for number, row in enumerate(csv.DictReader(file)):
            if number % 8 == 0:
                total += 1
                text = fold(". ".join(row[column] for column in columns)).text
                hits += any(match.concept in kinds for match in G.find(text))
    return hits / total


def test_most_real_recalls_name_goods_we_know(labels: Path) -> None:
    """Every eighth row: not a goal to tune to, a floor that a broken table falls through.

    Shown to fail: with product_toys_children.tsv cut to its first twenty rows.
    """
    assert _share_with_goods(labels / "eu_safety_gate.csv.gz", "product", "name", "description") >= 0.94
    assert _share_with_goods(labels / "us_cpsc_recalls.csv.gz", "descriptions") >= 0.87
