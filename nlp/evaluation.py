"""Metrics with n and 95 % intervals for every table a folder has.

Two ways, decided per table by what the manifest of the shipped models says of it:
* the table's rows (nine of ten) are newer than the newest row the shipped models were trained on: it is a blind set,
  evaluated whole with the shipped models (`"model": "shipped"`);
* else its newest 20 % are held back (no twin of an older row among them), and models fitted here, in this process, on
  the older rest of all such tables are measured on them (`"model": "fitted on the older 80 %"`). The shipped models,
  which saw every row, are never measured on rows they were trained on.
`unseen_*` leaves a whole source out of training; `hand_*` are the notices labelled by hand in the repository.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nlp import corpus as corpora
from nlp import fitting, hand, labels, linear, metrics, training
from nlp.corpus import Corpus
from nlp.linear import Models
from nlp.products import ACCEPT, ACCEPT_UNSEEN

TEST = 0.2
#: Share of a table's rows that must be newer than the training's newest for the table to be a blind set.
BLIND = 0.9
#: The sources left out one by one (tables of one register together), and rows of each that are asked at most.
UNSEEN_ROWS = 4000
FEW = 25
Result = dict[str, Any]


def evaluate(data: Path) -> dict[str, Result]:
    """{task: {table, n, metrics, ci95, model}} for every table of `labels.yml` in the folder, and the sets of the repository.

    Raises TableError for a table without its columns, ValueError where the folder has none.
    """
    names = labels.present(data)
    if not names:
        raise ValueError(f"{data} holds no table of nlp/labels.yml: {', '.join(labels.tables())}")
    corpus = corpora.load(data)
    tables = corpus.array("tables")
    blind = {name for name in names if _is_blind(corpus, name)}
    report: dict[str, Result] = {}
    if blind:
        rows = np.flatnonzero(np.isin(tables, sorted(blind)))
        _score(report, corpus, rows, linear.shipped(), "shipped")
    if set(names) - blind:
        test = held_back(corpus, blind)
        older = np.flatnonzero(~test & ~np.isin(tables, sorted(blind)))
        models = training.fit_all(corpus, older).models_of()
        _score(report, corpus, np.flatnonzero(test), models, "fitted on the older 80 %")
        report.update(unseen(corpus, older, np.flatnonzero(test)))
        report.update(hand.evaluate(models, "fitted on the older 80 %"))
    else:
        report.update(hand.evaluate(linear.shipped(), "shipped"))
    report.update(hand.evaluate_codes())
    return report


def _is_blind(corpus: Corpus, name: str) -> bool:
    trained = linear.shipped().manifest.get("trained_on", {}).get(name)
    if trained is None:
        return False
    dates = [date for date, table in zip(corpus.dates, corpus.tables, strict=True) if table == name]
    return bool(sum(date > trained["newest"] for date in dates) >= BLIND * len(dates))


def held_back(corpus: Corpus, leave: set[str] | frozenset[str] = frozenset()) -> NDArray[np.bool_]:
    """The newest 20 % of each table (tables in `leave` not at all)."""
    mark = np.zeros(len(corpus), bool)
    tables = corpus.array("tables")
    for name in sorted(set(corpus.tables) - {""} - leave):
        at = np.flatnonzero(tables == name)
        chosen = fitting.newest([corpus.dates[i] for i in at], [corpus.twins[i] for i in at], TEST)
        mark[at[chosen]] = True
    return mark


def probabilities(
    models: Models, name: str, corpus: Corpus, rows: NDArray[np.int64], *, fields: bool = True
) -> NDArray[Any]:
    """(rows, classes) of a model on rows of the corpus."""
    model = models[name]
    matrix = fitting.matrix(
        models.vocabulary,
        models.idf,
        [corpus.texts[i] for i in rows],
        [corpus.heads[i] for i in rows],
        [corpus.tokens[i] for i in rows],
    )
    every = np.arange(len(rows))
    both = matrix.both() if fields else training.without_fields(matrix, _slice(corpus, rows), every)
    return model.probabilities(model.margins(both))


def _slice(corpus: Corpus, rows: NDArray[np.int64]) -> Corpus:
    part = Corpus()
    part.tables = [corpus.tables[i] for i in rows]
    part.rows = [corpus.rows[i] for i in rows]
    return part


def _score(report: dict[str, Result], corpus: Corpus, rows: NDArray[np.int64], models: Models, how: str) -> None:
    tables = corpus.array("tables")[rows]
    _score_groups(report, corpus, rows, models, tables)
    for model in ("hazards_goods", "hazards_food"):
        for table in _hazard_tables(model.removeprefix("hazards_")):
            chosen = rows[(tables == table) & np.array([bool(corpus.hazards[i]) for i in rows])]
            if len(chosen) and model in models:
                classes = models[model].classes
                truth = np.array([[name in corpus.hazards[i] for name in classes] for i in chosen])
                predicted = _decide(probabilities(models, model, corpus, chosen), models[model].about)
                report[f"hazards_{table}"] = metrics.multilabel(table, truth, predicted)
    for name, rule in training.REGIMES.items():
        chosen = rows[tables == rule["table"]]
        if len(chosen) and name in models:
            truth = training.truth(corpus, chosen, name)
            found = probabilities(models, name, corpus, chosen, fields=name.endswith("_fields"))[:, 0]
            report[name] = metrics.binary(rule["table"], truth, found)
    for result in report.values():
        result.setdefault("model", how)


def _decide(found: NDArray[Any], about: Any) -> NDArray[np.bool_]:
    """The labels above the threshold; the best one where none is (a notice names at least one)."""
    said: NDArray[np.bool_] = found >= float(about.get("threshold", 0.5))
    empty = ~said.any(1)
    said[empty, found[empty].argmax(1)] = True
    return said


def _hazard_tables(model: str) -> list[str]:
    return [name for name, form in labels.tables().items() if form.get("hazards", {}).get("model") == model]


def _score_groups(
    report: dict[str, Result], corpus: Corpus, rows: NDArray[np.int64], models: Models, tables: NDArray[Any]
) -> None:
    industries = corpus.array("industries")[rows]
    classes = np.array(models["groups"].classes)
    strong = np.array([not labels.tables()[name].get("weak") for name in tables], bool)
    usable = np.isin(industries, classes)
    chosen = np.flatnonzero(usable)
    if not len(chosen):
        return
    found = probabilities(models, "groups", corpus, rows[chosen])
    truth = np.searchsorted(classes, industries[chosen].astype(str))
    for label, mask in (("groups", strong[chosen]), ("groups_with_weak", np.ones(len(chosen), bool))):
        if mask.any():
            names = "+".join(sorted(set(tables[chosen][mask].tolist())))
            report[label] = metrics.classification(names, truth[mask], found[mask], len(classes))
    for name in sorted(set(tables[chosen].tolist())):
        mask = tables[chosen] == name
        report[f"groups_{name}"] = metrics.classification(name, truth[mask], found[mask], len(classes))


# --- a source never seen ------------------------------------------------------------------------------------------


def unseen(
    corpus: Corpus,
    older: NDArray[np.int64],
    test: NDArray[np.int64],
    fit: Callable[[Corpus, NDArray[np.int64]], Models] | None = None,
) -> dict[str, Result]:
    """Each register left out of training whole, then asked; also with 25 of its labels per group added."""
    fit = fit or (lambda c, rows: training.fit_all(c, rows, ["groups"]).models_of())
    registers, industries = corpus.array("registers"), corpus.array("industries")
    weak = {form["register"] for form in labels.tables().values() if form.get("weak")}
    report: dict[str, Result] = {}
    for register in sorted(set(registers.tolist()) - {""} - weak):
        mine = test[(registers[test] == register) & (industries[test] != "")]
        rest = older[registers[older] != register]
        if len(mine) < 200 or not (corpus.array("tables")[rest] != "").any():
            continue
        mine = _sample(corpus, mine, UNSEEN_ROWS)
        report[f"unseen_{register}"] = _unseen_one(corpus, mine, fit(corpus, rest))
        few = _few(corpus, older[(registers[older] == register) & (industries[older] != "")])
        report[f"unseen_{register}_25"] = _unseen_one(corpus, mine, fit(corpus, np.sort(np.concatenate([rest, few]))))
    return report


def _unseen_one(corpus: Corpus, rows: NDArray[np.int64], models: Models) -> Result:
    classes = np.array(models["groups"].classes)
    industries = corpus.array("industries")[rows].astype(str)
    found = probabilities(models, "groups", corpus, rows)
    predicted = classes[found.argmax(1)]
    agreed = np.array(
        [hand.agrees(corpus.texts[i], corpus.heads[i], name) for i, name in zip(rows, predicted, strict=True)], bool
    )
    right = predicted == industries
    confidence = found.max(1)
    accepted = (confidence >= ACCEPT_UNSEEN) | (agreed & (confidence >= ACCEPT))
    n, kept = len(rows), int(accepted.sum())
    good = int(right[accepted].sum())
    table = "+".join(sorted(set(corpus.array("tables")[rows].tolist())))
    return metrics.result(
        table,
        n,
        {
            "accuracy": right.mean(),
            "accepted_accuracy": good / max(kept, 1),
            "accepted_share": kept / n,
            "ece": metrics.ece(confidence, right),
        },
        {
            "accuracy": metrics.wilson(int(right.sum()), n),
            "accepted_accuracy": metrics.wilson(good, kept),
            "accepted_share": metrics.wilson(kept, n),
        },
    )


def _sample(corpus: Corpus, rows: NDArray[np.int64], most: int) -> NDArray[np.int64]:
    """At most `most` rows, chosen by the hash of their text."""
    if len(rows) <= most:
        return rows
    keys = [hashlib.blake2b(corpus.texts[i].encode("utf-8", "replace"), digest_size=8).digest() for i in rows]
    order = sorted(range(len(rows)), key=lambda i: (keys[i], i))[:most]
    kept: NDArray[np.int64] = rows[np.sort(np.array(order))]
    return kept


def _few(corpus: Corpus, rows: NDArray[np.int64]) -> NDArray[np.int64]:
    """The newest 25 rows of each group."""
    kept: list[int] = []
    counts: dict[str, int] = {}
    for i in rows[::-1]:
        industry = corpus.industries[i]
        if counts.get(industry, 0) < FEW:
            counts[industry] = counts.get(industry, 0) + 1
            kept.append(int(i))
    return np.array(sorted(kept), np.int64)
