"""Fitting: vocabulary, linear models, calibration. Deterministic: one thread, fixed seeds, fixed order.

Models are fitted on all rows given; calibration on the newest slice of them, by a model fitted on the older rest
(labels are noisy and shares drift, so what was true of old rows is not a measure of confidence on new ones).
"""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import scipy.optimize
import scipy.sparse as sp
from numpy.typing import NDArray
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LogisticRegression
from sklearn.svm import LinearSVC

from nlp import features
from nlp.features import F32, I32, U64
from nlp.linear import calibrated

#: Columns at most; what is in fewer than `LEAST` texts is noise of names and numbers.
COLUMNS = 131_072
LEAST = 3
CALIBRATION = 0.2
_BATCH = 512


@dataclass(slots=True)
class Matrix:
    """The rows of a corpus in one vocabulary: text and tokens apart, so that either can be left out."""

    vocabulary: features.Vocabulary
    idf: F32
    text: sp.csr_matrix
    tokens: sp.csr_matrix
    unknown: F32  # per row: the share of its words the vocabulary does not know

    def both(self) -> sp.csr_matrix:
        return (self.text + self.tokens).tocsr()


def vocabulary(occurrences: tuple[U64, NDArray[np.int64]], size: int, always: U64) -> tuple[features.Vocabulary, F32]:
    """The most frequent features by documents, of those in at least `LEAST`; `always` (tokens) come first.

    `occurrences`: (hash, document) of a corpus of `size` documents. Of two features in one slot the more frequent stays.
    """
    hashes, documents = occurrences
    order = np.lexsort((documents, hashes))
    hashes, documents = hashes[order], documents[order]
    first = np.ones(len(hashes), bool)
    first[1:] = (hashes[1:] != hashes[:-1]) | (documents[1:] != documents[:-1])
    unique, counts = np.unique(hashes[first], return_counts=True)
    wanted = np.isin(unique, always)
    keep = np.flatnonzero((counts >= LEAST) | wanted)
    # Most frequent first; ties by hash, which is the same on every machine. Tokens before all.
    keep = keep[np.lexsort((unique[keep], -counts[keep], ~wanted[keep]))]
    _, lead = np.unique(features.Vocabulary.slots(unique[keep]), return_index=True)
    keep = keep[np.sort(lead)][:COLUMNS]
    idf = (np.log((1 + size) / (1 + counts[keep])) + 1).astype(np.float32)
    # As it will be read back: fp16.
    return features.Vocabulary(unique[keep]), idf.astype(np.float16).astype(np.float32)


def occurrences(
    texts: Sequence[str], heads: Sequence[int], tokens: Sequence[Sequence[tuple[int, float]]]
) -> tuple[U64, NDArray[np.int64]]:
    """(hash, document) of every feature of a corpus."""
    hashes, documents = [], []
    for at in range(0, len(texts), _BATCH):
        part = slice(at, at + _BATCH)
        found, owner, _ = features.occurrences(texts[part], heads[part], tokens[part])
        hashes.append(found)
        documents.append(owner.astype(np.int64) + at)
    return np.concatenate(hashes), np.concatenate(documents)


def matrix(
    known: features.Vocabulary,
    idf: F32,
    texts: Sequence[str],
    heads: Sequence[int],
    tokens: Sequence[Sequence[tuple[int, float]]],
) -> Matrix:
    text, token, unknown = [], [], []
    for at in range(0, len(texts), _BATCH):
        part = slice(at, at + _BATCH)
        rows = features.rows(known, idf, texts[part], heads[part], tokens[part])
        text.append(rows.text)
        token.append(rows.tokens)
        unknown.append(rows.unknown)
    return Matrix(known, idf, sp.vstack(text).tocsr(), sp.vstack(token).tocsr(), np.concatenate(unknown))


@dataclass(slots=True)
class Fit:
    """A fitted model before it is named."""

    classes: tuple[str, ...]
    weights: F32
    bias: F32
    scale: F32
    shift: F32
    extra: dict[str, F32] = field(default_factory=dict)  # further arrays of the model, as they are

    def margins(self, rows: sp.csr_matrix) -> F32:
        return np.asarray(rows @ self.weights + self.bias, np.float32)

    def arrays(self) -> dict[str, Any]:
        return {
            "weights": self.weights.astype(np.float16),
            "bias": self.bias.astype(np.float32),
            "scale": self.scale.astype(np.float32),
            "shift": self.shift.astype(np.float32),
            **self.extra,
        }


def _svc(rows: sp.csr_matrix, target: NDArray[Any], weight: NDArray[np.float64], strength: float) -> tuple[F32, F32]:
    """Weights (columns, classes) and bias, one against the rest; two classes give one column."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)  # 60 passes are enough: more changes no decision
        model = LinearSVC(C=strength, dual=True, tol=1e-2, max_iter=60, random_state=0)
        model.fit(rows, target, sample_weight=weight)
    return _half(model.coef_.T), model.intercept_.astype(np.float32)


def one_of(
    rows: sp.csr_matrix, labels: NDArray[Any], classes: Sequence[str], weight: NDArray[np.float64], strength: float
) -> tuple[F32, F32]:
    """Weights (columns, classes) and bias of one class against the rest; a class without rows is never the answer."""
    index = np.searchsorted(np.array(classes), labels)
    seen = np.unique(index)
    weights = np.zeros((rows.shape[1], len(classes)), np.float32)
    bias = np.full(len(classes), -3.0, np.float32)
    if len(seen) == 1:
        bias[seen] = 1.0
        return weights, bias
    found, intercept = _svc(rows, index, weight, strength)
    if len(seen) == 2:  # one column: for the second against the first
        found, intercept = np.concatenate([-found, found], axis=1), np.concatenate([-intercept, intercept])
    weights[:, seen], bias[seen] = found, intercept
    return weights, bias


def temperature(margins: F32, target: I32 | NDArray[Any], weight: NDArray[np.float64]) -> float:
    """The one scale of all classes under which the answers' probabilities are most likely right."""
    index = np.arange(len(target))
    share = weight / max(weight.sum(), 1e-9)

    def loss(scale: float) -> float:
        scores = margins.astype(np.float64) * scale
        scores -= scores.max(axis=1, keepdims=True)
        return float(-(share * (scores[index, target] - np.log(np.exp(scores).sum(axis=1)))).sum())

    return float(scipy.optimize.minimize_scalar(loss, bounds=(0.1, 20.0), method="bounded").x)


def _half(weights: Any) -> F32:
    """Rounded as they will be shipped, so that what is measured is what runs."""
    return np.asarray(np.asarray(weights).astype(np.float16), np.float32)


def softmax(
    rows: sp.csr_matrix,
    labels: NDArray[Any],
    weight: NDArray[np.float64],
    newest: NDArray[np.bool_],
    strength: float = 1.0,
) -> tuple[Fit, F32]:
    """One of several classes. `newest`: the rows calibration looks at, `weight` 0 leaves a row out of it.

    Also returned: the calibrated probabilities of these rows, by the model fitted on the others.
    """
    classes = tuple(sorted(set(labels.tolist())))
    index = np.searchsorted(np.array(classes), labels)
    old = ~newest
    weights, bias = one_of(rows[old], labels[old], classes, weight[old], strength)
    margins = np.asarray(rows[newest] @ weights + bias, np.float32)
    scale, shift = calibrate_softmax(margins, index[newest], weight[newest])
    answers = calibrated(margins, "softmax", scale, shift)
    weights, bias = one_of(rows, labels, classes, weight, strength)
    return Fit(classes, weights, bias, scale, shift), answers


def sigmoid(
    rows: sp.csr_matrix,
    targets: NDArray[np.bool_],
    classes: Sequence[str],
    weight: NDArray[np.float64],
    newest: NDArray[np.bool_],
    strength: float = 1.0,
    *,
    logistic: bool = False,
    prior: float = 0.0,
) -> Fit:
    """Each class by itself. `targets`: (rows, classes)."""
    columns: list[tuple[F32, float, float, float]] = []
    for at in range(len(classes)):
        target = targets[:, at]
        old = ~newest
        if target[old].any() and not target[old].all() and target[newest].any():
            first, bias = _one(rows[old], target[old], weight[old], strength, logistic=logistic, prior=prior)
            margins = np.asarray(rows[newest] @ first, np.float64).ravel() + bias
            scale, shift = calibrate_sigmoid(margins, target[newest], weight[newest])
        else:
            scale, shift = 2.0, 0.0
        if not target.any():
            columns.append((np.zeros(rows.shape[1], np.float32), -1.0, 4.0, -4.0))
            continue
        final, bias = _one(rows, target, weight, strength, logistic=logistic, prior=prior)
        columns.append((final, bias, scale, shift))
    return Fit(
        tuple(classes),
        np.stack([column[0] for column in columns], axis=1),
        np.array([column[1] for column in columns], np.float32),
        np.array([column[2] for column in columns], np.float32),
        np.array([column[3] for column in columns], np.float32),
    )


def _one(
    rows: sp.csr_matrix,
    target: NDArray[np.bool_],
    weight: NDArray[np.float64],
    strength: float,
    *,
    logistic: bool,
    prior: float,
) -> tuple[F32, float]:
    """Weights and bias of a yes/no model. `prior` > 0: features scaled by their naive-Bayes log-ratio with that many
    texts added to either side (Wang and Manning, 2012): better where rows are few and words decide."""
    ratio = None
    if prior:
        seen = rows.copy()
        seen.data = np.ones_like(seen.data)
        yes = prior + np.asarray(seen[target].sum(0)).ravel()
        no = prior + np.asarray(seen[~target].sum(0)).ravel()
        ratio = np.log((yes / yes.sum()) / (no / no.sum())).astype(np.float32)
        rows = (rows @ sp.diags(ratio)).tocsr()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        if logistic:
            model = LogisticRegression(C=strength, solver="liblinear", random_state=0, max_iter=200)
        else:
            model = LinearSVC(C=strength, dual=True, tol=1e-2, max_iter=60, random_state=0)
        model.fit(rows, target, sample_weight=weight)
    coefficients = model.coef_[0] if ratio is None else model.coef_[0] * ratio
    return _half(coefficients), float(model.intercept_[0])


def calibrate_softmax(margins: F32, target: I32 | NDArray[Any], weight: NDArray[np.float64]) -> tuple[F32, F32]:
    """One scale for all classes and a shift for each (vector scaling, held near the plain temperature)."""
    margins = margins.astype(np.float64)
    size = margins.shape[1]
    hot = np.zeros_like(margins)
    hot[np.arange(len(target)), target] = 1
    share = weight / max(weight.sum(), 1e-9)

    def loss(parameters: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
        scale, shift = np.exp(parameters[0]), parameters[1:]
        scores = margins * scale + shift
        scores -= scores.max(axis=1, keepdims=True)
        exp = np.exp(scores)
        probabilities = exp / exp.sum(axis=1, keepdims=True)
        value = -(share * np.log((probabilities * hot).sum(axis=1) + 1e-12)).sum() + 0.002 * (shift**2).sum()
        error = (probabilities - hot) * share[:, None]
        gradient = np.concatenate(([(error * margins).sum() * scale], error.sum(axis=0) + 0.004 * shift))
        return float(value), gradient

    start = np.concatenate(([np.log(3.0)], np.zeros(size)))
    found = scipy.optimize.minimize(loss, start, jac=True, method="L-BFGS-B", options={"maxiter": 200})
    scale = np.full(size, np.exp(found.x[0]), np.float32)
    return scale, found.x[1:].astype(np.float32)


def calibrate_sigmoid(
    margins: NDArray[np.float64], target: NDArray[np.bool_], weight: NDArray[np.float64]
) -> tuple[float, float]:
    """Platt's scaling with a prior of one positive and one negative."""
    positive, negative = target.sum(), (~target).sum()
    goal = np.where(target, (positive + 1) / (positive + 2), 1 / (negative + 2))
    share = weight / max(weight.sum(), 1e-9)

    def loss(parameters: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
        scores = parameters[0] * margins + parameters[1]
        probabilities = 1 / (1 + np.exp(-np.clip(scores, -50, 50)))
        value = -(share * (goal * np.log(probabilities + 1e-12) + (1 - goal) * np.log(1 - probabilities + 1e-12))).sum()
        error = (probabilities - goal) * share
        return float(value), np.array([(error * margins).sum(), error.sum()])

    found = scipy.optimize.minimize(loss, np.array([1.0, 0.0]), jac=True, method="L-BFGS-B")
    return float(found.x[0]), float(found.x[1])


def newest(dates: Sequence[str], twins: Sequence[str], share: float) -> NDArray[np.bool_]:
    """The newest `share` of the rows, in which no row has a twin among the older ones: twins of an older row stay old."""
    order = np.argsort(np.array(dates), kind="stable")
    cut = int(len(order) * (1 - share))
    older = {twins[i] for i in order[:cut]}
    chosen = np.zeros(len(dates), bool)
    for i in order[cut:]:
        if twins[i] not in older:
            chosen[i] = True
    return chosen
