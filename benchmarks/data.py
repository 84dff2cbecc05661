"""Where the real data is. A benchmark without it says so and stops: a number on made-up data would be another number."""

from __future__ import annotations

import os
import sys
from pathlib import Path


def data() -> Path:
    folder = Path(os.environ.get("TRADEWARN_DATA") or Path(__file__).parents[2] / "shared" / "data")
    if not (folder / "README.md").exists():
        sys.exit("the real data is absent: set TRADEWARN_DATA, or put it at ../shared/data")
    return folder


def recordings() -> Path:
    return data() / "recordings"


def labels() -> Path:
    return data() / "labels"
