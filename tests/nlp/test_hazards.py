"""Hazards: one taxonomy; the authority's category, else what the text names, else the model of the goods."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import pytest

from crawlers import source as sources
from crawlers.notice import Notice
from nlp import hazards, severity
from nlp.assess import Assessor
from nlp.assessment import Evidence, HazardOpinion
from nlp.document import read
from nlp.gazetteer import Gazetteer
from nlp.meaning import Hit, compile_rules
from nlp.words import hazards as taxonomy

Make = Callable[..., Notice]
#: FIELD.md: Safety Gate's sixteen risks.
SAFETY_GATE = [
    "burns", "chemical", "choking", "cuts", "damage_to_hearing", "damage_to_sight", "drowning", "electric_shock", "entrapment",
    "environment", "fire", "health_other", "injuries", "microbiological", "strangulation", "suffocation",
]  # fmt: skip


@pytest.fixture
def found(make_notice: Make) -> Callable[..., tuple[HazardOpinion, ...]]:
    def of(
        title: str,
        stated: Hit | None = None,
        modelled: Mapping[str, float] | None = None,
        threshold: float = 0.5,
        summary: str = "",
    ) -> tuple[HazardOpinion, ...]:
        document = read(make_notice(title, summary=summary))
        return hazards.of(document, stated, Gazetteer.load().find(document.text), modelled or {}, threshold)

    return of


# --- the taxonomy -----------------------------------------------------------------------------------------------------


def test_the_taxonomy_holds_safety_gate_s_risks_and_names_each_in_two_languages() -> None:
    table = taxonomy()
    assert {name for name, entry in table.items() if "safety_gate" in entry} == set(SAFETY_GATE)
    for name, entry in table.items():
        assert entry["zh"], name
        assert entry["en"], name
        assert entry["kind"] in {"product", "vehicle", "food", "paperwork", "quarantine", "health", "technical"}, name
    for lang in ("zh", "en"):
        names = [entry[lang] for entry in table.values()]
        assert len(names) == len(set(names)), "two hazards with one name"


def test_severity_s_sets_speak_of_the_taxonomy() -> None:
    assert taxonomy().keys() >= severity.PAPERWORK
    assert taxonomy().keys() >= severity.IN_THE_GOODS
    assert not severity.PAPERWORK & severity.IN_THE_GOODS


def test_every_safety_gate_risk_is_mapped_by_its_source() -> None:
    rules = compile_rules("eu_safety_gate", sources.load("eu_safety_gate").meaning)
    (risks,) = [rule for rule in rules.rules["hazards"] if rule.field == "riskType"]
    mapped = {value for values in risks.exact.values() for value in values}
    assert set(SAFETY_GATE) <= mapped


# --- the order --------------------------------------------------------------------------------------------------------


def test_the_authority_s_category_is_all_that_counts(found: Callable[..., tuple[HazardOpinion, ...]]) -> None:
    evidence = Evidence(field="stated", text="Choking", why="riskType")
    hit = Hit(("choking", "injuries"), "mapped", "", {"choking": evidence})
    opinions = found("Salmonella in toys", hit, {"fire": 0.99})
    assert [(o.hazard, o.method, o.probability) for o in opinions] == [
        ("choking", "mapped", 1.0),
        ("injuries", "mapped", 1.0),
    ]
    assert opinions[0].evidence == (evidence,)


@pytest.mark.parametrize(
    ("text", "hazard", "words"),
    [
        ("Salmonella in frozen chicken", "pathogen", "Salmonella"),
        ("冷冻鸡肉检出沙门氏菌", "pathogen", "沙门氏菌"),
        ("冷凍鶏肉からサルモネラを検出", "pathogen", "サルモネラ"),
        ("السالمونيلا في الدجاج", "pathogen", "السالمونيلا"),
        ("Aflatoxins in peanuts", "mycotoxin", "Aflatoxins"),
        ("花生中的黄曲霉毒素", "mycotoxin", "黄曲霉毒素"),
        ("Phthalates in plastic dolls", "chemical", "Phthalates"),
    ],
)
def test_what_the_text_names_in_any_language(
    found: Callable[..., tuple[HazardOpinion, ...]], text: str, hazard: str, words: str
) -> None:
    named = {opinion.hazard: opinion for opinion in found(text)}
    assert hazard in named
    assert named[hazard].method == "extracted"
    (evidence,) = named[hazard].evidence
    assert words.removeprefix("ال") in evidence.text  # the Arabic article may stay outside the span
    assert text[evidence.start : evidence.end] == evidence.text


def test_the_model_adds_what_reaches_its_threshold(found: Callable[..., tuple[HazardOpinion, ...]]) -> None:
    scores = {"fire": 0.81, "burns": 0.5, "cuts": 0.49}
    opinions = found("Something", modelled=scores)
    assert [(o.hazard, o.method, o.probability) for o in opinions] == [("fire", "model", 0.81), ("burns", "model", 0.5)]
    assert [o.hazard for o in found("Something", modelled=scores, threshold=0.8)] == ["fire"]
    assert found("Something") == ()


def test_a_hazard_the_text_and_the_model_see_is_one_and_the_text_s(
    found: Callable[..., tuple[HazardOpinion, ...]],
) -> None:
    opinions = [o for o in found("Salmonella in chicken", modelled={"pathogen": 0.97}) if o.hazard == "pathogen"]
    (opinion,) = opinions
    assert (opinion.method, opinion.probability) == ("extracted", 0.97)
    assert opinion.evidence


def test_the_most_certain_stand_first_and_not_too_many(found: Callable[..., tuple[HazardOpinion, ...]]) -> None:
    opinions = found("Something", modelled={name: 0.6 + index / 1000 for index, name in enumerate(taxonomy())})
    assert len(opinions) == hazards.MOST
    assert [o.probability for o in opinions] == sorted((o.probability for o in opinions), reverse=True)


def test_goods_and_food_are_asked_of_their_own_models(assessor: Assessor, make_notice: Make) -> None:
    """Incidents only, and of a source without rules: so the model is what answers."""
    toy = make_notice(
        "Plastic rattle: small parts may detach, a child may put them in the mouth and choke", kind="recall", id="xx:1"
    )
    assert "choking" in {o.hazard for o in assessor.assess(toy).hazards}
    food = make_notice(
        "Chicken liver pate: the product may contain bacteria, ill persons reported", kind="recall", id="xx:2"
    )
    opinions = assessor.assess(food).hazards
    assert {o.hazard for o in opinions} & {"pathogen", "hygiene_controls"}
    rule = make_notice("Plastic rattle: small parts may detach", kind="rule", id="xx:3")
    assert all(o.method != "model" for o in assessor.assess(rule).hazards)
