"""`Assessor`: notices in, assessments out. One pass in batches: read, find, vectorise once, then an opinion per field.

A notice of a source it has never heard of is assessed like any other (no `meaning:` rules, the thresholds of unseen
registers); whatever the text holds, the answer is an assessment, never an exception.
"""

from __future__ import annotations

import functools
import gc
import hashlib
import itertools
import re
from collections import OrderedDict
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from crawlers.notice import INCIDENT_KINDS, Notice
from nlp import (
    codes,
    concepts,
    features,
    hazards,
    level,
    linear,
    meaning,
    measures,
    products,
    published,
    reach,
    severity,
    spelling,
    titles,
    watchlist,
)
from nlp.assessment import Assessment, HazardOpinion, Industry, Model, Review, SeverityOpinion
from nlp.document import BREAK, Document, read
from nlp.gazetteer import Concept, Gazetteer, Match

TAXONOMY = "2026-11"
BATCH = 256
#: Characters a model reads: a subject, not an annex.
MODEL_LIMIT = 6000
#: Three letters in a row, two kana, or one sign of a script that writes a word with one.
_WORD = re.compile("[^\\W\\d_ー]{3}|[\u3041-\u3096]{2}|[\u3400-\u9fff\U00020000-\U0003ffff]")
_AGENTS = frozenset({"substance", "pathogen"})
_FOOD = frozenset({"agri_food"})
#: Data files whose change changes opinions: part of the version.
_DATA = ("hazards.yml", "industries.yml", "hs_names.tsv", "watchlist.yml")


@dataclass(slots=True)
class _Read:
    """A notice after the first half of the pass."""

    document: Document
    codes: codes.Scan
    matches: list[Match]
    named: list[products.Mention]
    worded: bool  # there is a word to go by: of numbers and signs a model knows only its prior


#: Model → class → its probability for one document; {} where there is no such model, or no word to go by.
Scores = Callable[[str], dict[str, float]]


class _Scores:
    """The hazard and severity models over a batch, each in one product when first asked: most sources state what they say."""

    def __init__(self, models: linear.Models, rows: features.Rows, worded: Sequence[bool]) -> None:
        self._models, self._rows, self._worded = models, rows, worded
        self._tables: dict[str, list[list[float]]] = {}

    def of(self, row: int, name: str) -> dict[str, float]:
        if name not in self._models or not self._worded[row]:
            return {}
        model = self._models[name]
        if name not in self._tables:
            margins = model.margins(self._rows.text) + self._rows.tokens @ model.weights
            self._tables[name] = model.probabilities(margins).tolist()
        return dict(zip(model.classes, self._tables[name][row], strict=True))


class Assessor:
    """Everything that is loaded once. Not shared between processes; cheap to make again (< 1 s)."""

    def __init__(self, models: linear.Models | None = None) -> None:
        """`models`: the shipped ones by default. Raises ModelError where they are absent or were tampered with."""
        self.models = models or linear.shipped()
        self.gazetteer = Gazetteer.load()
        self._parents: OrderedDict[str, products.Found] = OrderedDict()
        gc.freeze()  # the tables live as long as the process: the collector need not walk them with every batch
        #: Which models, rules and tables were loaded: a change of any makes another version.
        self.version = version(self.models.version)
        self.model = Model(name="tradewarn-linear", version=self.version, taxonomy=TAXONOMY)

    def assess(self, notice: Notice, parent: Notice | None = None, run: str = "") -> Assessment:
        """The assessment of one notice; `parent`: the notice its `parent_symbol` names, if it is at hand."""
        return self.assess_batch([notice], [parent], run)[0]

    def assess_all(
        self,
        notices: Iterable[Notice],
        parent_of: Callable[[str], Notice | None] | None = None,
        run: str = "",
    ) -> Iterator[Assessment]:
        """Assessments in the order of the notices, in batches: memory is one batch."""
        stream = iter(notices)
        while batch := list(itertools.islice(stream, BATCH)):
            parents = [parent_of(n.parent_symbol) if parent_of and n.parent_symbol else None for n in batch]
            yield from self.assess_batch(batch, parents, run)

    def assess_batch(
        self, notices: Sequence[Notice], parents: Sequence[Notice | None], run: str = ""
    ) -> list[Assessment]:
        """One pass over some notices, each with its parent or None. An opinion does not depend on the rest of the batch."""
        if not notices:
            return []
        # Records hold no cycles: the collector would walk a growing batch again and again and find nothing.
        collecting = gc.isenabled()
        gc.disable()
        try:
            return self._pass(notices, parents, run)
        finally:
            if collecting:
                gc.enable()

    # --- the pass ---------------------------------------------------------------------------------------------------

    def _pass(self, notices: Sequence[Notice], parents: Sequence[Notice | None], run: str) -> list[Assessment]:
        first = [self._read(notice) for notice in notices]
        rows = self._rows(first)
        guesses = self._guesses(first, rows)
        scores = _Scores(self.models, rows, [item.worded for item in first])
        return [
            self._finish(item, guess, functools.partial(scores.of, row), parent, run)
            for row, (item, guess, parent) in enumerate(zip(first, guesses, parents, strict=True))
        ]

    def _read(self, notice: Notice) -> _Read:
        document = read(notice)
        matches = spelling.kept(document, self.gazetteer.find(document.text))
        found = codes.scan(document.text)
        worded = bool(matches) or bool(_WORD.search(found.strip(document.text[:MODEL_LIMIT])))
        return _Read(document, found, matches, products.mentions(document, matches), worded)

    def _rows(self, first: Sequence[_Read]) -> features.Rows:
        texts, heads, tokens = [], [], []
        for item in first:
            document = item.document
            head = document.end_of("title")
            texts.append(item.codes.strip(document.text[:MODEL_LIMIT]))
            heads.append(min(head, MODEL_LIMIT))
            tokens.append(concepts.tokens(item.matches, head))
        return self.models.rows(texts, heads, tokens)

    def _guesses(self, first: Sequence[_Read], rows: features.Rows) -> list[products.Guess]:
        model = self.models["groups"]
        regimes = [_regime_of(item.document.notice) for item in first]
        known = [self.models.known(regime) for regime in regimes]
        probabilities = model.answers(rows.text, rows.tokens, regimes)
        order = np.argsort(-probabilities, axis=1, kind="stable")
        spans = self._evidence(rows, order[:, 0], model)
        guesses = []
        for row, item in enumerate(first):
            ranked: list[tuple[Industry, float]] = [
                (model.classes[c], float(probabilities[row, c])) for c in order[row, :3]
            ]
            text = item.document.text
            shown = tuple(span for span in spans[row] if BREAK not in text[span[0] : span[1]])
            guesses.append(products.Guess(tuple(ranked) if item.worded else (), shown, known[row]))
        return guesses

    def _evidence(
        self, rows: features.Rows, chosen: np.ndarray, model: linear.Linear
    ) -> list[list[tuple[int, int, float]]]:
        """The three words or pairs of words of each document that speak most for its class."""
        grams, size = rows.grams, rows.grams.size
        columns = rows.columns[: grams.words]
        known = np.flatnonzero(columns >= 0)
        document = grams.document[known]
        weight = model.weights[columns[known], chosen[document]] * self.models.idf[columns[known]]
        useful = weight > 0
        known, document, weight = known[useful], document[useful], weight[useful]
        order = np.lexsort((known, -weight, document))
        begins = np.searchsorted(document[order], np.arange(size + 1))
        spans: list[list[tuple[int, int, float]]] = []
        for row in range(size):
            picked: list[tuple[int, int, float]] = []
            for at in order[begins[row] : min(begins[row] + 8, begins[row + 1])]:
                start, end = int(grams.start[known[at]]), int(grams.end[known[at]])
                if all(end <= s or start >= e for s, e, _ in picked):
                    picked.append((start, end, float(weight[at])))
                if len(picked) == 3:
                    break
            spans.append(picked)
        return spans

    def _finish(
        self,
        item: _Read,
        guess: products.Guess,
        scores: Scores,
        parent: Notice | None,
        run: str,
    ) -> Assessment:
        document, notice = item.document, item.document.notice
        rules, values = meaning.of_source(notice.source), meaning.Values(notice, document.folded)
        inherited = self._of_parent(parent) if parent is not None else None
        found = products.determine(
            document,
            item.codes.codes,
            rules.of("products", notice, values),
            rules.of("industries", notice, values),
            item.named,
            guess,
            inherited,
        )
        industries = {opinion.industry for opinion in found.industries}
        hazard_model = "hazards_food" if industries & _FOOD else "hazards_goods"
        stated = rules.of("hazards", notice, values)
        asked = stated is None and notice.kind in INCIDENT_KINDS and industries != {"health"}
        modelled = scores(hazard_model) if asked else {}
        danger = hazards.of(document, stated, item.matches, modelled, self._threshold(hazard_model))
        official = rules.of("severity", notice, values)
        modelled_severity = None if official is not None else self._severity_model(item, scores)
        graded = severity.of(notice, official, danger, modelled_severity)
        measure = measures.of(
            document, rules.of("measure", notice, values), concerns_goods=bool(industries - {"other"})
        )
        touched = reach.of(document, rules.of("reach", notice, values), measure)
        levels = level.time_line(notice, severity=graded, measure=measure, reach=touched, industries=found.industries)
        ids = tuple(dict.fromkeys(match.concept for match in item.matches))
        joined = watchlist.match(document, ids)
        facts = titles.Facts(
            notice=notice,
            products=found.products,
            industries=found.industries,
            hazards=danger,
            severity=graded,
            measure=measure,
            reach=touched,
            levels=levels,
            named=item.named,
            agents=self._agents(ids, danger),
            dossiers=[watchlist.by_id()[one.dossier] for one in joined],
            language=document.language,
        )
        return Assessment(
            notice_id=notice.id,
            notice_hash=notice.hash,
            run=run,
            products=tuple(found.products),
            industries=tuple(found.industries),
            hazards=danger,
            severity=graded,
            measure=measure,
            reach=touched,
            levels=levels,
            regulations=tuple(one.dossier for one in joined),
            concepts=ids,
            title_zh=titles.title_zh(facts),
            title_zh_method="composed",
            brief_zh=titles.brief_zh(facts),
            brief_en=titles.brief_en(facts),
            review=self._review(notice, rules, found),
            model=self.model,
        )

    # --- parts ------------------------------------------------------------------------------------------------------

    def _of_parent(self, parent: Notice) -> products.Found:
        """The parent's own levels A-C, remembered: a family of addenda asks for one parent again and again."""
        found = self._parents.get(parent.id)
        if found is None:
            item = self._read(parent)
            rules, values = meaning.of_source(parent.source), meaning.Values(parent, item.document.folded)
            found = products.determine(
                item.document,
                item.codes.codes,
                rules.of("products", parent, values),
                rules.of("industries", parent, values),
                item.named,
                products.Guess(()),
            )
            self._parents[parent.id] = found
            if len(self._parents) > 1000:
                self._parents.popitem(last=False)
        return found

    def _agents(self, ids: Sequence[str], danger: Sequence[HazardOpinion]) -> list[Concept]:
        """Substances and pathogens named; of substances only those of a hazard that was found."""
        wanted = {opinion.hazard for opinion in danger}
        found = []
        for name in ids:
            concept = self.gazetteer.concept(name)
            if concept.kind in _AGENTS and (not concept.hazards or not wanted or wanted & set(concept.hazards)):
                found.append(concept)
        return found

    def _threshold(self, name: str) -> float:
        return float(self.models[name].about.get("threshold", 0.5)) if name in self.models else 0.5

    def _severity_model(self, item: _Read, scores: Scores) -> SeverityOpinion | None:
        """The model of the notice's own regime, for a notice its authority has not graded yet."""
        notice = item.document.notice
        for name in ("rasff_serious", "fda_class1", "fsis_class1"):
            if name not in self.models or notice.register_name not in self.models[name].about.get("registers", ()):
                continue
            if name == "fda_class1" and notice.stated.get("product_type", "Food") != "Food":
                continue  # trained on food alone
            answer = scores(name)
            if not answer:
                continue
            probability = next(iter(answer.values()))
            if f"{name}_fields" in self.models:
                name, probability = f"{name}_fields", self._with_fields(f"{name}_fields", item)
            value = "high" if probability >= 0.5 else "medium"
            return SeverityOpinion(
                value=value,
                basis="model",
                rule=f"{name}, {self.models.version}",
                probability=round(max(probability, 1 - probability), 4),
            )
        return None

    def _with_fields(self, name: str, item: _Read) -> float:
        """The answer of a model that reads the regime's published fields beside the text."""
        document, model = item.document, self.models[name]
        head = document.end_of("title")
        stated = published.of_stated("eu_rasff_decisions", document.notice.stated)
        tokens = [*concepts.tokens(item.matches, head), *((h, 1.0) for h in stated)]
        text = item.codes.strip(document.text[:MODEL_LIMIT])
        rows = self.models.rows([text], [min(head, MODEL_LIMIT)], [tokens])
        return float(model.probabilities(model.margins((rows.text + rows.tokens).tocsr()))[0, 0])

    def _review(self, notice: Notice, rules: meaning.Meaning, found: products.Found) -> tuple[Review, ...]:
        reasons = list(found.review)
        if rules.empty and not self.models.known(_regime_of(notice)):
            reasons.append(Review(reason="new_source", detail=notice.source))
        elif rules.has("industries") and found.level in ("model", "retrieved", "") and notice.stated:
            reasons.append(Review(reason="unmapped", detail=notice.source))
        if _sampled(notice.id):
            reasons.append(Review(reason="random"))
        return tuple(reasons)


def _regime_of(notice: Notice) -> str:
    return linear.regime_of(notice.register_name, notice.stated)


def _sampled(notice_id: str) -> bool:
    """One notice in fifty, by hash: an unbiased sample for review, the same on every machine."""
    return hashlib.blake2b(notice_id.encode(), digest_size=2).digest()[0] < 5


def version(models: str = "") -> str:
    """The version of opinions formed here, by models of that version (the shipped ones), without loading them.

    Raises ModelError where there are none.
    """
    return f"{models or linear.version()}-{_rules_version()}"


def _rules_version() -> str:
    """A digest of this room's tables and rules: an opinion says by which it was formed."""
    digest = hashlib.sha256()
    here = Path(__file__).parent
    for path in [
        *(here / name for name in _DATA),
        *sorted((here / "gazetteer").glob("*.tsv")),
        *sorted(here.glob("*.py")),
    ]:
        if path.exists():
            digest.update(path.read_bytes())
    return digest.hexdigest()[:8]
