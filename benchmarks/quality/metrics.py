"""nDCG, recall and bootstrap intervals: pure functions over a ranking (ids, best first) and one query's grades (id → 0-3)."""

from __future__ import annotations

import math
import random
from collections.abc import Collection, Mapping, Sequence

from benchmarks.quality.tables import RELEVANT

RESAMPLES = 2_000


def ndcg(ranking: Sequence[str], grades: Mapping[str, int], k: int = 10) -> float | None:
    """Gains 2^grade - 1, discount log2(1 + place); unjudged counts as 0. None: no notice was found to serve the need."""
    ideal = _dcg(sorted(grades.values(), reverse=True)[:k])
    return _dcg([grades.get(notice, 0) for notice in ranking[:k]]) / ideal if ideal else None


def _dcg(grades: Sequence[int]) -> float:
    return sum(((1 << grade) - 1) / math.log2(place + 1) for place, grade in enumerate(grades, start=1))


def recall(
    ranking: Sequence[str], grades: Mapping[str, int], k: int = 50, among: Collection[str] | None = None
) -> float | None:
    """Share of the relevant notices (grade ≥ 2; of `among` only) in the first k, of as many as k places can hold.

    None: there is none to be found.
    """
    wanted = {n for n, grade in grades.items() if grade >= RELEVANT and (among is None or n in among)}
    return len(wanted.intersection(ranking[:k])) / min(k, len(wanted)) if wanted else None


def unjudged(ranking: Sequence[str], grades: Mapping[str, int], k: int = 10) -> float | None:
    """Share of the first k nobody judged. None: nothing was found."""
    first = ranking[:k]
    return sum(notice not in grades for notice in first) / len(first) if first else None


def mean(values: Sequence[float | None]) -> float | None:
    """Over the queries that have a value; None: none has."""
    known = [value for value in values if value is not None]
    return math.fsum(known) / len(known) if known else None


def interval(values: Sequence[float | None], seed: int = 1, resamples: int = RESAMPLES) -> tuple[float, float] | None:
    """The middle 95 % of the means of as many queries drawn with replacement (percentile bootstrap)."""
    known = [value for value in values if value is not None]
    if not known:
        return None
    chance = random.Random(seed)
    means = sorted(math.fsum(chance.choices(known, k=len(known))) / len(known) for _ in range(resamples))
    return means[round(0.025 * (resamples - 1))], means[round(0.975 * (resamples - 1))]
