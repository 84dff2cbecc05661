"""The soak that trains twice compares bits: a sign of zero or another type is a difference."""

from __future__ import annotations

import numpy as np
import pytest

from benchmarks.soak import training

ONE = {"groups/bias": np.array([0.0, 1.5], np.float32), "groups/weights": np.arange(4, dtype=np.float16)}


@pytest.mark.parametrize(
    ("name", "array"),
    [
        ("groups/bias", np.array([-0.0, 1.5], np.float32)),
        ("groups/bias", np.array([0.0, 1.5], np.float64)),
        ("groups/weights", np.arange(4, dtype=np.float16).reshape(2, 2)),
        ("groups/scale", np.ones(1, np.float32)),
    ],
)
def test_what_differs_in_one_bit_type_or_shape_is_named(name: str, array: np.ndarray) -> None:
    """Shown to fail by comparing with `np.array_equal`: -0.0 and another type passed."""
    assert training.differences(ONE, {**ONE, name: array}) == [name]


def test_equal_arrays_differ_in_nothing() -> None:
    assert training.differences(ONE, {name: array.copy() for name, array in ONE.items()}) == []
