"""Which products an act concerns: stop at the first level that can be defended (NLP.md, "Design").

A  codes the authority gives in a field of their own (HS; ICS through its fields)      method `stated`
B  codes anchored in the text                                                          `extracted`
C  the source's own categories (`meaning:`)                                            `mapped`
D  the industry group by the calibrated model                                          `model`
E  headings and chapters by retrieval, within the group                                `retrieved`
F  not determined: no product, and a person should look

An addendum whose own levels A-C are empty takes those of the notice it amends (`inherited`). Codes are facts of a
clerk: real notices carry wrong ones (tea under ICS 67.160.20, electric vehicles under 23.020), so a code is held against
what the text is about; where model and concepts agree on something else, both are shown and marked as in conflict.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from crawlers.notice import Notice
from nlp import hs, ics
from nlp.assessment import KEY_INDUSTRIES, Evidence, Industry, IndustryOpinion, Method, Product, Review
from nlp.codes import Code
from nlp.document import Document
from nlp.gazetteer import Concept, Gazetteer, Match
from nlp.meaning import Hit

#: Below it a group is no opinion: the notice goes to review (level F). Chosen on the calibration slice, see the model card.
ACCEPT = 0.5
#: What it must reach where no labelled row of the register stands behind it: the least (in steps of .01) at which nine of ten
#: answers are right on every source left out of training in turn, on the older part of the tables (model card).
ACCEPT_UNSEEN = 0.93
#: From here on the model contradicts a code.
CONTRADICT = 0.9
#: A reading of the text by the gazetteer: the share right in the labelled tables (model card, "concepts").
CONCEPT_PROBABILITY = 0.9
MOST_PRODUCTS = 40
#: Headings that retrieval suggests at most.
SUGGESTED = 5


@dataclass(frozen=True, slots=True)
class Guess:
    """The group model's answer: classes by falling probability, what speaks for the first, whether the register is known."""

    ranked: tuple[tuple[Industry, float], ...]
    spans: tuple[tuple[int, int, float], ...] = ()  # start, end, weight
    known: bool = True

    def evidence(self, document: Document) -> tuple[Evidence, ...]:
        """Made when the answer is shown: most are not, since a code or the source's own category decides."""
        return tuple(document.evidence(start, end, why="n-gram", weight=weight) for start, end, weight in self.spans)


@dataclass(slots=True)
class Found:
    """What the levels gave."""

    products: list[Product] = field(default_factory=list)
    industries: list[IndustryOpinion] = field(default_factory=list)
    review: list[Review] = field(default_factory=list)
    decided: bool = False  # levels A-C (or the parent's) gave the industries

    @property
    def level(self) -> str:
        methods = {product.method for product in self.products} or {opinion.method for opinion in self.industries}
        return next(
            (m for m in ("stated", "extracted", "mapped", "model", "retrieved", "inherited") if m in methods), ""
        )


@dataclass(frozen=True, slots=True)
class Mention:
    """A product concept of the text, where it stands first, and how often."""

    concept: Concept
    match: Match
    in_head: bool
    count: int


def mentions(document: Document, matches: Sequence[Match]) -> list[Mention]:
    """The product concepts of a text: those of title and products first, in order of appearance."""
    gazetteer, head = Gazetteer.load(), document.head
    first: dict[str, Match] = {}
    counts: Counter[str] = Counter()
    for match in matches:
        first.setdefault(match.concept, match)
        counts[match.concept] += 1
    found = [
        Mention(concept, match, match.end <= head, counts[name])
        for name, match in first.items()
        if (concept := gazetteer.concept(name)).kind == "product"
    ]
    return sorted(found, key=lambda m: (not m.in_head, m.match.start))


def determine(
    document: Document,
    found_codes: Sequence[Code],
    products_hit: Hit | None,
    industries_hit: Hit | None,
    named: Sequence[Mention],
    guess: Guess,
    parent: Found | None = None,
) -> Found:
    """The products and industries of a notice, level by level."""
    result = Found()
    notice = document.notice
    _stated(notice, result)
    if not result.products:
        _extracted(document, found_codes, result)
    if not result.products and products_hit is not None:
        _mapped(products_hit, result)
    _industries_of_codes(document, result)
    if industries_hit is not None and not _has(result, ("stated", "extracted")):
        for name in industries_hit.values:
            _add(result, name, 1.0, "mapped", industries_hit.evidence.get(name))
    if not result.industries:
        _of_ics(notice, document, found_codes, result)
    if not result.industries and not result.products and parent is not None:
        _inherit(parent, result)
    result.decided = bool(result.industries)
    _by_concept(document, named, guess, result)
    _by_model(document, guess, result)
    if not result.products:
        _retrieve(document, named, result)
    _check_conflict(document, guess, named, result)
    if not result.products and not result.industries:
        result.review.append(Review(reason="no_product"))
    return result


def _level_of(code: str) -> tuple[str, ...]:
    """The six, four or two digits of a code that HS 2022 has; the present codes where an older edition had it."""
    former = hs.former(code)
    if former is not None:
        return tuple(now for now in former.now if hs.is_code(now))
    for size in (6, 4, 2):
        if len(code) >= size and hs.is_code(code[:size]):
            return (code[:size],)
    return ()


def _stated(notice: Notice, result: Found) -> None:
    for given in notice.hs_codes:
        for code in _level_of(given.code):
            why = given.edition if code == given.code[: len(code)] else f"{given.edition} {given.code} → {hs.EDITION}"
            evidence = Evidence(field="hs_codes", text=given.code, why=why)
            _product(result, code, "stated", evidence, partial=given.partial)


def _extracted(document: Document, found_codes: Sequence[Code], result: Found) -> None:
    for found in found_codes:
        if found.system == "hs":
            for code in _level_of(found.code):
                evidence = document.evidence(found.start, found.end, why=found.edition or "HS")
                _product(result, code, "extracted", evidence, partial=found.partial, probability=0.98)


def _mapped(hit: Hit, result: Found) -> None:
    # A category stands for a set of codes: each is as likely as the set is small.
    for code in hit.values:
        _product(result, code, "mapped", hit.evidence.get(code), probability=round(max(0.5, 1 / len(hit.values)), 2))


def _product(
    result: Found,
    code: str,
    method: Method,
    evidence: Evidence | None,
    *,
    partial: bool = False,
    probability: float = 1.0,
) -> None:
    if len(result.products) < MOST_PRODUCTS and all(product.hs != code for product in result.products):
        result.products.append(
            Product(
                hs=code,
                probability=probability,
                method=method,
                partial=partial,
                evidence=(evidence,) if evidence is not None else (),
            )
        )


def _add(
    result: Found,
    industry: Any,
    probability: float,
    method: Method,
    evidence: Evidence | None,
) -> None:
    if all(opinion.industry != industry for opinion in result.industries):
        result.industries.append(
            IndustryOpinion(
                industry=industry,
                probability=round(probability, 4),
                method=method,
                evidence=(evidence,) if evidence is not None else (),
            )
        )


def _has(result: Found, methods: tuple[str, ...]) -> bool:
    return any(opinion.method in methods for opinion in result.industries)


def _industries_of_codes(document: Document, result: Found) -> None:
    """The industries of the codes, the most frequent first; the text widens headings that hold several trades."""
    counts: Counter[str] = Counter()
    first: dict[str, Product] = {}
    text = document.text[:4000]
    for product in result.products:
        for industry in sorted(hs.industries_of(product.hs, text)):
            counts[industry] += 1
            first.setdefault(industry, product)
    for industry, _ in sorted(counts.items(), key=lambda item: (-item[1], item[0])):
        product = first[industry]
        _add(result, industry, product.probability, product.method, product.evidence[0] if product.evidence else None)


def _of_ics(notice: Notice, document: Document, found_codes: Sequence[Code], result: Found) -> None:
    for code in notice.ics_codes:
        for industry in sorted(ics.industries_of(code)):
            _add(result, industry, 0.9, "stated", Evidence(field="ics_codes", text=code, why="ICS"))
    if result.industries:
        return
    for found in found_codes:
        if found.system == "ics":
            for industry in sorted(ics.industries_of(found.code)):
                _add(result, industry, 0.9, "extracted", document.evidence(found.start, found.end, why="ICS"))


def _inherit(parent: Found, result: Found) -> None:
    for product in parent.products:
        if product.method in ("stated", "extracted", "mapped", "inherited"):
            result.products.append(product.model_copy(update={"method": "inherited", "evidence": ()}))
    if result.products or parent.level in ("stated", "extracted", "mapped", "inherited"):
        for opinion in parent.industries:
            if opinion.method in ("stated", "extracted", "mapped", "inherited"):
                result.industries.append(opinion.model_copy(update={"method": "inherited", "evidence": ()}))


#: Broad groups whose categories hold goods of the key industries: a power bank is an "electrical appliance" to most.
_BROAD = frozenset({"appliances_electrical", "vehicles", "machinery", "other", "chemicals", "materials_construction"})


def _by_concept(document: Document, named: Sequence[Mention], guess: Guess, result: Found) -> None:
    """A key industry that the goods' own name says, beside a broad category or group."""
    if _has(result, ("stated", "extracted", "inherited")):
        return
    groups = {opinion.industry for opinion in result.industries} or {guess.ranked[0][0]} if guess.ranked else set()
    if not groups or not groups & _BROAD:
        return
    for mention in named[:3]:
        if not mention.in_head:
            break
        for industry in mention.concept.industries:
            if industry in KEY_INDUSTRIES and industry not in groups and industry != "agri_food":
                span = document.evidence(mention.match.start, mention.match.end, why=mention.concept.id)
                _add(result, industry, CONCEPT_PROBABILITY, "mapped", span)


def _by_model(document: Document, guess: Guess, result: Found) -> None:
    """Level D, where A-C gave no group. A register the model never saw needs more."""
    if not guess.ranked or result.decided:
        return
    (best, probability), (second, next_probability) = guess.ranked[0], guess.ranked[1]
    margin = round(probability - next_probability, 4)
    if probability < needed(known=guess.known):
        result.review.append(
            Review(reason="low_margin", detail=f"{best} {probability:.2f}, {second} {next_probability:.2f}")
        )
        return
    result.industries.insert(
        0,
        IndustryOpinion(
            industry=best,
            probability=round(probability, 4),
            method="model",
            evidence=guess.evidence(document),
            runner_up=second,
            margin=margin,
        ),
    )
    if margin < 0.2:
        result.review.append(Review(reason="low_margin", detail=f"{best} over {second} by {margin:.2f}"))


def needed(*, known: bool) -> float:
    """The probability from which on the model's group is an opinion; `known`: it learned from rows of the register."""
    return ACCEPT if known else ACCEPT_UNSEEN


def _retrieve(document: Document, named: Sequence[Mention], result: Found) -> None:
    """Level E: the headings of the concepts named, within the industries found, the heaviest first."""
    groups = {opinion.industry for opinion in result.industries}
    weights: dict[str, float] = {}
    first: dict[str, Mention] = {}
    for rank, mention in enumerate(named[:6]):
        weight = (2.0 if mention.in_head else 1.0) / (1 + rank) * (1 + 0.1 * min(mention.count, 5))
        codes = mention.concept.hs
        for code in codes:
            if groups and not (hs.industries_of(code) | set(mention.concept.industries)) & groups:
                continue
            weights[code] = weights.get(code, 0.0) + weight / max(1, len(codes)) ** 0.5
            first.setdefault(code, mention)
    total = sum(weights.values())
    for code, weight in sorted(weights.items(), key=lambda item: (-item[1], item[0]))[:SUGGESTED]:
        span = document.evidence(first[code].match.start, first[code].match.end, why=first[code].concept.id)
        _product(result, code[:6], "retrieved", span, probability=round(min(0.9, 0.9 * weight / total), 4))
    if result.products and not result.industries:
        for product in result.products[:1]:
            for industry in sorted(hs.industries_of(product.hs, document.text[:4000])):
                _add(result, industry, product.probability, "retrieved", product.evidence[0])


def _check_conflict(document: Document, guess: Guess, named: Sequence[Mention], result: Found) -> None:
    """Mark codes that model and concepts both contradict, and show what those say."""
    if not guess.ranked or not result.products or result.level not in ("stated", "extracted"):
        return
    best, probability = guess.ranked[0]
    groups = {opinion.industry for opinion in result.industries}
    said = {industry for mention in named[:4] for industry in mention.concept.industries}
    if not groups or best in groups or probability < CONTRADICT or best not in said or said & groups:
        return
    result.products = [product.model_copy(update={"conflict": True}) for product in result.products]
    result.industries.append(
        IndustryOpinion(
            industry=best,
            probability=round(probability, 4),
            method="model",
            evidence=guess.evidence(document),
            runner_up=guess.ranked[1][0],
            margin=round(probability - guess.ranked[1][1], 4),
        )
    )
    codes = ", ".join(product.hs for product in result.products[:5])
    result.review.append(Review(reason="conflict", detail=f"{codes} ≠ {best}"))


def chapters(products: Iterable[Product]) -> Mapping[str, float]:
    """Chapter → the highest probability of a product in it."""
    found: dict[str, float] = {}
    for product in products:
        found[product.hs[:2]] = max(found.get(product.hs[:2], 0.0), product.probability)
    return found
