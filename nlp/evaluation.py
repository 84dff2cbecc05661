"""Metrics with n and 95 % intervals for every table a folder has.

Three ways, decided per table by what the manifest of the shipped models says of it (`"model"` in each result):
* most of its rows are newer than the newest row the shipped models were trained on: a blind set; those rows are
  answered by the shipped models (`shipped`);
* it is no table of `labels.yml`: a source nobody trained on, answered whole by the shipped models as such (`shipped, source
  unknown`);
* else its newest 20 % are held back (no twin of an older row among them), and models fitted here, in this process, on
  the older rest of all such tables answer them (`fitted on the older 80 %`). The shipped models, which saw every row, are
  never measured on rows they were trained on.
`unseen_*` leaves a whole source out of training; `hand_*` are the notices labelled by hand in the repository.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nlp import corpus as corpora
from nlp import fitting, hand, labels, linear, metrics, training, unseen, whole
from nlp.corpus import Corpus
from nlp.linear import Models

TEST = 0.2
#: Share of a table's rows that must be newer than the training's newest for the table to be a blind set.
BLIND = 0.5
FITTED = "fitted on the older 80 %"
SHIPPED = "shipped"
FOREIGN = "shipped, source unknown"
Rows = NDArray[np.int64]
Result = dict[str, Any]


def evaluate(data: Path, *, sealed: bool = False, say: Callable[[str], None] = lambda _: None) -> dict[str, Result]:
    """{task: {table, n, metrics, ci95, model}} for every table of labels in the folder, and the sets of the repository.

    `sealed` opens the second half of the hand-labelled sets too; `say` is told what is being done.
    Raises TableError for a table without its columns or a folder without tables.
    """
    corpus = corpora.load(data)
    foreign, blind, rest = split(corpus)
    report: dict[str, Result] = {}
    if len(blind):
        say("the shipped models on rows newer than their training")
        score(report, corpus, blind, linear.shipped(), SHIPPED)
        report.update(_said(whole.products(corpus.part(blind), linear.shipped()), SHIPPED))
    if len(foreign):
        say("the shipped models on sources they do not know")
        score_foreign(report, corpus, foreign, linear.shipped())
    models: Models | None = None
    if (corpus.array("tables")[rest] != "").any():
        test = rest[held_back(corpus, rest)]
        older = np.setdiff1d(rest, test)
        say("models on the older 80 %")
        fitted = training.fit_all(corpus, np.intersect1d(older, training.ours(corpus)))
        models = fitted.models_of()
        score(report, corpus, test, models, FITTED)
        say("chapters and headings")
        report.update(_said(whole.products(corpus.part(test), models), FITTED))
        say("sources left out one by one")
        report.update(left_out(corpus, older, test, fitted))
    halves = ("open", "sealed") if sealed else ("open",)
    how = FITTED if models is not None else SHIPPED
    report.update(hand.evaluate(models or linear.shipped(), how, halves=halves))
    report.update(hand.evaluate_codes())
    say("links")
    report.update(_said(whole.links(data), "nlp/events.py"))
    if linear.present():
        say("speed and files")
        report.update(_said({"speed": whole.speed(linear.shipped()), "files": whole.files()}, SHIPPED))
    return report


def _said(found: dict[str, Result], how: str) -> dict[str, Result]:
    return {task: {**result, "model": how} for task, result in found.items()}


def split(corpus: Corpus) -> tuple[Rows, Rows, Rows]:
    """Rows of sources nobody trained on, rows newer than the training of the shipped models, and the rest."""
    tables, dates = corpus.array("tables"), np.array(corpus.dates)
    trained = linear.shipped().manifest.get("trained_on", {}) if linear.present() else {}
    foreign = np.array([name not in labels.tables() and name != "" for name in tables], bool)
    blind = np.zeros(len(corpus), bool)
    dropped = np.zeros(len(corpus), bool)
    for name in sorted(set(corpus.tables) & trained.keys()):
        mine = tables == name
        newer = mine & (dates > trained[name]["newest"])
        if newer.sum() >= BLIND * mine.sum():
            blind |= newer
            dropped |= mine & ~newer
    return np.flatnonzero(foreign), np.flatnonzero(blind), np.flatnonzero(~foreign & ~blind & ~dropped)


def held_back(corpus: Corpus, rows: Rows) -> NDArray[np.bool_]:
    """Of these rows the newest 20 % of each table; of a table that is only looked at, all."""
    mark = np.zeros(len(rows), bool)
    tables = corpus.array("tables")[rows]
    for name in sorted(set(tables.tolist()) - {""}):
        at = np.flatnonzero(tables == name)
        if not labels.tables()[name].get("train", True):
            mark[at] = True
            continue
        chosen = fitting.newest([corpus.dates[rows[i]] for i in at], [corpus.twins[rows[i]] for i in at], TEST)
        mark[at[chosen]] = True
    return mark


def left_out(corpus: Corpus, older: Rows, test: Rows, fitted: training.Fitted) -> dict[str, Result]:
    """The `unseen_*` figures."""
    if "groups" not in fitted.models:
        return {}
    industries = corpus.array("industries")
    rows = np.concatenate([older, test])
    rows = rows[industries[rows] != ""]
    part = training.Part(corpus, rows, fitted.matrix)
    is_test = np.isin(rows, test)
    found = unseen.evaluate(part, np.flatnonzero(~is_test), np.flatnonzero(is_test), fitted.models["groups"].classes)
    return _said(found, FITTED)


# --- tables of labels.yml -----------------------------------------------------------------------------------------


def probabilities(models: Models, name: str, corpus: Corpus, *, known: bool = True) -> NDArray[Any]:
    """(rows, classes) of a model on every row of a corpus; `known`: with the bias of each row's regime."""
    model = models[name]
    matrix = training.matrix_of(corpus, models.vocabulary, models.idf, fields=name.endswith("_fields"))
    regimes = corpus.regimes if known else [""] * len(corpus)
    return model.answers(matrix.text, matrix.tokens, regimes)


def score(report: dict[str, Result], corpus: Corpus, rows: Rows, models: Models, how: str) -> None:
    """Every task of the tables of these rows, by the given models."""
    tables = corpus.array("tables")[rows]
    found: dict[str, Result] = {}
    if "groups" in models:
        _score_groups(found, corpus.part(rows), models)
    for model in ("hazards_goods", "hazards_food"):
        for table in _hazard_tables(model.removeprefix("hazards_")):
            chosen = rows[(tables == table) & np.array([bool(corpus.hazards[i]) for i in rows])]
            if len(chosen) and model in models:
                found[f"hazards_{table}"] = _multilabel(table, corpus.part(chosen), models, model)
    for name, rule in training.REGIMES.items():
        chosen = rows[tables == rule["table"]]
        if len(chosen) and name in models:
            truth = training.truth(corpus, chosen, name)
            found[name] = metrics.binary(rule["table"], truth, probabilities(models, name, corpus.part(chosen))[:, 0])
    report.update(_said(found, how))


def _multilabel(table: str, part: Corpus, models: Models, model: str) -> Result:
    classes = models[model].classes
    truth = np.array([[name in row for name in classes] for row in part.hazards])
    return metrics.multilabel(table, truth, decide(probabilities(models, model, part), models[model].about))


def decide(found: NDArray[Any], about: Any) -> NDArray[np.bool_]:
    """The labels above the threshold; the best one where none is (a notice names at least one)."""
    said: NDArray[np.bool_] = found >= float(about.get("threshold", 0.5))
    empty = ~said.any(1)
    said[empty, found[empty].argmax(1)] = True
    return said


def _hazard_tables(model: str) -> list[str]:
    return [name for name, form in labels.tables().items() if form.get("hazards", {}).get("model") == model]


def _score_groups(report: dict[str, Result], corpus: Corpus, models: Models) -> None:
    classes = np.array(models["groups"].classes)
    part = corpus.part(np.flatnonzero(np.isin(corpus.array("industries"), classes)))
    if not len(part):
        return
    tables = part.array("tables")
    strong = np.array([not labels.tables()[name].get("weak") for name in tables], bool)
    found = probabilities(models, "groups", part)
    truth = np.searchsorted(classes, part.array("industries").astype(str))
    for label, mask in (("groups", strong), ("groups_with_weak", np.ones(len(part), bool))):
        if mask.any():
            names = "+".join(sorted(set(tables[mask].tolist())))
            report[label] = metrics.classification(names, truth[mask], found[mask], len(classes))
    for name in sorted(set(tables.tolist())):
        mask = tables == name
        report[f"groups_{name}"] = metrics.classification(name, truth[mask], found[mask], len(classes))


# --- tables nobody declared ---------------------------------------------------------------------------------------


def score_foreign(report: dict[str, Result], corpus: Corpus, rows: Rows, models: Models) -> None:
    """Tables of sources the models do not know, labelled in our own words: group, hazards, severity as `classify` says."""
    tables = corpus.array("tables")[rows]
    for name in sorted(set(tables.tolist())):
        part = corpus.part(rows[tables == name])
        labelled = [i for i, industry in enumerate(part.industries) if industry]
        if labelled:
            report[f"groups_{name}"] = {**_foreign_groups(part.part(np.array(labelled)), models), "model": FOREIGN}
        found = {f"{task}_{name}": result for task, result in whole.opinions(part, name).items()}
        report.update(_said(found, FOREIGN))


def _foreign_groups(part: Corpus, models: Models) -> Result:
    found = probabilities(models, "groups", part, known=False)
    confidence = found.max(1)
    right = np.array(models["groups"].classes)[found.argmax(1)] == part.array("industries").astype(str)
    return metrics.selective(part.tables[0], right, confidence, hand.accepted(confidence))
