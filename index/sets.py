"""Sets of numbers as ascending arrays: what two of them share, and which of one are in the other.

NumPy's own (`np.isin`, `np.intersect1d`, `np.unique`) sort or hash what is sorted already: many times as long
(docs/decisions/embedded-postings.md).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[Any]
Mask = npt.NDArray[np.bool_]

_FEW = 16  # so many times as long: the shorter array is looked up in the longer one by halves


def inside(values: Array, others: Array) -> Mask:
    """Which of `values` are among `others`, by halves; both ascend, each number once."""
    if len(others) * _FEW < len(values):
        found = np.zeros(len(values), np.bool_)
        at = np.searchsorted(values, others)
        at[at == len(values)] = 0
        found[at.compress(values.take(at) == others)] = True
        return found
    at = np.searchsorted(others, values)
    at[at == len(others)] = 0
    return others.take(at) == values if len(others) else np.zeros(len(values), np.bool_)


def marked(values: Array, others: Array) -> Mask:
    """Which of `values` are among `others`, by a mask from the first to the last of `values`; both ascend, also more than once."""
    if not len(values):
        return np.empty(0, np.bool_)
    found = np.zeros(int(values[-1] - values[0]) + 1, np.bool_)
    found[(others[span(others, values)] - values[0]).astype(np.intp)] = True
    held: Mask = found.take(values - values[0])
    return held


def among(values: Array, others: Array) -> Mask:
    """Which of `values` are among `others`, whatever their lengths; both ascend, each number once."""
    others = others[span(others, values)]
    if len(values) * _FEW < len(others) or len(others) * _FEW < len(values):
        return inside(values, others)
    return marked(values, others)


def common(some: Array, others: Array) -> Array:
    """What both have; both ascend, each number once.

    Arrays of like length are merged by a stable sort, which finds the two ascending runs: a fifth to a half of the time of halves.
    """
    few, many = (some, others) if len(some) < len(others) else (others, some)
    if len(few) * _FEW < len(many):
        return few.compress(inside(few, many))
    joined = np.concatenate((few, many))
    joined.sort(kind="stable")
    return joined[:-1].compress(joined[1:] == joined[:-1])


def united(parts: Sequence[Array]) -> Array:
    """What any part has, ascending, each once; each part ascends, so that a stable sort only merges them."""
    joined = np.concatenate(parts)
    joined.sort(kind="stable")
    return joined.take(changes(joined))


def changes(values: Array) -> npt.NDArray[np.intp]:
    """Where each run of equal values begins."""
    first = np.empty(len(values), np.bool_)
    first[:1] = True
    np.not_equal(values[1:], values[:-1], out=first[1:])
    return first.nonzero()[0]


def span(of: Array, values: Array) -> slice:
    """Where in `of` the numbers from the first to the last of `values` stand; both ascend."""
    if not len(values):
        return slice(0, 0)
    return slice(int(np.searchsorted(of, values[0])), int(np.searchsorted(of, values[-1], side="right")))
