"""Severity: every regime of FIELD.md's table, through the sources' own rules; the order of authority; what is no incident.

Each row is a regime's own words as its source stores them. The values are those of the table in FIELD.md, "Scales".
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crawlers import source as sources
from crawlers.notice import INCIDENT_KINDS, Notice
from nlp import meaning, severity
from nlp.assess import Assessor
from nlp.assessment import Evidence, HazardOpinion, SeverityOpinion
from nlp.meaning import Hit

Make = Callable[..., Notice]


@pytest.fixture
def graded(make_notice: Make) -> Callable[..., SeverityOpinion]:
    """The severity of a notice of a source by that source's rules, with the hazards given."""

    def of(source: str, hazards: tuple[str, ...] = (), **fields: Any) -> SeverityOpinion:
        notice = make_notice(source=source, **({"kind": "recall"} | fields))
        opinions = [HazardOpinion.model_validate({"hazard": name, "method": "extracted"}) for name in hazards]
        return severity.of(notice, meaning.of_source(source).of("severity", notice), opinions)

    return of


@pytest.mark.parametrize(
    ("source", "fields", "value"),
    [
        # FDA classes
        ("us_openfda", {"stated": {"classification": "Class I"}}, "high"),
        ("us_openfda", {"stated": {"classification": "Class II"}}, "medium"),
        ("us_openfda", {"stated": {"classification": "Class III"}}, "low"),
        # FSIS: classes and public health alerts
        ("us_fsis", {"stated": {"field_recall_classification": "Class I"}}, "high"),
        ("us_fsis", {"stated": {"field_recall_classification": "Public Health Alert"}}, "high"),
        ("us_fsis", {"stated": {"field_recall_classification": "Class II"}}, "medium"),
        ("us_fsis", {"stated": {"field_recall_classification": "Class III"}}, "low"),
        # RASFF decisions
        ("eu_rasff", {"stated": {"RISK_DECISION_DESC": "serious"}}, "high"),
        ("eu_rasff", {"stated": {"RISK_DECISION_DESC": "potentially serious"}}, "medium"),
        ("eu_rasff", {"stated": {"RISK_DECISION_DESC": "potential risk"}}, "medium"),
        ("eu_rasff", {"stated": {"RISK_DECISION_DESC": "not serious"}}, "low"),
        ("eu_rasff", {"stated": {"RISK_DECISION_DESC": "no risk"}}, "low"),
        # Safety Gate: serious with recall from end users or a fatal-type hazard; other serious; other levels
        ("eu_safety_gate", {"stated": {"level": "Serious risk", "riskType": ("Chemical",), "measures": ("Recall of the product from end users",)}}, "high"),
        ("eu_safety_gate", {"stated": {"level": "Serious risk", "riskType": ("Choking",), "measures": ("Withdrawal of the product from the market",)}}, "high"),
        ("eu_safety_gate", {"stated": {"level": "Serious risk", "riskType": ("Chemical",), "measures": ("Withdrawal of the product from the market",)}}, "medium"),
        ("eu_safety_gate", {"stated": {"level": "Other risk levels", "riskType": ("Choking",)}}, "low"),
        # CPSC: death or serious injury reported; other
        ("us_cpsc", {"stated": {"Injuries": "One death has been reported."}}, "high"),
        ("us_cpsc", {"stated": {"Injuries": "Two reports, including one consumer who was hospitalized."}}, "high"),
        ("us_cpsc", {"stated": {"Injuries": "No injuries or deaths have been reported."}}, "medium"),
        ("us_cpsc", {"stated": {"Injuries": "None reported"}}, "medium"),
        ("us_cpsc", {"stated": {}}, "medium"),
        # OPSS
        ("gb_opss", {"stated": {"product_risk_level": "serious"}}, "high"),
        ("gb_opss", {"stated": {"product_risk_level": "medium"}}, "medium"),
        ("gb_opss", {"stated": {"product_risk_level": "low"}}, "low"),
        # MHLW violations
        ("jp_mhlw_violations", {"kind": "violation", "stated": {"CONTENTS OF VIOLATION": "detection of chlorpyrifos 0.05 ppm"}}, "medium"),
        ("jp_mhlw_violations", {"kind": "violation", "stated": {"CONTENTS OF VIOLATION": "aflatoxin positive"}}, "medium"),
        ("jp_mhlw_violations", {"kind": "violation", "stated": {"CONTENTS OF VIOLATION": "no health certificate attached"}}, "low"),
        # FDA refusals
        ("us_fda_import_refusals", {"kind": "refusal", "stated": {"CHRG_CODE": ("SALMONELLA",)}}, "medium"),
        ("us_fda_import_refusals", {"kind": "refusal", "stated": {"CHRG_CODE": ("PESTICIDE2",)}}, "medium"),
        ("us_fda_import_refusals", {"kind": "refusal", "stated": {"CHRG_CODE": ("LABELING",)}}, "low"),
        # NHTSA, CAA and SFDA: the project's own extensions, each with the rule it rests on
        ("us_nhtsa", {"stated": {"DO_NOT_DRIVE": "Yes"}}, "high"),
        ("us_nhtsa", {"stated": {"CONEQUENCE_DEFECT": "An increased risk of a crash."}}, "medium"),
        ("jp_caa_recalls", {"summary": "一酸化炭素中毒による死亡事故", "stated": {}}, "high"),
        ("jp_caa_recalls", {"summary": "賞味期限の表示誤り", "stated": {}}, "low"),
    ],
)  # fmt: skip
def test_each_regime_is_mapped_as_the_field_says(
    graded: Callable[..., SeverityOpinion], source: str, fields: dict[str, Any], value: str
) -> None:
    opinion = graded(source, **fields)
    assert opinion.value == value
    assert opinion.basis in {"official", "mapped"}
    assert opinion.rule, "an opinion says by which rule it was formed"


def test_every_source_of_incidents_grades_or_says_why_not() -> None:
    """A regime without a rule abstains on purpose: then its list is empty, not absent."""
    for name in sources.all_ids():
        source = sources.load(name)
        if set(source.kinds) & INCIDENT_KINDS:
            rules = source.meaning.get("severity")
            assert rules, name
            assert all(rule.get("rule") for rule in rules), f"{name}: a severity without the rule it rests on"


def test_what_is_no_incident_has_no_severity(graded: Callable[..., SeverityOpinion]) -> None:
    for kind in ("notification", "proposed_rule", "rule", "standard", "consultation", "news", "inspection_order"):
        assert graded("xx_test", ("pathogen",), kind=kind) == SeverityOpinion(), kind
    assert graded("wto_eping_bulk", ("pathogen",), kind="notification").value == "none"
    assert graded("us_federal_register", ("pathogen",), kind="rule").value == "none"


@pytest.mark.parametrize("kind", ["refusal", "violation", "import_alert"])
def test_goods_stopped_for_what_is_in_them_or_on_the_label(graded: Callable[..., SeverityOpinion], kind: str) -> None:
    """FIELD.md's mapping speaks of the kind of act here: it holds for a source nobody declared."""
    medium = graded("xx_test", ("pesticide_residue",), kind=kind)
    assert (medium.value, medium.basis, medium.rule) == ("medium", "mapped", severity.RULE_STOPPED)
    low = graded("xx_test", ("labelling", "documentation"), kind=kind)
    assert (low.value, low.rule) == ("low", severity.RULE_PAPERWORK)
    assert graded("xx_test", ("labelling", "pathogen"), kind=kind).value == "medium"
    assert graded("xx_test", ("fire",), kind=kind).value == "none"  # the mapping does not speak of it
    assert graded("xx_test", (), kind=kind).basis == "none"


def test_a_recall_of_an_unknown_regime_is_not_graded(graded: Callable[..., SeverityOpinion]) -> None:
    """Severity does not transfer between regimes (AUC .55-.67): there is no pooled score to fall back on."""
    for name in ("pathogen", "fire", "choking"):
        assert graded("xx_test", (name,)) == SeverityOpinion()


def test_the_order_of_authority(make_notice: Make) -> None:
    """The regulator's words, then the mapping of the kind of act, then the regime's model, then none."""
    notice = make_notice(kind="refusal")
    hazard = HazardOpinion(hazard="pathogen", method="extracted", evidence=(Evidence(field="title", end=1, text="A"),))
    model = SeverityOpinion(value="high", basis="model", rule="m", probability=0.9)
    said = Hit(("low",), "official", "their words", {})
    assert severity.of(notice, said, [hazard], model).rule == "their words"
    mapped = severity.of(notice, None, [hazard], model)
    assert (mapped.value, mapped.evidence) == ("medium", hazard.evidence)
    assert severity.of(notice, None, [], model) == model
    assert severity.of(notice, None, []) == SeverityOpinion()


def test_a_model_speaks_only_inside_its_regime(assessor: Assessor, make_notice: Make) -> None:
    """Shown to fail when the model is asked for any register: the made-up one then gets a severity."""
    text = "Listeria monocytogenes in smoked salmon, recalled by the distributor"
    ungraded = make_notice(text, id="eu_rasff:1", source="xx_rasff", kind="recall")
    opinion = assessor.assess(ungraded).severity
    assert opinion.basis == "model"
    assert opinion.probability is not None
    assert 0.5 <= opinion.probability <= 1
    assert assessor.assess(make_notice(text, id="xx_else:1", kind="recall")).severity == SeverityOpinion()


@given(
    kind=st.sampled_from(["recall", "refusal", "violation", "rule", "news", "import_alert"]),
    names=st.lists(st.sampled_from(["pathogen", "labelling", "fire", "documentation", "chemical"]), unique=True),
)
def test_a_severity_always_has_its_ground(make_notice: Make, kind: str, names: list[str]) -> None:
    hazards = [HazardOpinion(hazard=name, method="extracted") for name in names]
    opinion = severity.of(make_notice(kind=kind), None, hazards)
    assert (opinion.value == "none") == (opinion.basis == "none") == (opinion.rule == "")
