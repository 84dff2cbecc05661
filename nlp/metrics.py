"""Metrics with 95 % intervals: bootstrap over rows, seeded, 300 draws; Wilson's interval for plain shares."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

DRAWS = 300
Array = NDArray[Any]


def result(table: str, n: int, values: dict[str, float], intervals: dict[str, tuple[float, float]]) -> dict[str, Any]:
    """The form of `tradewarn evaluate --json`."""
    return {
        "table": table,
        "n": int(n),
        "metrics": {name: round(float(value), 4) for name, value in values.items()},
        "ci95": {name: [round(float(low), 4), round(float(high), 4)] for name, (low, high) in intervals.items()},
    }


def bootstrap(n: int, measure: Callable[[Array], float], draws: int = DRAWS) -> tuple[float, float]:
    """The 2.5 and 97.5 percentiles of `measure(row indices)` over resampled rows."""
    if n == 0:
        return (0.0, 1.0)
    random = np.random.default_rng(20261124)
    values = [measure(random.integers(0, n, n)) for _ in range(draws)]
    return float(np.nanpercentile(values, 2.5)), float(np.nanpercentile(values, 97.5))


def wilson(right: int, n: int) -> tuple[float, float]:
    if n == 0:
        return (0.0, 1.0)
    z, p = 1.96, right / n
    middle = (p + z * z / (2 * n)) / (1 + z * z / n)
    half = z / (1 + z * z / n) * np.sqrt(p * (1 - p) / n + z * z / (4 * n * n))
    return float(middle - half), float(middle + half)


def confusion(truth: Array, predicted: Array, size: int) -> Array:
    return np.bincount(truth * size + predicted, minlength=size * size).reshape(size, size)


def macro_f1(table: Array) -> float:
    """Over the classes that occur in truth or prediction."""
    right = np.diag(table).astype(float)
    present = (table.sum(0) + table.sum(1)) > 0
    f1 = 2 * right / np.maximum(table.sum(0) + table.sum(1), 1)
    return float(f1[present].mean()) if present.any() else 0.0


def ece(confidence: Array, right: Array, bins: int = 15) -> float:
    """Expected calibration error over equal-width bins."""
    if len(confidence) == 0:
        return 0.0
    at = np.minimum((confidence * bins).astype(int), bins - 1)
    gap = np.abs(np.bincount(at, confidence, bins) - np.bincount(at, right.astype(float), bins))
    return float(gap.sum() / len(confidence))


def auc(score: Array, positive: Array) -> float:
    """Area under the ROC curve, ties by half."""
    n1 = int(positive.sum())
    n0 = len(positive) - n1
    if not n1 or not n0:
        return float("nan")
    _, inverse, counts = np.unique(score, return_inverse=True, return_counts=True)
    ranks = (np.cumsum(counts) - (counts - 1) / 2)[inverse]
    return float((ranks[positive].sum() - n1 * (n1 + 1) / 2) / (n1 * n0))


def classification(table: str, truth: Array, probabilities: Array, size: int) -> dict[str, Any]:
    """Accuracy, macro-F1 and ECE of one-of-many predictions. `truth`: class numbers."""
    predicted = probabilities.argmax(1)
    confidence = probabilities.max(1)
    right = predicted == truth
    n = len(truth)
    values = {
        "accuracy": float(right.mean()) if n else 0.0,
        "macro_f1": macro_f1(confusion(truth, predicted, size)),
        "ece": ece(confidence, right),
    }
    intervals = {
        "accuracy": wilson(int(right.sum()), n),
        "macro_f1": bootstrap(n, lambda i: macro_f1(confusion(truth[i], predicted[i], size))),
        "ece": bootstrap(n, lambda i: ece(confidence[i], right[i])),
    }
    return result(table, n, values, intervals)


def share(table: str, name: str, right: int, n: int) -> dict[str, Any]:
    """One share with Wilson's interval."""
    return result(table, n, {name: right / max(n, 1)}, {name: wilson(right, n)})


def selective(table: str, right: Array, confidence: Array, accepted: Array) -> dict[str, Any]:
    """Accuracy of all answers, and of those the engine would give (`accepted`), with their share."""
    n, kept, good = len(right), int(accepted.sum()), int(right[accepted].sum())
    return result(
        table,
        n,
        {
            "accuracy": right.mean() if n else 0.0,
            "accepted_accuracy": good / max(kept, 1),
            "accepted_share": kept / max(n, 1),
            "ece": ece(confidence, right),
        },
        {
            "accuracy": wilson(int(right.sum()), n),
            "accepted_accuracy": wilson(good, kept),
            "accepted_share": wilson(kept, n),
            "ece": bootstrap(n, lambda i: ece(confidence[i], right[i])),
        },
    )


def binary(table: str, truth: Array, probability: Array) -> dict[str, Any]:
    """AUC, accuracy and ECE of a yes/no prediction."""
    n = len(truth)
    said = probability >= 0.5
    right = said == truth
    confidence = np.maximum(probability, 1 - probability)
    values = {
        "auc": auc(probability, truth),
        "accuracy": float(right.mean()) if n else 0.0,
        "ece": ece(confidence, right),
    }
    intervals = {
        "auc": bootstrap(n, lambda i: auc(probability[i], truth[i])),
        "accuracy": wilson(int(right.sum()), n),
        "ece": bootstrap(n, lambda i: ece(confidence[i], right[i])),
    }
    return result(table, n, values, intervals)


def multilabel(table: str, truth: Array, predicted: Array) -> dict[str, Any]:
    """Micro and macro F1 of several labels a row; macro over labels that occur. `label_accuracy`: the share of right yes/no answers."""

    def micro(i: Array) -> float:
        t, p = truth[i], predicted[i]
        return float(2 * (t & p).sum() / max(t.sum() + p.sum(), 1))

    def macro(i: Array) -> float:
        t, p = truth[i], predicted[i]
        total = t.sum(0) + p.sum(0)
        occurs = t.sum(0) > 0
        return float((2 * (t & p).sum(0) / np.maximum(total, 1))[occurs].mean())

    n = len(truth)
    every = np.arange(n)
    values = {"micro_f1": micro(every), "macro_f1": macro(every)}
    intervals = {"micro_f1": bootstrap(n, micro, 100), "macro_f1": bootstrap(n, macro, 100)}
    return result(table, n, values, intervals)
