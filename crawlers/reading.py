"""What a source's `parse(response)` may use and yield: what every parser needs, and nothing that opines.

A parser is a pure function of the response. It yields, in the order of the page:

* `Record` - the fields of one `Notice` (without `source`, `provenance`, and whatever the `.yml` already says);
* `Reject` - one record that cannot be read: the raw record, the field, the reason; it goes to quarantine;
* `scrapy.Request` - a further page (`response.follow(url, callback=parse_detail)`).

It raises `Drift` when the page as a whole is not what it was: a renamed field, a login page, HTML for JSON.

What only some need stands beside: `wording` (texts and labels), `feeds` (XML, RSS), `paging` (the next page), `tables` and `zips` (CSV), `xls`, `xlsx`,
`walks` (numbers without a list), `origins`, `japanese`, `moved_dates`, `places`.
"""

from __future__ import annotations

import datetime as dt
import html
import json
import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any, TypeVar
from zoneinfo import ZoneInfo

from scrapy import Request
from scrapy.http import Response

from crawlers.source import Source

Row = TypeVar("Row")
#: Control characters (but not tab and newline) and lone surrogates: never part of a text for a person.
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff]")


class Drift(Exception):
    """The response is not in the source's format. The message names the field or element that is missing."""


class FieldError(ValueError):
    """One field of one record cannot be read. Raised by the readers below; `each` turns it into a `Reject`."""

    def __init__(self, name: str, value: object, reason: str) -> None:
        super().__init__(f"{name}: {reason}: {shorten(value)}")
        self.name, self.value, self.reason = name, value, reason


@dataclass(frozen=True)
class Record:
    """The fields of one notice. `id` is the authority's own id, without the register."""

    id: str
    fields: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Reject:
    """One record that cannot be read. `raw` is kept whole in quarantine; `name` is the field at fault."""

    raw: str
    name: str
    reason: str
    id: str = ""


Parsed = Record | Reject | Request


@dataclass(frozen=True)
class Window:
    """The days a crawl asks for, both included; `first` says that this source was never crawled before."""

    since: dt.date
    until: dt.date
    first: bool = False

    def __contains__(self, day: dt.date) -> bool:
        return self.since <= day <= self.until


def source_of(response: Response) -> Source:
    """The declaration of the source this response belongs to (the runner puts it into `response.meta`)."""
    source: Source = response.meta["source"]
    return source


def window_of(response: Response) -> Window:
    """The window the crawl asks for (the runner puts it into `response.meta`)."""
    window: Window = response.meta["window"]
    return window


def each(
    rows: Iterable[Row], read: Callable[[Row], Record | None], raw: Callable[[Row], str] | None = None
) -> Iterator[Record | Reject]:
    """Read row by row; a row whose field cannot be read becomes a `Reject` and the rest go on.

    `read` returns None for a row that is no record (a blank line). `raw` gives the text kept in quarantine; by
    default the row as JSON.
    """
    for row in rows:
        try:
            record = read(row)
        except FieldError as error:
            yield Reject(raw=(raw or as_json)(row), name=error.name, reason=f"{error.reason}: {shorten(error.value)}")
            continue
        if record is not None:
            yield record


def as_json(value: object) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str)


def json_of(response: Response, kind: type[Row]) -> Row:
    """The body as JSON of the given type (`list` or `dict`). Raises Drift where it is HTML, cut off, or another type."""
    try:
        value = json.loads(response.body)
    except (ValueError, RecursionError) as error:
        start = response.body[:60].decode("utf-8", "replace").strip()
        raise Drift(f"body is not JSON ({error}); it begins {start!r}") from error
    if not isinstance(value, kind):
        raise Drift(f"body is a JSON {type(value).__name__}, expected {kind.__name__}")
    return value


def need(row: dict[str, Any], name: str) -> Any:
    """`row[name]`. Raises Drift when the field itself is gone - that is the format, not the record."""
    if name not in row:
        raise Drift(f"field {name!r} is missing; the record has {', '.join(sorted(row)[:12])}")
    return row[name]


def required(row: dict[str, Any], name: str) -> str:
    """`row[name]` as clean, non-empty text. Raises Drift (field gone) or FieldError (empty)."""
    value = clean(need(row, name))
    if not value:
        raise FieldError(name, row[name], "is empty")
    return value


def listed(row: dict[str, Any], name: str) -> list[Any]:
    """`row[name]`, a list. Raises Drift when the field is gone or is something else."""
    value = need(row, name)
    if not isinstance(value, list):
        raise Drift(f"field {name!r} is a {type(value).__name__}, expected a list")
    return value


def clean(value: object) -> str:
    """Text for a person: HTML entities and tags resolved, control characters out, white space folded. None → ""."""
    if value is None:
        return ""
    text = str(value)
    if "<" in text:
        text = re.sub(r"<(br|/p|/div|/li|/tr)\b[^>]*>", "\n", text, flags=re.IGNORECASE)
        text = re.sub(r"<[A-Za-z/!][^>]*>", " ", text)
    if "&" in text:
        text = html.unescape(text)
    text = _CONTROL.sub(" ", text)
    if "\n" not in text and "\u2028" not in text and "\u2029" not in text:
        return " ".join(text.split())
    lines = (" ".join(line.split()) for line in text.splitlines())
    return "\n".join(line for line in lines if line)


def day_of(response: Response, name: str, value: object) -> dt.date:
    """The date of field `name` as the source's declaration reads it (`date_formats`, `timezone`). Raises FieldError."""
    source = source_of(response)
    return read_date(name, value, source.date_formats, source.timezone)


def read_date(name: str, value: object, formats: Iterable[str], timezone: str = "UTC") -> dt.date:
    """A date in one of `formats` (strptime), an Excel serial, or a date already. Raises FieldError otherwise.

    A format with a zone (`%z`) is an instant: it is taken as the day it was in `timezone`, the authority's own.
    """
    if isinstance(value, dt.datetime):
        return (value.astimezone(ZoneInfo(timezone)) if value.tzinfo else value).date()
    if isinstance(value, dt.date):
        return value
    if isinstance(value, int | float) and not isinstance(value, bool):
        return excel_date(name, float(value))
    text = clean(value)
    for form in formats:
        try:
            moment = dt.datetime.strptime(text, form)  # noqa: DTZ007 - the zone is read from the format, or is the authority's
        except ValueError:
            continue
        return (moment.astimezone(ZoneInfo(timezone)) if moment.tzinfo else moment).date()
    if re.fullmatch(r"\d{5}(\.\d+)?", text):
        return excel_date(name, float(text))
    raise FieldError(name, value, "is no date in the declared formats" if text else "is empty")


def excel_date(name: str, serial: float) -> dt.date:
    """The day of an Excel serial (1900 system). Raises FieldError outside 1980..2079: then it is no date."""
    if not 29221 <= serial < 65746:
        raise FieldError(name, serial, "is no Excel date between 1980 and 2079")
    return dt.date(1899, 12, 30) + dt.timedelta(days=int(serial))


def shorten(value: object, limit: int = 120) -> str:
    """`repr` cut to `limit` characters, for a message."""
    text = repr(value)
    return text if len(text) <= limit else f"{text[: limit - 1]}…"
