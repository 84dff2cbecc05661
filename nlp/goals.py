"""The goals of classification, checked against a report of `nlp.evaluation`: value, n, interval, goal, met or not."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Any


@dataclass(frozen=True, slots=True)
class Goal:
    """`task`: a pattern of task names; each that matches is checked for itself. `least`: from here on, else up to here."""

    about: str
    task: str
    metric: str
    bound: float
    least: bool = True
    but: str = "\0"  # a pattern of task names that are another goal's

    @property
    def text(self) -> str:
        return f"{'≥' if self.least else '≤'} {self.bound:g}"

    def met(self, value: float) -> bool:
        return value >= self.bound if self.least else value <= self.bound


GOALS: tuple[Goal, ...] = (
    Goal("explicit HS/ICS codes", "codes_*", "precision", 0.98),
    Goal("explicit HS/ICS codes", "codes_*", "recall", 0.97),
    Goal("industry group, known sources", "groups", "accuracy", 0.95),
    Goal("industry group, known sources", "groups", "macro_f1", 0.91),
    Goal("industry group, known sources", "groups", "ece", 0.02, least=False),
    Goal("industry group, source left out", "unseen_*", "accuracy", 0.60, but="*_25"),
    Goal("industry group, source left out, accepted", "unseen_*", "accepted_accuracy", 0.90, but="*_25"),
    Goal("industry group, source left out but 25 labels a group", "unseen_*_25", "accuracy", 0.80),
    Goal("HS chapter @3, no code in the text", "hs_chapter_*", "at_3", 0.85),
    Goal("HS heading @5, no code in the text", "hs_heading_*", "at_5", 0.55),
    Goal("Safety Gate hazards", "hazards_eu_safety_gate", "micro_f1", 0.965),
    Goal("Safety Gate hazards", "hazards_eu_safety_gate", "macro_f1", 0.86),
    Goal("RASFF serious, text only", "rasff_serious", "auc", 0.86),
    Goal("RASFF serious, text only", "rasff_serious", "ece", 0.03, least=False),
    Goal("RASFF serious, with published fields", "rasff_serious_fields", "auc", 0.90),
    Goal("RASFF serious, with published fields", "rasff_serious_fields", "ece", 0.03, least=False),
    Goal("FDA Class I", "fda_class1", "auc", 0.91),
    Goal("zh / ja / ar group, labelled by hand", "hand_*", "accuracy", 0.80),
    Goal("zh / ja / ar group, labelled by hand, accepted", "hand_*", "accepted_accuracy", 0.90),
    Goal("event links", "links_*", "precision", 0.95, but="*_without_barcodes"),
    Goal("event links", "links_*", "recall", 0.60, but="*_without_barcodes"),
    Goal("speed of whole assessments, one core", "speed", "docs_per_second", 2000),
    Goal("speed of one assessment, p95 in ms", "speed", "p95_ms", 5, least=False),
    Goal("all model files, MB", "files", "mb", 15, least=False),
    Goal("models read and checked, seconds", "files", "load_s", 1, least=False),
)


@dataclass(frozen=True, slots=True)
class Checked:
    """One goal on one task. `value` None: the report has no such task."""

    goal: Goal
    task: str
    n: int
    value: float | None
    interval: tuple[float, float] | None

    @property
    def met(self) -> bool | None:
        return None if self.value is None else self.goal.met(self.value)


def check(report: Mapping[str, Mapping[str, Any]]) -> Iterator[Checked]:
    """Every goal on every task of the report that it is about."""
    for goal in GOALS:
        tasks = [task for task in report if fnmatchcase(task, goal.task) and not fnmatchcase(task, goal.but)]
        if not tasks:
            yield Checked(goal, goal.task, 0, None, None)
        for task in tasks:
            result = report[task]
            low_high = result.get("ci95", {}).get(goal.metric)
            interval = (low_high[0], low_high[1]) if low_high else None
            yield Checked(goal, task, result["n"], result["metrics"].get(goal.metric), interval)


def rows(report: Mapping[str, Mapping[str, Any]]) -> Iterator[list[str]]:
    """The check as cells: goal, task, n, metric, value, 95 %, bound, met."""
    for found in check(report):
        value = "not measured here" if found.value is None else f"{found.value:.3f}"
        share = report.get(found.task, {}).get("metrics", {}).get("accepted_share")
        if found.goal.metric == "accepted_accuracy" and share is not None:
            value += f" of the {share:.0%} accepted"
        interval = "" if found.interval is None else f"[{found.interval[0]:.3f}, {found.interval[1]:.3f}]"
        met = {True: "met", False: "NOT met", None: ""}[found.met]
        goal = found.goal
        yield [goal.about, found.task, f"{found.n:,}", goal.metric, value, interval, goal.text, met]
