"""What a query is made of: the nodes of its tree, the filters, and the error that points at a character."""

from __future__ import annotations

import datetime as dt
from typing import Annotated, Literal

from pydantic import Field, model_validator

from crawlers.notice import Record
from index.fields import DATE_FIELDS, DateField, FieldName


class QueryError(ValueError):
    """A query that cannot be understood, or asks for too much. `position` counts characters from 0."""

    def __init__(self, position: int, en: str, zh: str) -> None:
        super().__init__(f"character {position + 1}: {en}")
        self.position = position
        self.en = en
        self.zh = zh

    def pointed(self, text: str) -> str:
        """Two lines: the query, and a mark under the character (wide characters take two columns)."""
        return f"{text}\n{''.join('　' if ord(c) > 0x2E7F else ' ' for c in text[: self.position])}^"


class Days(Record):
    """A span of days, both ends included; an end is a date or a number of days seen from `as_of`.

    Relative days count forward for `deadline` and `applies` (days left) and backward for `published` (days gone by).
    """

    low: dt.date | None = None
    high: dt.date | None = None
    low_days: int | None = None
    high_days: int | None = None

    def resolve(self, field: DateField, as_of: dt.date) -> tuple[dt.date, dt.date]:
        """The span as dates. Ends that are open become the first or last day of the calendar."""
        low, high = self.low or dt.date.min, self.high or dt.date.max
        if self.low_days is None and self.high_days is None:
            return low, high
        near, far = self.low_days or 0, self.high_days
        if field == "published":
            return (_shift(as_of, -far) if far is not None else dt.date.min), _shift(as_of, -near)
        return _shift(as_of, near), (_shift(as_of, far) if far is not None else dt.date.max)


def _shift(date: dt.date, days: int) -> dt.date:
    return dt.date.fromordinal(min(max(date.toordinal() + days, 1), dt.date.max.toordinal()))


class Filter(Record):
    """One condition on a field: any of `values`, or a span of days, or that the field holds anything at all."""

    type: Literal["filter"] = "filter"
    field: FieldName
    values: tuple[str, ...] = ()
    days: Days | None = None
    filled: bool | None = None  # True: the field holds something; False: it is empty

    @model_validator(mode="after")
    def _one_condition(self) -> Filter:
        given = (bool(self.values), self.days is not None, self.filled is not None)
        if sum(given) != 1:
            raise ValueError(f"a filter on {self.field} needs values, days or filled: exactly one of them")
        if self.days is not None and self.field not in DATE_FIELDS:
            raise ValueError(f"{self.field} holds no date")
        if self.values and self.field in DATE_FIELDS:
            raise ValueError(f"{self.field} holds a date: use days")
        return self


class Words(Record):
    """Words as typed, side by side; all of them must be found, in any order."""

    type: Literal["words"] = "words"
    text: str


class Phrase(Record):
    """Words that stand together; `exact`: letter by letter, without stems and concepts."""

    type: Literal["phrase"] = "phrase"
    text: str
    exact: bool = False


class Not(Record):
    type: Literal["not"] = "not"
    item: Node


class All(Record):
    type: Literal["all"] = "all"
    items: tuple[Node, ...]


class Any(Record):
    type: Literal["any"] = "any"
    items: tuple[Node, ...]


Node = Annotated[Words | Phrase | Filter | Not | All | Any, Field(discriminator="type")]
for _model in (Not, All, Any):
    _model.model_rebuild()
