"""Sources left out: how sure may the group model be of a source nobody trained on, and how right is it there.

Each regime is left out in turn; the model fitted on the others answers its rows. Rows lose what the others do not know
(a word only this source has is as unknown as it would be), the newest slices are what is asked. From these answers come
the temperature of unseen sources in the shipped model, and the `unseen_*` figures of the evaluation, where the
temperature for a source is that of the other ones.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from nlp import fitting, hand, labels, linear, metrics
from nlp.features import F32

if TYPE_CHECKING:
    from nlp.training import Part

#: Rows of a table that a model of this kind is fitted on at most, rows of a source that are asked at most.
FITTED, ASKED = 2500, 1500
#: A source with fewer rows to ask says too little.
LEAST = 200
#: Labels per group of the source itself in the second figure, and how much each of them weighs.
FEW, FEW_WEIGHT = 25, 5.0

Rows = NDArray[np.int64]


def regimes(part: Part, rows: Rows) -> list[str]:
    """The regimes of these rows that can be left out: not weak ones, with enough rows and others beside them."""
    weak = {form["register"] for form in labels.tables().values() if form.get("weak")}
    found = sorted(set(part.regimes[rows].tolist()) - {""} - weak)
    enough = [name for name in found if int((part.regimes[rows] == name).sum()) >= LEAST]
    return enough if len(found) > 1 else []


def scale_of(part: Part, chosen: Rows, classes: Sequence[str]) -> float:
    """The temperature of unseen sources: over the newest slice of each source left out, each source with equal weight."""
    asked = chosen[part.newest(chosen)]
    answers = []
    for regime in regimes(part, asked):
        mine = sample(part, asked[part.regimes[asked] == regime], ASKED)
        rest = chosen[part.regimes[chosen] != regime]
        answers.append((margins(part, rest, mine, classes), _index(part, mine, classes)))
    return pooled(answers)


def evaluate(part: Part, known: Rows, asked: Rows, classes: Sequence[str]) -> dict[str, dict[str, Any]]:
    """`unseen_<regime>` and, with 25 of its labels per group, `unseen_<regime>_25`. `known`, `asked`: rows of the part
    with a group, older and newest."""
    mine = {regime: sample(part, asked[part.regimes[asked] == regime], ASKED) for regime in regimes(part, asked)}
    answers = {
        regime: margins(part, known[part.regimes[known] != regime], rows, classes) for regime, rows in mine.items()
    }
    targets = {regime: _index(part, rows, classes) for regime, rows in mine.items()}
    report = {}
    for regime, rows in mine.items():
        scale = pooled([(answers[other], targets[other]) for other in mine if other != regime])
        report[f"unseen_{regime}"] = _result(part, rows, answers[regime], scale, classes)
        few = newest_of_each(part, known[part.regimes[known] == regime])
        found = margins(part, known[part.regimes[known] != regime], rows, classes, few)
        report[f"unseen_{regime}_25"] = _result(part, rows, found, scale, classes)
    return report


def _result(part: Part, rows: Rows, found: F32, scale: float, classes: Sequence[str]) -> dict[str, Any]:
    answers = linear.calibrated(found, "softmax", np.full(len(classes), scale, np.float32), np.zeros(1, np.float32))
    confidence = answers.max(1)
    table = "+".join(sorted(set(part.tables[rows].tolist())))
    right = np.array(classes)[answers.argmax(1)] == part.industries[rows].astype(str)
    return metrics.selective(table, right, confidence, hand.accepted(confidence))


def pooled(answers: Sequence[tuple[F32, NDArray[Any]]]) -> float:
    """The temperature of several sources' answers (margins, class numbers); 1 where there are none."""
    if not answers:
        return 1.0
    weight = np.concatenate([np.full(len(target), 1 / len(target)) for _, target in answers])
    return fitting.temperature(
        np.concatenate([found for found, _ in answers]), np.concatenate([target for _, target in answers]), weight
    )


def margins(part: Part, known: Rows, asked: Rows, classes: Sequence[str], few: Rows | None = None) -> F32:
    """(asked, classes): the answers of a model fitted on `known` rows and `few` rows of the source itself."""
    from nlp import training

    known = np.sort(np.concatenate([sample_tables(part, known), few if few is not None else known[:0]]))
    weight = part.weights[known].copy()
    if few is not None:
        weight[np.isin(known, few)] = FEW_WEIGHT
    rows, labels_of, weight, _, names = training.group_rows(part, known, weight)
    weights, bias = fitting.one_of(rows, labels_of, classes, weight, training.STRENGTH["groups"])
    size = part.both.shape[1]
    bias_of = dict(zip(names, weights[size:] * training.REGIME, strict=True))
    words = np.zeros(size, np.float32)
    words[np.unique(rows[: len(known)].indices[rows[: len(known)].indices < size])] = 1
    seen = _renormed(part.matrix.text[asked], words) + part.matrix.tokens[asked]
    found = np.asarray(seen @ weights[:size] + bias, np.float32)
    if few is not None and (own := bias_of.get(str(part.regimes[asked[0]]))) is not None:
        found = found + own
    leanings = linear.leaning(part.matrix.vocabulary, part.matrix.idf, classes)
    return np.asarray(found + linear.lean(part.matrix.tokens[asked], leanings), np.float32)


def _renormed(rows: sp.csr_matrix, keep: F32) -> sp.csr_matrix:
    """Rows without the columns that are not kept, at length 1 again."""
    rows = (rows @ sp.diags(keep)).tocsr()
    length = np.sqrt(np.asarray(rows.multiply(rows).sum(1)).ravel())
    return (sp.diags((1 / np.maximum(length, 1e-9)).astype(np.float32)) @ rows).tocsr()


def sample_tables(part: Part, rows: Rows) -> Rows:
    """At most `FITTED` rows of each table; all of our own words."""
    names = sorted(set(part.tables[rows].tolist()) - {""})
    kept = [sample(part, rows[part.tables[rows] == name], FITTED) for name in names]
    return np.sort(np.concatenate([rows[part.tables[rows] == ""], *kept]))


def sample(part: Part, rows: Rows, most: int) -> Rows:
    """At most `most` rows, chosen by the hash of their text."""
    if len(rows) <= most:
        return rows
    texts = [part.corpus.texts[part.rows[i]] for i in rows]
    keys = [hashlib.blake2b(text.encode("utf-8", "replace"), digest_size=8).digest() for text in texts]
    order = sorted(range(len(rows)), key=lambda i: (keys[i], i))[:most]
    kept: Rows = rows[np.sort(np.array(order))]
    return kept


def newest_of_each(part: Part, rows: Rows, most: int = FEW) -> Rows:
    """The newest `most` rows of each group."""
    kept: list[int] = []
    counts: dict[str, int] = {}
    order = sorted(rows.tolist(), key=lambda i: (part.dates[i], i), reverse=True)
    for i in order:
        industry = str(part.industries[i])
        if counts.get(industry, 0) < most:
            counts[industry] = counts.get(industry, 0) + 1
            kept.append(i)
    return np.array(sorted(kept), np.int64)


def _index(part: Part, rows: Rows, classes: Sequence[str]) -> NDArray[Any]:
    return np.searchsorted(np.array(classes), part.industries[rows].astype(str))
