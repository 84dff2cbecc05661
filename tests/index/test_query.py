"""The query language: what each text means, and errors that point at the character."""

from __future__ import annotations

import csv
import datetime as dt
import string
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from index.analysis import Concepts
from index.expression import Days, Filter
from index.fields import FIELDS, UnknownValue, by_name, value_of
from index.plan import Maybe, Term, Without, plan
from index.query import MAX_CHARACTERS, Query, QueryError, parse
from nlp.gazetteer import Concept, Gazetteer
from nlp.text import fold

ROOT = Path(__file__).parents[2]


def conditions(text: str) -> list[dict[str, Any]]:
    return [condition.model_dump(exclude_defaults=True, mode="json") for condition in parse(text).conditions]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("market:EU", {"field": "market", "values": ("EU",)}),
        ("市场：欧盟", {"field": "market", "values": ("EU",)}),
        ("国家:美国、日本", {"field": "market", "values": ("US", "JP")}),
        ("market:(EU OR 日本)", {"field": "market", "values": ("EU", "JP")}),
        ('market:"Saudi Arabia"', {"field": "market", "values": ("SA",)}),
        ("market:中东", {"field": "market_group", "values": ("middle_east",)}),
        ("税号:8507.60.00.90", {"field": "hs", "values": ("850760",)}),
        ("hs:8507600090123", {"field": "hs", "values": ("850760",)}),
        ("HS编码:8501..8504", {"field": "hs", "values": ("8501", "8502", "8503", "8504")}),
        ("hs:84..85", {"field": "hs", "values": ("84", "85")}),
        ("等级:红", {"field": "level", "values": ("red",)}),
        ("level:>yellow", {"field": "level", "values": ("red",)}),
        ("severity:low..medium", {"field": "severity", "values": ("low", "medium")}),
        ("severity:none", {"field": "severity", "values": ("none",)}),
        ("measure:>=rejection", {"field": "measure", "values": ("rejection", "ban")}),
        ("stage:none", {"field": "stage", "filled": False}),
        ("symbol:any", {"field": "symbol", "filled": True}),
        ("通报号:g/tbt/n/usa/12", {"field": "symbol", "values": ("G/TBT/N/USA/12",)}),
        ("kind:自动扣留", {"field": "kind", "values": ("import_alert",)}),
        ("行业:新能源", {"field": "industry", "values": ("nev_battery",)}),
        ("hazard:electric_shock", {"field": "hazard", "values": ("electric_shock",)}),
        ("hazard:“electric shock”", {"field": "hazard", "values": ("electric_shock",)}),
        ("deadline:<30d", {"field": "deadline", "days": {"low_days": 0, "high_days": 29}}),
        ("截止:≤30天", {"field": "deadline", "days": {"low_days": 0, "high_days": 30}}),
        ("deadline:2w", {"field": "deadline", "days": {"low_days": 0, "high_days": 14}}),
        ("deadline:>60d", {"field": "deadline", "days": {"low_days": 61}}),
        ("deadline:7d..30d", {"field": "deadline", "days": {"low_days": 7, "high_days": 30}}),
        ("deadline:2026-12", {"field": "deadline", "days": {"low": "2026-12-01", "high": "2026-12-31"}}),
        ("发布:2026年2月", {"field": "published", "days": {"low": "2026-02-01", "high": "2026-02-28"}}),
        ("published:<2026-11-01", {"field": "published", "days": {"high": "2026-10-31"}}),
        ("published:>2026", {"field": "published", "days": {"low": "2027-01-01"}}),
        ("published:2026-11-01..", {"field": "published", "days": {"low": "2026-11-01"}}),
        (
            "published:2026-11-01至2026-11-15",
            {"field": "published", "days": {"low": "2026-11-01", "high": "2026-11-15"}},
        ),
        ("deadline:none", {"field": "deadline", "filled": False}),
    ],
)
def test_conditions(text: str, expected: dict[str, Any]) -> None:
    found = conditions(text)[0]
    assert {k: tuple(v) if isinstance(v, list) else v for k, v in found.items()} == expected


@pytest.mark.parametrize(
    ("text", "position", "says"),
    [
        ("tea makret:EU", 4, "did you mean market"),
        ("市厂:欧盟", 0, "市场"),
        ("market:Atlantis", 7, "US"),
        ("tea market:EU,Atlantis", 14, "Atlantis"),
        ("level:purple", 6, "red"),
        ('tea "abc', 4, "not closed"),
        ("tea (a b", 4, "not closed"),
        ("tea) b", 3, "closes nothing"),
        ("tea ()", 5, "empty"),
        ('tea ""', 4, "empty"),
        ("OR tea", 0, "before OR"),
        ("tea OR", 4, "after OR"),
        ("tea OR OR fire", 7, "before OR"),
        ("(tea OR)", 5, "after OR"),
        ("tea AND", 4, "AND"),
        ("NOT", 0, "after the minus"),
        ("hs:12ab", 3, "HS code"),
        ("hs:1", 3, "HS code"),
        ("hs:12345678901234", 3, "HS code"),
        ("hs:8507..85", 3, "2 or 4 digits"),
        ("hs:8508..8507", 3, "turned round"),
        ("published:2026-02-31", 10, "no date"),
        ("published:31/02/2026", 10, "no date"),
        ("deadline:tomorrow", 9, "no date"),
        ("deadline:2026..2025", 9, "turned round"),
        ("deadline:30d..2026", 9, "two dates or two"),
        ("deadline:<0d", 9, "nothing"),
        ("level:>red", 6, "nothing lies"),
        ("market:", 7, "needs a value"),
        ("market: EU", 7, "needs a value"),
        ("batter*", 6, "no wildcards"),
        ("te?t", 2, "no wildcards"),
        ("kind:(recall", 5, "not closed"),
    ],
)
def test_errors_point_at_the_character_and_say_what_to_do_in_both_languages(
    text: str, position: int, says: str
) -> None:
    with pytest.raises(QueryError) as caught:
        parse(text)
    error = caught.value
    assert error.position == position
    assert says in f"{error.en} {error.zh}"
    assert error.en
    assert any("\u4e00" <= char <= "\u9fff" for char in error.zh)
    assert error.pointed(text).endswith("^")


@pytest.mark.parametrize(
    "bomb",
    [
        "a" * (MAX_CHARACTERS + 1),
        " ".join(["word"] * 100),
        " OR ".join(["word"] * 100),
        "(" * 100 + "a" + ")" * 100,
        "-(" * 50 + "a" + ")" * 50,
        "NOT " * 300 + "a",
        "a*" * 500,
        "market:" + ",".join(["EU"] * 300),
        "hs:01..97 " * 70,
    ],
)
def test_bombs_are_refused(bomb: str) -> None:
    with pytest.raises(QueryError):
        parse(bomb)


def test_a_query_from_code_with_a_bad_text_is_refused_too() -> None:
    with pytest.raises(ValidationError, match="not closed"):
        Query(text='"abc')
    with pytest.raises(ValidationError, match="exactly one"):
        Filter(field="market")
    with pytest.raises(ValidationError, match="holds no date"):
        Filter(field="market", days=Days(low_days=1))


def test_a_query_survives_json() -> None:
    query = parse("锂电池 market:EU -玩具", (Filter(field="deadline", days=Days(low_days=0, high_days=29)),))
    assert Query.model_validate_json(query.model_dump_json()) == query
    assert [condition.field for condition in query.conditions] == ["market", "deadline"]


def test_what_looks_like_a_field_but_is_text() -> None:
    for text in ("https://example.test/a", "ISO:9001", "note: this", "12:30"):
        assert parse(text).conditions == ()


def test_days_are_counted_forward_to_deadlines_and_backward_from_publication() -> None:
    today = dt.date(2026, 11, 16)
    week = Days(low_days=0, high_days=7)
    assert week.resolve("deadline", today) == (today, dt.date(2026, 11, 23))
    assert week.resolve("published", today) == (dt.date(2026, 11, 9), today)
    assert Days(low_days=8).resolve("published", today) == (dt.date.min, dt.date(2026, 11, 8))
    assert Days(high_days=99999, low_days=0).resolve("deadline", dt.date(9999, 12, 30))[1] == dt.date.max


def test_every_field_has_both_names_and_no_two_share_one() -> None:
    assert by_name()
    for field in FIELDS:
        assert any(not name.isascii() for name in field.names), field.name
        assert field.name in field.names or field.name == "published", field.name
    with pytest.raises(UnknownValue):
        value_of("kind", "nonsense")


def test_the_syntax_page_names_every_field() -> None:
    page = (ROOT / "docs" / "query-syntax.md").read_text(encoding="utf-8")
    for field in FIELDS:
        for name in field.names:
            assert f"`{name}`" in page, f"docs/query-syntax.md does not name {name}"


# --- what words mean --------------------------------------------------------------------------------------------------


def table(name: str) -> list[dict[str, str]]:
    with (ROOT / "index" / name).open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE))


def meaning(text: str, gazetteer: Gazetteer) -> Any:
    return plan(parse(text), Concepts(gazetteer))


def test_a_known_span_becomes_its_concept_the_rest_words(gazetteer: Gazetteer) -> None:
    found = meaning("the lithium battery fires", gazetteer)
    assert found.concepts == ("lithium_battery",)
    assert len(found.root.items) == 2  # the concept, "fires"; "the" says nothing
    assert meaning("the of", gazetteer).root.sequences == (("the",),)


def test_bare_codes_and_places_are_understood(gazetteer: Gazetteer) -> None:
    found = meaning("8507600090 欧盟", gazetteer)
    fields = [{getattr(item, "field", "words") for item in part.items} for part in found.root.items]
    assert fields == [{"words", "hs"}, {"words", "market", "origin"}]
    assert not hasattr(meaning("it", gazetteer).root, "items")  # no place: the word


SHIPPED = Gazetteer.load()


def shape(part: Any) -> str:
    """The plan, short: concepts by id, words as they are asked for, `?` before what need not be found."""
    if isinstance(part, Term):
        return "/".join(dict.fromkeys(" ".join(sequence).removeprefix("c_") for sequence in part.sequences))
    if isinstance(part, Filter):
        return f"{part.field}={','.join(part.values)}"
    if isinstance(part, Without):
        return f"-{shape(part.item)}"
    if isinstance(part, Maybe):
        return f"?{shape(part.item)}"
    return f"{type(part).__name__}({' '.join(map(shape, part.items))})"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("玩具 超标", "Both(toy ?超标)"),
        ("玩具超标问题", "Both(toy ?超标 标问 问题)"),
        ("أفلاتوكسين خطر", "Both(aflatoxin ?خطر)"),
        ("アフラトキシン 検出", "Both(aflatoxin ?検出)"),
        ("危险", "危险"),  # nothing else is asked for
        ("危险 超标", "Both(危险 超标)"),
        ("茶 -(玩具 超标)", "Both(tea -Both(toy 超标))"),  # what is excluded is excluded as it was typed
        ("出口茶叶 产鱼籽", "Both(出口 tea fish_roe)"),  # 产 beside a concept says nothing
        ("副产品", "副产 产品"),  # a compound is not taken apart to a single sign
    ],
)
def test_words_that_say_danger_or_found_need_not_be_found(text: str, expected: str) -> None:
    """Shown to fail by an empty `fillers.tsv`: 超标 then hides every alert that is not in Chinese."""
    assert shape(meaning(text, SHIPPED).root) == expected


def test_a_name_of_several_words_goes_before_the_shorter_one_in_it() -> None:
    """Shown to fail when the gazetteer's words are taken first: "gloves" is then found in "exam gloves"."""
    known = [
        Concept(id=name, kind="product", terms={"en": (words,)})
        for name, words in (("gloves", "gloves"), ("medical_gloves", "medical gloves"), ("nitrile", "nitrile"))
    ]
    words = {"exam gloves": "medical_gloves", "gloves nitrile": "gloves", "hand": "gloves"}
    read = Gazetteer(known, query_words=words)
    assert shape(meaning("exam gloves", read).root) == "medical_gloves"
    assert shape(meaning("nitrile exam gloves recall", read).root) == "Both(nitrile medical_gloves recal/recall)"
    assert shape(meaning("hand nitrile", read).root) == "Both(gloves nitrile)"


def test_an_everyday_name_asks_for_its_concept_and_for_its_words() -> None:
    """Shown to fail by an empty `everyday.tsv`: the words alone are then asked for."""
    assert shape(meaning("伸缩梯 召回", SHIPPED).root).startswith("Both(Either(ladder 伸缩 缩梯) ")
    assert shape(meaning("sous vide", SHIPPED).root) == "Either(egg_cooker sous vide/sous vid)"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("米 カビ", "Both(rice mould)"),
        ("陶瓷餐具铅溶出", "Both(tableware lead_substance ?溶出)"),
        ("lead", "lead_substance"),
        ('"lead"', "lead"),  # a phrase is its words
    ],
)
def test_words_too_short_for_prose_mean_their_concept_in_a_query(text: str, expected: str) -> None:
    """Shown to fail by an empty `query_words.tsv`: 米 is then looked for as a beginning, and finds 米国."""
    assert shape(meaning(text, SHIPPED).root) == expected
    assert SHIPPED.find("米 カビ lead") == []


def test_a_concept_with_the_meaning_of_a_label_is_found_by_the_label_too() -> None:
    """Shown to fail by an empty `labels.tsv`."""
    assert shape(meaning("触电", SHIPPED).root) == "Either(electric_shock_hazard hazard=electric_shock)"
    assert shape(meaning("short circuit", SHIPPED).root) == "short_circuit"  # not the same as the label it leads to


def test_a_word_of_two_meanings_asks_for_either() -> None:
    """Shown to fail by a part for each match: only alerts that say "scooter", and nothing nearer, were then found."""
    assert shape(meaning("scooter", SHIPPED).root) == "childrens_scooter/motorcycle"
    assert shape(meaning("scooter recall", SHIPPED).root).startswith(
        "Both(childrens_scooter/motorcycle Either(recall_measure"
    )


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("中国産", "Either(中国 国产 origin=CN)"),
        ("中国产", "Either(中国 国产 origin=CN)"),
        ("日本药典", "Both(Either(日本 market=JP origin=JP) 药典)"),
        ("生产", "生产"),
    ],
)
def test_a_place_written_onto_another_word_is_a_place(text: str, expected: str) -> None:
    assert shape(meaning(text, SHIPPED).root) == expected


def test_the_tables_of_words_are_clean() -> None:
    """Sorted, each word once, concepts and values that exist; a filler no concept or query word claims would never be used."""
    spoken = [(row["language"], word) for row in table("fillers.tsv") for word in row["words"].split(";")]
    assert len(spoken) == len(set(spoken))
    words = {word for _, word in spoken}
    for name in ("fillers.tsv", "labels.tsv"):
        rows = [tuple(row.values()) for row in table(name)]
        assert rows == sorted(set(rows)), name
    for row in table("labels.tsv"):
        assert row["concept"] in SHIPPED
        assert value_of(row["field"], row["value"]) == (row["field"], row["value"]), row
    for word in words:
        assert not SHIPPED.query_word(fold(word).text), word


def test_empty_things_mean_everything(gazetteer: Gazetteer) -> None:
    for text in ("", "   ", "-", "...", "　"):
        assert meaning(text, gazetteer).root is None


_PIECES = st.sampled_from(
    [
        "tea",
        "锂电池",
        '"a b"',
        "(",
        ")",
        "-",
        "OR",
        "market:",
        "EU",
        "hs:",
        "8507",
        "level:>",
        "exact:",
        '"',
        "：",
        "，",
        "*",
        "<30d",
    ]
)


@settings(max_examples=300, deadline=None)
@given(st.lists(_PIECES | st.text(string.printable + "锂茶ー（）“”", max_size=4), max_size=15).map(" ".join))
def test_any_text_parses_or_points_inside_itself(text: str) -> None:
    error, query = None, None
    try:
        query = parse(text)
    except QueryError as refused:
        error = refused
    if error is not None:
        assert 0 <= error.position <= len(text)
        assert error.zh
    if query is not None:
        assert Query.model_validate_json(query.model_dump_json()).conditions == query.conditions
