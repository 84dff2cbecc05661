"""Tables as text: CSV below a header, by the authority's own names of columns."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Iterator, Sequence

from crawlers.reading import Drift, FieldError


def csv_rows(lines: Iterable[str], needed: Sequence[str], what: str) -> Iterator[dict[str, str]]:
    """Row by row, with white space in the names of columns folded. Raises Drift where one of `needed` is gone."""
    table = csv.DictReader(lines)
    table.fieldnames = [" ".join(name.split()) for name in table.fieldnames or ()]
    for name in needed:
        if name not in table.fieldnames:
            raise Drift(f"{what} has no column {name!r}; it has {table.fieldnames}")
    yield from table


def whole(row: dict[str, str]) -> dict[str, str]:
    """The row itself. Raises FieldError where it has more or fewer columns than the header."""
    if None in row or None in row.values():
        raise FieldError("row", list(row.values()), "has not as many columns as the header")
    return row
