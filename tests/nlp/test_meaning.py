"""The `meaning:` tables: every source's rules compile, say something, and answer as written; wrong ones are refused."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crawlers import source as sources
from crawlers.notice import Notice
from nlp import hs, words
from nlp.assessment import INDUSTRIES, MEASURES
from nlp.meaning import NOTICE_FIELDS, TARGETS, MeaningError, Values, compile_rules, of_source
from nlp.text import fold

Make = Callable[..., Notice]
SOURCES = sources.all_ids()
#: Categories of goods that the codes file elsewhere: protective wear, children's goods, tableware, e-bikes.
WIDER = {
    "other",
    "health",
    "toys_children",
    "machinery",
    "nev_battery",
    "appliances_electrical",
    "materials_construction",
}
SINGLE = ("severity", "measure", "reach")


# --- the tables of the sources ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("source", SOURCES)
def test_the_rules_of_a_source_compile_and_hold_known_values(source: str) -> None:
    rules = of_source(source)
    assert not rules.empty, "a declared source has rules, or its notices all go to review"
    for target in TARGETS:
        for rule in rules.rules[target]:
            answers = {value for values in rule.exact.values() for value in values}
            answers |= {value for _, values in rule.contains for value in values} | set(rule.value)
            assert answers, (source, target)
            if target == "products":
                assert all(hs.is_code(code) for code in answers), (source, answers)
            elif target == "hazards":
                assert answers <= words.hazards().keys()
            elif target == "industries":
                assert answers <= set(INDUSTRIES)
            elif target == "measure":
                assert answers <= set(MEASURES)


@pytest.mark.parametrize("source", SOURCES)
def test_every_answer_of_a_source_is_reached(source: str) -> None:
    """A key with another answer behind one that folds alike, or that it holds, would never be asked.

    Shown to fail with {"fire": low, "forest fire": high} in a severity, and with {"Fire": fire, "FIRE": burns}.
    """
    raw = sources.load(source).meaning
    for target in TARGETS:
        for number, rule in enumerate(raw.get(target) or [], 1):
            for way in ("map", "contains"):
                table = [
                    (" ".join(fold(str(key)).text.split()), answer) for key, answer in (rule.get(way) or {}).items()
                ]
                for position, (key, answer) in enumerate(table):
                    for earlier, other in table[:position]:
                        hidden = earlier == key or (way == "contains" and earlier in key and target in SINGLE)
                        assert not hidden or answer == other, (source, target, number, key, "behind", earlier)


@pytest.mark.parametrize("source", SOURCES)
def test_products_stand_in_the_industries_beside_them(source: str) -> None:
    """A category mapped to codes of one trade and to the industry of another is a slip of the table.

    The same key in `products` and `industries` must agree, except where the reviewer widened a code by the goods' own words.
    """
    rules = of_source(source)
    industries = {(r.field, key): set(v) for r in rules.rules["industries"] for key, v in r.exact.items()}
    for rule in rules.rules["products"]:
        for key, codes in rule.exact.items():
            said = industries.get((rule.field, key))
            if said is None:
                continue
            of_codes = set().union(*(hs.industries_of(code) for code in codes))
            assert said & of_codes or said <= WIDER, (
                source, key, said, of_codes,
            )  # fmt: skip


def test_a_source_nobody_declared_has_no_rules(make_notice: Make) -> None:
    rules = of_source("xx_nobody")
    assert rules.empty
    assert all(rules.of(target, make_notice()) is None for target in TARGETS)
    assert not rules.has("products")


# --- how rules answer -------------------------------------------------------------------------------------------------


def ask(raw: dict[str, Any], target: Any, notice: Notice) -> Any:
    return compile_rules("xx_test", raw).of(target, notice)


def test_the_first_rule_that_answers_wins(make_notice: Make) -> None:
    raw = {
        "measure": [
            {"field": "a", "map": {"x": "ban"}},
            {"field": "b", "map": {"y": "recall"}},
            {"value": "information"},
        ]
    }
    assert ask(raw, "measure", make_notice(stated={"a": "x", "b": "y"})).values == ("ban",)
    assert ask(raw, "measure", make_notice(stated={"a": "?", "b": "y"})).values == ("recall",)
    assert ask(raw, "measure", make_notice()).values == ("information",)


def test_all_hits_of_a_multi_valued_target_count_and_one_of_a_single(make_notice: Make) -> None:
    table = {"fire": "fire", "burn": "burns", "shock": ["electric_shock", "burns"]}
    notice = make_notice("Shock, fire and burns")
    assert ask({"hazards": [{"field": "title", "contains": table}]}, "hazards", notice).values == (
        "fire",
        "burns",
        "electric_shock",
    )
    single = {"severity": [{"field": "title", "contains": {"shock": "high", "fire": "low"}}]}
    assert ask(single, "severity", notice).values == ("high",)


@pytest.mark.parametrize("stated", ["Serious Risk", "SERIOUS  RISK", "ｓerious\nrisk", "serious risk"])
def test_values_compare_folded(make_notice: Make, stated: str) -> None:
    raw = {"severity": [{"field": "level", "map": {"Serious risk": "high"}}]}
    hit = ask(raw, "severity", make_notice(stated={"level": stated}))
    assert hit.values == ("high",)
    assert hit.evidence["high"].text == stated
    assert hit.evidence["high"].field == "stated"


def test_map_is_the_whole_value_and_contains_a_part(make_notice: Make) -> None:
    notice = make_notice(stated={"level": "not serious"})
    assert ask({"severity": [{"field": "level", "map": {"serious": "high"}}]}, "severity", notice) is None
    assert ask({"severity": [{"field": "level", "contains": {"serious": "high"}}]}, "severity", notice).values == (
        "high",
    )


def test_conditions_are_exact_or_with_a_tilde_contained(make_notice: Make) -> None:
    exact = {"severity": [{"value": "high", "when": {"level": ["Serious risk"]}}]}
    inside = {"severity": [{"value": "high", "when": {"title": ["~label", "~mark"]}}]}
    assert ask(exact, "severity", make_notice(stated={"level": "serious RISK"})).values == ("high",)
    assert ask(exact, "severity", make_notice(stated={"level": "no serious risk"})) is None
    assert ask(exact, "severity", make_notice()) is None
    assert ask(inside, "severity", make_notice("Labelling of toys")).values == ("high",)
    assert ask(inside, "severity", make_notice("Toys")) is None


def test_several_values_of_a_field_are_each_asked(make_notice: Make) -> None:
    raw = {"hazards": [{"field": "riskType", "map": {"Fire": "fire", "Burns": "burns"}}]}
    hit = ask(raw, "hazards", make_notice(stated={"riskType": ("Burns", "Fire", "Unheard of")}))
    assert hit.values == ("burns", "fire")


def test_the_span_is_of_the_original_words(make_notice: Make) -> None:
    raw = {"hazards": [{"field": "summary", "contains": {"thermal runaway": "fire", "ÉLECTRIQUE": "electric_shock"}}]}
    text = "Risk of Thermal\n runaway; choc électrique"
    hit = ask(raw, "hazards", make_notice("T", summary=text))
    fire = hit.evidence["fire"]
    assert (text[fire.start : fire.end], fire.text, fire.field) == ("Thermal\n runaway", "Thermal\n runaway", "summary")
    shock = hit.evidence["electric_shock"]
    assert text[shock.start : shock.end][:200] == shock.text


def test_stated_comes_before_a_field_of_the_same_name(make_notice: Make) -> None:
    raw = {"measure": [{"field": "kind", "map": {"warning": "information", "recall": "recall"}}]}
    assert ask(raw, "measure", make_notice(kind="recall", stated={"kind": "warning"})).values == ("information",)
    assert ask(raw, "measure", make_notice(kind="recall")).values == ("recall",)


# --- wrong rules ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("raw", "message"),
    [
        ({"colour": []}, "meaning.colour: no such target"),
        ({"severity": {"value": "high"}}, "meaning.severity: must be a list"),
        ({"severity": [{}]}, r"severity\[1\].*exactly one"),
        ({"severity": [{"value": "high", "map": {"a": "low"}}]}, "exactly one"),
        ({"severity": [{"value": "none"}, {"map": {"a": "low"}}]}, r"severity\[2\].*needs a field"),
        ({"severity": [{"value": "grave"}]}, "'grave' is no value of severity"),
        ({"hazards": [{"value": "zombies"}]}, "'zombies' is no value of hazards"),
        ({"industries": [{"value": "trade"}]}, "'trade' is no value of industries"),
        ({"products": [{"value": "9899"}]}, "'9899' is no value of products"),
        ({"products": [{"value": "8507600090"}]}, "is no value of products"),
        ({"measure": [{"value": "ban", "basis": "official"}]}, "basis 'official'"),
        ({"hazards": [{"value": "fire", "basis": "mapped"}]}, "knows none"),
        ({"severity": [{"value": "high", "colour": "red"}]}, "colour"),
    ],
)
def test_a_wrong_rule_is_refused_with_its_place(raw: dict[str, Any], message: str) -> None:
    with pytest.raises(MeaningError, match=message):
        compile_rules("xx_test", raw)


# --- any values -------------------------------------------------------------------------------------------------------


@given(
    st.dictionaries(
        st.sampled_from(["level", "title", "kind", "riskType"]),
        st.one_of(st.text(max_size=30), st.lists(st.text(max_size=30), max_size=4).map(tuple)),
    )
)
def test_any_stated_value_is_survived_by_every_source(make_notice: Make, stated: dict[str, Any]) -> None:
    notice = make_notice(stated=stated)
    values = Values(notice)
    for source in SOURCES:
        rules = of_source(source)
        for target in TARGETS:
            hit = rules.of(target, notice, values)
            for value, evidence in (hit.evidence if hit else {}).items():
                assert value in hit.values
                assert 0 <= evidence.start <= evidence.end
    assert {"title", "kind"} <= NOTICE_FIELDS


@given(st.text(min_size=1, max_size=40), st.text(max_size=20), st.text(max_size=20))
def test_a_value_found_in_a_text_is_found_whatever_stands_around_it(
    make_notice: Make, needle: str, before: str, after: str
) -> None:
    if not fold(needle).text.strip():
        return
    raw = {"severity": [{"field": "summary", "contains": {needle: "high"}}]}
    text = f"{before} | {needle} | {after}"
    hit = ask(raw, "severity", make_notice("T", summary=text))
    assert hit is not None
    evidence = hit.evidence["high"]
    assert text[evidence.start : evidence.end][:200] == evidence.text
