"""May newly trained models replace the shipped ones? Only if they win on the newest window and lose nowhere by more than
two points. The window: rows newer than anything the shipped models were trained on; the challenger asked is fitted
without it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from nlp import corpus as corpora
from nlp import evaluation, linear, training

#: Rows a window needs, and how much may be lost on a task.
LEAST, LOSS = 200, 0.02
#: The figure by which a task is compared, the first that it has.
FIGURES = ("accuracy", "micro_f1", "auc")


@dataclass(frozen=True, slots=True)
class Verdict:
    """`wins` None: there is no window, so nothing was compared."""

    wins: bool | None
    tasks: dict[str, tuple[float, float]]  # task → (shipped, challenger)

    def __str__(self) -> str:
        if self.wins is None:
            return f"fewer than {LEAST} rows are newer than the shipped models' training: nothing to compare on"
        lines = [f"{task} {old:.3f} → {new:.3f}" for task, (old, new) in self.tasks.items()]
        return f"the challenger {'wins' if self.wins else 'does not win'} on the newest window: {', '.join(lines)}"


def verdict(data: Path) -> Verdict:
    """Shipped models and challenger on the newest window of the folder."""
    if not linear.present():
        return Verdict(None, {})
    corpus = corpora.load(data)
    trained = linear.shipped().manifest["trained_on"]
    newer = np.array(
        [
            name in trained and date > trained[name]["newest"]
            for name, date in zip(corpus.tables, corpus.dates, strict=True)
        ]
    )
    window = np.flatnonzero(newer)
    if len(window) < LEAST:
        return Verdict(None, {})
    challenger = training.fit_all(corpus, np.setdiff1d(training.ours(corpus), window)).models_of()
    old: dict[str, Any] = {}
    new: dict[str, Any] = {}
    evaluation.score(old, corpus, window, linear.shipped(), evaluation.SHIPPED)
    evaluation.score(new, corpus, window, challenger, evaluation.FITTED)
    return compare(old, new)


def compare(old: Mapping[str, Any], new: Mapping[str, Any]) -> Verdict:
    """Reports of `nlp.evaluation` over the same rows; a task the challenger lacks is lost."""
    tasks: dict[str, tuple[float, float]] = {}
    for task, result in old.items():
        figure = next((name for name in FIGURES if name in result["metrics"]), None)
        if figure is not None:
            tasks[task] = (result["metrics"][figure], new.get(task, {}).get("metrics", {}).get(figure, 0.0))
    gains = [after - before for before, after in tasks.values()]
    return Verdict(bool(gains) and sum(gains) > 0 and min(gains) >= -LOSS, tasks)
