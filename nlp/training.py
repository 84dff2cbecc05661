"""Labelled tables → the shipped models (`nlp/models/`): arrays and a manifest, no rows.

`fit_all` fits every model on the rows it is given: `train` gives it all of them, `nlp.evaluation` the older part. Equal
rows give equal arrays, bit by bit, on one machine with one thread.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from nlp import corpus as corpora
from nlp import drift, fitting, labels, linear, unseen
from nlp.corpus import Corpus
from nlp.features import F32, Vocabulary
from nlp.fitting import Fit, Matrix

TAXONOMY = "2026-11"
#: The strength of regularisation (C) of each model, chosen on older slices, and the least rows it needs.
STRENGTH = {
    "groups": 1.0,
    "hazards_goods": 0.5,
    "hazards_food": 1.0,
    "rasff_serious": 1.0,
    "rasff_serious_fields": 1.0,
    "fda_class1": 0.3,
    "fsis_class1": 0.3,
}
#: Texts added to either side of the naive-Bayes ratio (see fitting); 0: plain logistic regression.
PRIOR = {"fda_class1": 3.0}
#: Column that tells one decision from another where a register repeats it in a row per product: the rows of a month with
#: one value weigh together as the square root of their number (one Listeria recall of 2024 alone is 68 rows).
REPEATED = {"fda_class1": "reason_for_recall"}
LEAST_ROWS = 200
#: How much more a row of a rare group may weigh.
RARE = 6.0
#: The length of a regime's own feature beside a text of length 1.
REGIME = 1.0
#: Positive answers of the regimes' severity models: table, column, values; the register they may speak for.
REGIMES: dict[str, dict[str, Any]] = {
    "rasff_serious": {
        "table": "eu_rasff_decisions",
        "column": "risk_decision",
        "values": ("serious",),
        "register": "eu_rasff",
    },
    "rasff_serious_fields": {
        "table": "eu_rasff_decisions",
        "column": "risk_decision",
        "values": ("serious",),
        "register": "eu_rasff",
    },
    "fda_class1": {
        "table": "us_fda_food_recalls",
        "column": "recall_class",
        "values": ("class i",),
        "register": "us_fda_enforcement",
    },
    "fsis_class1": {
        "table": "us_fsis_recalls",
        "column": "risk_level",
        "values": ("high - class i",),
        "register": "us_fsis",
    },
}


@dataclass(slots=True)
class Fitted:
    """Models in memory, before they are written."""

    matrix: Matrix
    models: dict[str, Fit]
    about: dict[str, dict[str, Any]]

    def models_of(self) -> linear.Models:
        """As they will be read back."""
        return linear.Models(*self.parts({}))

    def parts(self, manifest: dict[str, Any]) -> tuple[dict[str, Any], dict[str, dict[str, Any]]]:
        arrays: dict[str, dict[str, Any]] = {
            "vocabulary": {"hashes": self.matrix.vocabulary.hashes, "idf": self.matrix.idf.astype(np.float16)}
        }
        described: dict[str, Any] = {}
        for name, fit in self.models.items():
            arrays[name] = fit.arrays()
            described[name] = {"classes": list(fit.classes), **self.about[name]}
        return {"version": "", **manifest, "models": described}, arrays


def train(data: Path, out: Path) -> str:
    """Train on every table of `data` and write the models to `out`; returns what was written, in a line.

    Raises TableError where a table lacks its columns, ValueError where there is nothing to train on.
    """
    corpus = corpora.load(data)
    rows = ours(corpus)
    fitted = fit_all(corpus, rows)
    described, arrays = fitted.parts({"taxonomy": TAXONOMY, "trained_on": _tables(corpus, rows)})
    described.pop("version")
    written = linear.write(out, described, arrays)
    size = sum(about["bytes"] for about in written["files"].values())
    return f"{len(fitted.models)} models, {len(fitted.matrix.vocabulary)} features, {size / 1e6:.1f} MB, version {written['version']} in {out}"


def ours(corpus: Corpus) -> NDArray[np.int64]:
    """The rows that may be learned from: tables of `labels.yml` (but those only looked at), and our own words."""
    known = {"", *(name for name, form in labels.tables().items() if form.get("train", True))}
    return np.flatnonzero([name in known for name in corpus.tables])


def _tables(corpus: Corpus, rows: NDArray[np.int64]) -> dict[str, dict[str, Any]]:
    """Table → rows learned from, and the date of the newest."""
    tables: dict[str, dict[str, Any]] = {}
    for i in rows:
        if name := corpus.tables[i]:
            entry = tables.setdefault(name, {"rows": 0, "newest": ""})
            entry["rows"] += 1
            entry["newest"] = max(entry["newest"], corpus.dates[i])
    return tables


def fit_all(corpus: Corpus, rows: NDArray[np.int64], only: Iterable[str] | None = None) -> Fitted:
    """Every model (or those named in `only`) on the given rows of the corpus."""
    if not len(rows):
        raise ValueError("no rows to train on: the folder holds no table of nlp/labels.yml")
    part = Part(corpus, rows)
    fitted = Fitted(part.matrix, {}, {})
    wanted = set(only) if only is not None else None
    for name, fit in BUILDERS.items():
        if wanted is None or name in wanted:
            result = fit(part)
            if result is not None:
                fitted.models[name], fitted.about[name] = result
    return fitted


class Part:
    """The rows one fit may see, vectorised by a vocabulary of these rows alone."""

    def __init__(self, corpus: Corpus, rows: NDArray[np.int64], known: Matrix | None = None) -> None:
        """`known`: whose vocabulary is used instead of one made here."""
        self.corpus, self.rows = corpus, rows
        texts, heads = [corpus.texts[i] for i in rows], [corpus.heads[i] for i in rows]
        tokens = [corpus.tokens[i] for i in rows]
        fields = [corpus.fields[i] for i in rows]
        if known is not None:
            vocabulary, idf = known.vocabulary, known.idf
        else:
            every = [a + b for a, b in zip(tokens, fields, strict=True)]
            vocabulary, idf = fitting.vocabulary(
                fitting.occurrences(texts, heads, every), len(rows), corpora.token_hashes(every)
            )
        self.matrix = fitting.matrix(vocabulary, idf, texts, heads, tokens)
        self.both = self.matrix.both()
        self.tables = corpus.array("tables")[rows]
        self.industries = corpus.array("industries")[rows]
        self.regimes = corpus.array("regimes")[rows]
        self.weights = corpus.array("weights")[rows].astype(float)
        self.dates = [corpus.dates[i] for i in rows]
        self.twins = [corpus.twins[i] for i in rows]

    def with_fields(self, chosen: NDArray[np.int64]) -> sp.csr_matrix:
        """Rows of text, concepts and the regime's published fields."""
        part = self.corpus.part(self.rows[chosen])
        return matrix_of(part, self.matrix.vocabulary, self.matrix.idf, fields=True).both()

    def newest(self, chosen: NDArray[np.int64]) -> NDArray[np.bool_]:
        """Among the chosen rows, the newest slice of each table."""
        mark = np.zeros(len(chosen), bool)
        for table in sorted(set(self.tables[chosen].tolist()) - {""}):
            at = np.flatnonzero(self.tables[chosen] == table)
            dates = [self.dates[chosen[i]] for i in at]
            twins = [self.twins[chosen[i]] for i in at]
            mark[at[fitting.newest(dates, twins, fitting.CALIBRATION)]] = True
        return mark


def matrix_of(corpus: Corpus, vocabulary: Vocabulary, idf: F32, *, fields: bool = False) -> Matrix:
    """A corpus in a vocabulary made elsewhere; `fields` adds the published fields to the concepts."""
    tokens = [a + b for a, b in zip(corpus.tokens, corpus.fields, strict=True)] if fields else corpus.tokens
    return fitting.matrix(vocabulary, idf, corpus.texts, corpus.heads, tokens)


Built = tuple[Fit, dict[str, Any]] | None


def _groups(part: Part) -> Built:
    chosen = np.flatnonzero(part.industries != "")
    if len(chosen) < LEAST_ROWS or len(set(part.industries[chosen].tolist())) < 2:
        return None
    rows, labels_of, weight, alone, regimes = group_rows(part, chosen)
    mark = part.newest(chosen)
    # Of a row of the newest slice the model behind the calibration must not know the concepts either.
    keep = np.concatenate([np.ones(len(chosen), bool), ~mark[alone]])
    rows, labels_of, weight = rows[keep], labels_of[keep], weight[keep]
    mark = np.concatenate([mark, np.zeros(len(labels_of) - len(chosen), bool)])
    fit, answers = fitting.softmax(rows, labels_of, weight, mark, STRENGTH["groups"])
    size = part.both.shape[1]
    fit.weights, bias = fit.weights[:size], fit.weights[size:] * REGIME
    strong = [at for at, name in enumerate(regimes) if name in _strong_regimes()]
    fit.extra["regime_bias"] = bias[strong].astype(np.float32)
    fit.extra["unseen_scale"] = np.array(unseen.scale_of(part, chosen, fit.classes), np.float32)
    about = {"kind": "softmax", "rows": len(chosen), "regimes": [regimes[at] for at in strong]}
    return fit, {**about, "profile": _profiles(part, chosen[mark[: len(chosen)]], fit.classes, answers)}


def _profiles(part: Part, newest: NDArray[np.int64], classes: tuple[str, ...], answers: F32) -> dict[str, Any]:
    """Regime → what its newest slice looked like to the model that had not seen it (see nlp/drift.py)."""
    right = np.array(classes)[answers.argmax(1)] == part.industries[newest].astype(str)
    found = {}
    for name in sorted(set(part.regimes[newest].tolist()) & _strong_regimes()):
        mine = part.regimes[newest] == name
        found[name] = drift.profile(classes, answers[mine], part.matrix.unknown[newest[mine]], right[mine])
    return found


def group_rows(
    part: Part, chosen: NDArray[np.int64], weight: NDArray[np.float64] | None = None
) -> tuple[sp.csr_matrix, NDArray[Any], NDArray[np.float64], NDArray[np.int64], list[str]]:
    """What the group model is fitted on: rows with their regime's column, then every third once more as its concepts alone.

    The column takes up a regime's mix of goods, so that its style need not; what is left for a source never seen are
    words and concepts. Returns rows, labels, weights, which of `chosen` are repeated, and the regimes of the last columns.
    """
    weight = part.weights[chosen] if weight is None else weight
    regimes = sorted(set(part.regimes[chosen].tolist()) - {""})
    of_row = part.regimes[chosen]
    marks = np.stack([of_row == name for name in regimes], axis=1) if regimes else np.zeros((len(chosen), 0))
    own = sp.csr_matrix(marks.astype(np.float32) * REGIME)
    alone = np.arange(len(chosen))[:: corpora.DROP]
    alone = alone[np.diff(part.matrix.tokens.indptr)[chosen[alone]] > 0]
    none = sp.csr_matrix((len(alone), len(regimes)), dtype=np.float32)
    rows = sp.vstack(
        [sp.hstack([part.both[chosen], own]), sp.hstack([part.matrix.tokens[chosen[alone]], none])]
    ).tocsr()
    labels_of = np.concatenate([part.industries[chosen], part.industries[chosen[alone]]]).astype(str)
    weight = _balanced(labels_of, np.concatenate([weight, 0.5 * weight[alone]]))
    return rows, labels_of, weight, alone, regimes


def _balanced(labels_of: NDArray[Any], weight: NDArray[np.float64]) -> NDArray[np.float64]:
    """Rows of a group rarer than the median one weigh more: by the root of how much rarer, at most `RARE` times."""
    names, of_row = np.unique(labels_of, return_inverse=True)
    mass = np.bincount(of_row, weight, minlength=len(names))
    more = np.clip(np.sqrt(np.median(mass) / np.maximum(mass, 1e-9)), 1.0, RARE)
    return np.asarray(weight * more[of_row], np.float64)


def _strong_regimes() -> set[str]:
    return {form.get("regime", form["register"]) for form in labels.tables().values() if not form.get("weak")}


def _hazards(model: str) -> Any:
    def build(part: Part) -> Built:
        tables = [name for name, form in labels.tables().items() if form.get("hazards", {}).get("model") == model]
        has = np.array([bool(part.corpus.hazards[i]) for i in part.rows])
        chosen = np.flatnonzero(np.isin(part.tables, tables) & has)
        if len(chosen) < LEAST_ROWS:
            return None
        named = [part.corpus.hazards[part.rows[i]] for i in chosen]
        classes = sorted({hazard for row in named for hazard in row})
        targets = np.array([[hazard in row for hazard in classes] for row in named])
        fit = fitting.sigmoid(
            part.both[chosen],
            targets,
            classes,
            part.weights[chosen],
            part.newest(chosen),
            STRENGTH[f"hazards_{model}"],
        )
        return fit, {"kind": "sigmoid", "rows": len(chosen), "threshold": 0.5}

    return build


def _regime(name: str) -> Any:
    rule = REGIMES[name]

    def build(part: Part) -> Built:
        chosen = np.flatnonzero(part.tables == rule["table"])
        if len(chosen) < LEAST_ROWS:
            return None
        target = truth(part.corpus, part.rows[chosen], name)
        rows = part.with_fields(chosen) if name.endswith("_fields") else part.both[chosen]
        fit = fitting.sigmoid(
            rows,
            target[:, None],
            [name],
            part.weights[chosen] * _repeated(part, chosen, name),
            part.newest(chosen),
            STRENGTH[name],
            logistic=True,
            prior=PRIOR.get(name, 0.0),
        )
        return fit, {"kind": "sigmoid", "rows": len(chosen), "registers": [rule["register"]]}

    return build


def _repeated(part: Part, chosen: NDArray[np.int64], name: str) -> NDArray[np.float64]:
    """The weight of each chosen row, 1 on average: less for a row whose decision stands in many (`REPEATED`)."""
    column = REPEATED.get(name)
    if column is None:
        return np.ones(len(chosen))
    decisions = [(part.corpus.rows[part.rows[i]].get(column, ""), part.dates[i][:7]) for i in chosen]
    counts = Counter(decisions)
    weight = np.array([float(counts[decision]) ** -0.5 for decision in decisions])
    return np.asarray(weight * (len(weight) / weight.sum()), np.float64)


def truth(corpus: Corpus, rows: NDArray[np.int64], name: str) -> NDArray[np.bool_]:
    """Whether each row's authority decided what the regime's model is asked."""
    rule = REGIMES[name]
    return np.array([corpus.rows[i].get(rule["column"], "").strip().lower() in rule["values"] for i in rows], bool)


BUILDERS: dict[str, Any] = {
    "groups": _groups,
    "hazards_goods": _hazards("goods"),
    "hazards_food": _hazards("food"),
    **{name: _regime(name) for name in REGIMES},
}
