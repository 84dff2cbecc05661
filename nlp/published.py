"""Published fields of a regime as tokens beside the text: the same from a labelled table and from a notice's `stated`.

RASFF publishes category, kind of notification, countries and hazards with a notification; they say more of its risk
decision than the subject does.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from nlp import features

#: Table → its columns → the keys of `stated` of our source that hold the same.
FIELDS: dict[str, dict[str, str]] = {
    "eu_rasff_decisions": {
        "classification": "NOTIFICATION_CLASSIFICAT_DESC",
        "category": "PRODUCT_CATEGORY_DESC",
        "type": "NOTIFICATION_TYPE_DESC",
        "notifying_country": "NOTIFYNG_COUNTRY_DESC",
        "origin": "ORIGIN_COUNTRY_DESC",
        "hazards": "HAZARD_CATEGORY_NAME",
    },
}


def of_row(table: str, row: Mapping[str, str]) -> Iterator[int]:
    """The tokens of a row of a table; none for a table without published fields."""
    for column in FIELDS.get(table, {}):
        yield from _tokens(column, row.get(column, "").split(","))


def of_stated(table: str, stated: Mapping[str, str | tuple[str, ...]]) -> Iterator[int]:
    """The tokens of a notice's `stated`, as its table would have them: a hazard without its category in braces."""
    for column, key in FIELDS[table].items():
        value = stated.get(key, ())
        given = (value,) if isinstance(value, str) else value
        yield from _tokens(column, (part.partition(" - {")[0] for part in given))


def _tokens(column: str, values: Iterable[str]) -> Iterator[int]:
    for value in values:
        name = " ".join(value.lower().split())[:60]
        if name:
            yield features.token(f"f:{column}={name}")
