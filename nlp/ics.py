"""ICS codes (International Classification for Standards, ISO): the fields, and which industries a code belongs to.

The table `ics.tsv` is ours: the public ICS → HS table is unusable (4 of 23 right). It lists every field of ICS edition 7,
and of groups and subgroups those that belong to other industries than their field does, by what our HS lists
(`industries.yml`) say of the goods. The longest entry that begins a code decides; an entry without industries says on
purpose that the code tells none (environment, energy efficiency in general, software): there the text decides.
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


@functools.cache
def fields() -> frozenset[str]:
    """The fields (two digits) of ICS edition 7."""
    return frozenset(code for code in _table() if len(code) == 2)


def industries_of(code: str) -> frozenset[str]:
    """Industries of an ICS code ("43.120" → nev_battery, vehicles); none for a code that tells none or does not exist."""
    parts = code.strip().split(".")
    for size in range(len(parts), 0, -1):
        found = _table().get(".".join(parts[:size]))
        if found is not None:
            return found
    return frozenset()
