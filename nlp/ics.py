"""ICS codes (International Classification for Standards, ISO): which industries a code belongs to.

The table `ics.tsv` is ours: the public ICS → HS table is unusable (4 of 23 right). The longest entry that begins a code
decides; an entry without industries says on purpose that the field tells no industry (environment, fire protection).
"""

from __future__ import annotations

import csv
import functools
from pathlib import Path

_TABLE = Path(__file__).with_name("ics.tsv")


@functools.cache
def _table() -> dict[str, frozenset[str]]:
    with _TABLE.open(encoding="utf-8", newline="") as file:
        rows = csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE)
        return {row["ics"]: frozenset(filter(None, row["industries"].split(";"))) for row in rows}


def industries_of(code: str) -> frozenset[str]:
    """Industries of an ICS code ("43.120" → nev_battery, vehicles); none for a field that tells none."""
    parts = code.strip().split(".")
    for size in range(len(parts), 0, -1):
        found = _table().get(".".join(parts[:size]))
        if found is not None:
            return found
    return frozenset()
