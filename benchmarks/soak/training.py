"""All labelled tables learned twice, each time by a new process on one thread: equal arrays, bit by bit."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

import numpy as np

from benchmarks.data import labels
from benchmarks.harness import ROOT, report
from nlp import linear

FOLDER = ROOT / ".cache" / "soak" / "training"
RUNS = ("first", "second")
ONE_THREAD = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")


def run(deadline: float) -> bool:
    """One training a piece at least; a later piece goes on with what is missing, and the last one compares.

    Raises RuntimeError where a training fails or bits differ.
    """
    started = time.monotonic()
    for name in RUNS:
        if not (FOLDER / name / linear.MANIFEST).exists():
            if name != RUNS[0] and deadline - time.monotonic() < time.monotonic() - started:
                return False
            _train(FOLDER / name)
    first, second = (arrays(FOLDER / name) for name in RUNS)
    differing = differences(first, second)
    shipped = differences(first, arrays(linear.FOLDER))
    report(
        "training",
        "Training twice gives the same bits",
        "`make soak SOAK=training`: every table of labels learned twice, each time by a new process on one thread, with different seeds of"
        " Python's hashing; arrays compared by type, shape and bytes. The last column compares with the models in `nlp/models/`: equal bits"
        " are promised on one machine and one thread only, elsewhere equal predictions.",
        ["files", "arrays", "numbers", "arrays that differ", "arrays unlike the shipped"],
        [
            [
                len({name.partition("/")[0] for name in first}),
                len(first),
                f"{sum(array.size for array in first.values()):,}",
                len(differing),
                len(shipped),
            ]
        ],
    )
    for path in (FOLDER / name / linear.MANIFEST for name in RUNS):
        path.unlink()  # the next soak learns anew
    if differing:
        raise RuntimeError(f"two trainings differ: {', '.join(differing)}")
    return True


def _train(out: Path) -> None:
    out.mkdir(parents=True, exist_ok=True)
    command = [sys.executable, "-m", "tradewarn", "train", "--data", str(labels()), "--out", str(out)]
    seed = str(1 + RUNS.index(out.name))
    done = subprocess.run(command, cwd=ROOT, env={**os.environ, **ONE_THREAD, "PYTHONHASHSEED": seed}, check=False)
    if done.returncode:
        raise RuntimeError(f"{' '.join(command)} ended with {done.returncode}")


def arrays(folder: Path) -> dict[str, np.ndarray]:
    """model/array → the array, of every file of a folder of models."""
    found = {}
    for path in sorted(folder.glob("*.npz")):
        with np.load(path, allow_pickle=False) as held:
            found.update({f"{path.stem}/{name}": held[name] for name in held.files})
    return found


def differences(one: dict[str, np.ndarray], other: dict[str, np.ndarray]) -> list[str]:
    """The arrays that are not the same in type, shape and every bit, or that only one side has."""

    def same(a: np.ndarray, b: np.ndarray) -> bool:
        return a.dtype == b.dtype and a.shape == b.shape and a.tobytes() == b.tobytes()

    return sorted(
        name
        for name in one.keys() | other.keys()
        if not (name in one and name in other and same(one[name], other[name]))
    )
