"""Severity: harm to people, animals, plants, environment - in this order of authority (FIELD.md, "Scales").

1. the regulator's own words or categories, through the source's `meaning:` rules (basis `official` or `mapped`);
2. FIELD.md's mapping where it speaks of a kind of act and not of a source: a refusal, violation or import alert for a
   pathogen, a banned or over-limit substance is medium, one for labels or paperwork low (basis `mapped`);
3. a model trained within that regime (RASFF, FDA food), where the regulator has not decided yet (basis `model`);
4. none. What is not an incident (notifications, rules, consultations) has no severity.

There is no learned score across regimes: it does not transfer (AUC .55-.67 across, .82-.90 inside).
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Any, Literal

from crawlers.notice import INCIDENT_KINDS, Notice
from nlp.assessment import HazardOpinion, Severity, SeverityOpinion
from nlp.meaning import Hit

#: Version of the mapping below; a change of it changes opinions.
MAPPING = "2026-11"
_STOPPED = frozenset({"refusal", "violation", "import_alert"})
#: Hazards of paperwork: what stands on the label or in the file, not in the goods.
PAPERWORK = frozenset({"labelling", "documentation"})
#: Hazards that are a substance or a living thing in or on the goods, over a limit or not allowed there.
IN_THE_GOODS = frozenset(
    [
        "pathogen",
        "mycotoxin",
        "biotoxin",
        "pesticide_residue",
        "veterinary_drug",
        "heavy_metal",
        "food_additive",
        "contaminant",
        "composition",
        "food_contact_migration",
        "gmo_novel_food",
        "irradiation",
        "radioactivity",
        "undeclared_drug",
        "sterility",
        "allergen",
        "chemical",
        "animal_disease",
        "plant_pest",
        "foreign_body",
        "hygiene_controls",
        "spoilage",
        "adulteration_fraud",
        "drug_quality",
    ]
)
RULE_STOPPED = (
    f"FIELD severity, {MAPPING}: refusal, violation or import alert for a pathogen, banned or over-limit substance"
)
RULE_PAPERWORK = f"FIELD severity, {MAPPING}: refusal or violation for labelling or paperwork"


def is_incident(notice: Notice) -> bool:
    """Whether the act reports goods found unsafe or stopped: only then there is a harm to grade."""
    return notice.kind in INCIDENT_KINDS or notice.kind == "import_alert"


def of(
    notice: Notice, stated: Hit | None, hazards: Collection[HazardOpinion], model: SeverityOpinion | None = None
) -> SeverityOpinion:
    """The severity of a notice. `stated`: what the source's rules say; `model`: what its regime's model says, if any."""
    if stated is not None:
        value: Any = stated.values[0]
        basis: Any = stated.basis if value != "none" else "none"
        return SeverityOpinion(value=value, basis=basis, rule=stated.rule, evidence=tuple(stated.evidence.values())[:2])
    if not is_incident(notice):
        return SeverityOpinion()
    if notice.kind in _STOPPED and hazards:
        found = {opinion.hazard: opinion for opinion in hazards}
        serious = [found[name] for name in found if name in IN_THE_GOODS]
        if serious:
            return _mapped("medium", RULE_STOPPED, serious[0])
        if found.keys() <= PAPERWORK:
            return _mapped("low", RULE_PAPERWORK, next(iter(found.values())))
    return model or SeverityOpinion()


def _mapped(value: Severity, rule: str, opinion: HazardOpinion) -> SeverityOpinion:
    basis: Literal["mapped"] = "mapped"
    return SeverityOpinion(value=value, basis=basis, rule=rule, evidence=opinion.evidence[:1])
