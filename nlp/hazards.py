"""Which hazards an act is about: the authority's own categories, else what the text names, else a model.

One taxonomy (`nlp/hazards.yml`). The source's `meaning:` rules win. Without them concepts count: substances, pathogens
and hazards of the gazetteer lead to their hazard by name. Where neither says anything, the calibrated models do: one
trained on consumer goods (Safety Gate, CPSC), one on food (RASFF, FSIS, FDA); the industry group says which is asked.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from nlp.assessment import HazardOpinion
from nlp.document import Document
from nlp.gazetteer import Gazetteer, Match
from nlp.meaning import Hit

#: A concept that stands for a hazard is read as the text saying so.
CONCEPT_PROBABILITY = 0.9
MOST = 6


def of(
    document: Document, stated: Hit | None, matches: Sequence[Match], modelled: Mapping[str, float], threshold: float
) -> tuple[HazardOpinion, ...]:
    """The hazards, most certain first. `modelled`: hazard → probability of the model asked."""
    found: dict[str, HazardOpinion] = {}
    if stated is not None:
        for name in stated.values:
            evidence = stated.evidence.get(name)
            found[name] = HazardOpinion(hazard=name, method="mapped", evidence=(evidence,) if evidence else ())
        return tuple(found.values())[:MOST]
    gazetteer = Gazetteer.load()
    for match in matches:
        for name in gazetteer.concept(match.concept).hazards:
            if name not in found:
                found[name] = HazardOpinion(
                    hazard=name,
                    probability=max(CONCEPT_PROBABILITY, round(float(modelled.get(name, 0.0)), 4)),
                    method="extracted",
                    evidence=(document.evidence(match.start, match.end, why=match.concept),),
                )
    for name, probability in modelled.items():
        if name not in found and probability >= threshold:
            found[name] = HazardOpinion(hazard=name, probability=round(float(probability), 4), method="model")
    ranked = sorted(found.values(), key=lambda opinion: (-opinion.probability, opinion.method == "model"))
    return tuple(ranked)[:MOST]
