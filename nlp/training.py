"""Labelled tables → the shipped models (`nlp/models/`): arrays and a manifest, no rows.

`fit_all` fits every model on the rows it is given: `train` gives it all of them, `nlp.evaluation` the older part. Equal
rows give equal arrays, bit by bit, on one machine with one thread.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from nlp import corpus as corpora
from nlp import fitting, labels, linear
from nlp.corpus import Corpus
from nlp.fitting import Fit, Matrix

TAXONOMY = "2026-11"
#: The strength of regularisation (C) of each model, chosen on older slices, and the least rows it needs.
STRENGTH = {
    "groups": 1.0,
    "hazards_goods": 0.5,
    "hazards_food": 1.0,
    "rasff_serious": 1.0,
    "rasff_serious_fields": 1.0,
    "fda_class1": 0.1,
    "fsis_class1": 0.3,
}
#: Texts added to either side of the naive-Bayes ratio (see fitting); 0: plain logistic regression.
PRIOR = {"fda_class1": 10.0}
LEAST_ROWS = 200
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
        "register": "us_openfda",
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
        return {"version": "", "registers": [], **manifest, "models": described}, arrays


def train(data: Path, out: Path = linear.FOLDER) -> str:
    """Train on every table of `data` and write the models to `out`; returns what was written, in a line.

    Raises TableError where a table lacks its columns, ValueError where there is nothing to train on.
    """
    corpus = corpora.load(data)
    fitted = fit_all(corpus, np.arange(len(corpus)))
    tables: dict[str, dict[str, Any]] = {}
    for name, date in zip(corpus.tables, corpus.dates, strict=True):
        if name:
            entry = tables.setdefault(name, {"rows": 0, "newest": ""})
            entry["rows"] += 1
            entry["newest"] = max(entry["newest"], date)
    manifest = {
        "taxonomy": TAXONOMY,
        "trained_on": tables,
        "registers": sorted({register for register in corpus.registers if register} | SAME_REGISTERS),
    }
    described, arrays = fitted.parts(manifest)
    described.pop("version")
    written = linear.write(out, described, arrays)
    size = sum(about["bytes"] for about in written["files"].values())
    return f"{len(fitted.models)} models, {len(fitted.matrix.vocabulary)} features, {size / 1e6:.1f} MB, version {written['version']} in {out}"


#: Registers whose notices read like a table trained on, under another id.
SAME_REGISTERS = frozenset({"us_openfda", "us_fsis", "us_cpsc", "us_fda_import_refusals", "jp_mhlw_violations"})


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

    def __init__(self, corpus: Corpus, rows: NDArray[np.int64]) -> None:
        self.corpus, self.rows = corpus, rows
        texts, heads = [corpus.texts[i] for i in rows], [corpus.heads[i] for i in rows]
        tokens = [corpus.tokens[i] for i in rows]
        vocabulary, idf = fitting.vocabulary(
            fitting.occurrences(texts, heads, tokens), len(rows), corpora.token_hashes(tokens)
        )
        self.matrix = fitting.matrix(vocabulary, idf, texts, heads, tokens)
        self.both = self.matrix.both()
        self.tables = corpus.array("tables")[rows]
        self.industries = corpus.array("industries")[rows]
        self.weights = corpus.array("weights")[rows].astype(float)
        self.dates = [corpus.dates[i] for i in rows]
        self.twins = [corpus.twins[i] for i in rows]

    def newest(self, chosen: NDArray[np.int64]) -> NDArray[np.bool_]:
        """Among the chosen rows, the newest slice of each table."""
        mark = np.zeros(len(chosen), bool)
        for table in sorted(set(self.tables[chosen].tolist()) - {""}):
            at = np.flatnonzero(self.tables[chosen] == table)
            dates = [self.dates[chosen[i]] for i in at]
            twins = [self.twins[chosen[i]] for i in at]
            mark[at[fitting.newest(dates, twins, fitting.CALIBRATION)]] = True
        return mark


Built = tuple[Fit, dict[str, Any]] | None


def _groups(part: Part) -> Built:
    chosen = np.flatnonzero(part.industries != "")
    if len(chosen) < LEAST_ROWS or len(set(part.industries[chosen].tolist())) < 2:
        return None
    newest = part.newest(chosen)
    alone = corpora.dropped(part.matrix, chosen[~newest])
    rows = sp.vstack([part.both[chosen], part.matrix.tokens[alone]]).tocsr()
    labels_of = np.concatenate([part.industries[chosen], part.industries[alone]]).astype(str)
    weight = np.concatenate([part.weights[chosen], 0.5 * part.weights[alone]])
    mark = np.concatenate([newest, np.zeros(len(alone), bool)])
    fit = fitting.softmax(rows, labels_of, weight, mark, STRENGTH["groups"])
    return fit, {"kind": "softmax", "rows": len(chosen)}


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
        rows = part.both[chosen] if name.endswith("_fields") else without_fields(part.matrix, part.corpus, chosen)
        fit = fitting.sigmoid(
            rows,
            target[:, None],
            [name],
            part.weights[chosen],
            part.newest(chosen),
            STRENGTH[name],
            logistic=True,
            prior=PRIOR.get(name, 0.0),
        )
        return fit, {"kind": "sigmoid", "rows": len(chosen), "registers": [rule["register"]]}

    return build


def truth(corpus: Corpus, rows: NDArray[np.int64], name: str) -> NDArray[np.bool_]:
    """Whether each row's authority decided what the regime's model is asked."""
    rule = REGIMES[name]
    return np.array([corpus.rows[i].get(rule["column"], "").strip().lower() in rule["values"] for i in rows], bool)


def without_fields(matrix: Matrix, corpus: Corpus, rows: NDArray[np.int64]) -> sp.csr_matrix:
    """Text and concepts, without the regime's published fields."""
    fields = {
        h
        for table in corpora.FIELDS
        for row, name in zip(corpus.rows, corpus.tables, strict=True)
        if name == table
        for h in corpora.field_tokens(table, row)
    }
    columns = matrix.vocabulary.columns(np.array(sorted(fields), np.uint64)) if fields else np.zeros(0, np.int32)
    keep = np.ones(len(matrix.vocabulary), np.float32)
    keep[columns[columns >= 0]] = 0
    return (matrix.text[rows] + matrix.tokens[rows] @ sp.diags(keep)).tocsr()


BUILDERS: dict[str, Any] = {
    "groups": _groups,
    "hazards_goods": _hazards("goods"),
    "hazards_food": _hazards("food"),
    **{name: _regime(name) for name in REGIMES},
}
