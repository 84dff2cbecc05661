"""Labelled tables → examples. Which column says what, and the mapping of categories to industry groups: `nlp/labels.yml`.

A table is known by its name, else by its columns (a newer part of a table under another name). A table nobody declared
is read where its columns speak for themselves: a text (`title`, `subject`, `product`, `description`, …) and labels in
our own words (`industry`, `hazards`, `severity`). Such a table is asked, never trained on.
"""

from __future__ import annotations

import csv
import functools
import gzip
import hashlib
import re
import sys
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TextIO, get_args

import yaml

from nlp import codes, words
from nlp.assessment import Industry
from nlp.text import fold

#: Characters of an example that are read: as much as a notice's subject takes.
LIMIT = 6000
HEAD_LIMIT = 200


#: Columns of a table nobody declared, in the order in which they are read: a notice's fields, then usual names.
TEXT_COLUMNS = (
    "title", "subject", "product", "products", "products_text", "name", "item", "product_description",
    "descriptions", "description", "reason", "reason_for_recall", "danger", "summary", "text",
)  # fmt: skip
DATE_COLUMNS = ("date", "published", "publication_date", "recall_date", "report_date")
INDUSTRY_COLUMNS = ("industry", "industry_group", "industries", "group", "label")
HAZARD_COLUMNS = ("hazards", "hazard")
SEVERITY_COLUMNS = ("severity",)
SEVERITIES = ("high", "medium", "low", "none")


class TableError(ValueError):
    """A table that lacks the columns it needs, or holds no row. The message names file and columns."""


@dataclass(frozen=True, slots=True)
class Example:
    """One row: its folded text without codes (they are the label, or give it away), what its table says of it."""

    table: str
    register: str
    regime: str  # whose mix of goods the row belongs to (see nlp/linear.py)
    text: str
    date: str  # ISO; "" where the row has none
    twin: str  # rows with one twin stay on one side of a split
    head: int  # how many characters of `text` are what a notice would have as its title
    industry: str | None
    hazards: tuple[str, ...]  # of the one taxonomy; empty: none stated
    weak: bool
    row: Mapping[str, str]
    severity: str = ""  # of a table in our own words; the regimes' own columns are read by nlp/training.py


@dataclass(frozen=True, slots=True)
class Table:
    """A file and how it is read. `form`: its entry of `labels.yml` (`foreign`: made from its columns)."""

    name: str
    path: Path
    form: Mapping[str, Any]
    foreign: bool = False


@functools.cache
def tables() -> dict[str, dict[str, Any]]:
    """`nlp/labels.yml`."""
    loaded: dict[str, dict[str, Any]] = yaml.load(
        Path(__file__).with_name("labels.yml").read_text(encoding="utf-8"), Loader=yaml.CSafeLoader
    )
    return loaded


def find(data: Path) -> list[Table]:
    """The tables of a folder: those of `labels.yml` by name, in that file's order, then others by their columns.

    Raises TableError where a table named as in `labels.yml` lacks columns, or where none of the folder's tables can be
    read (the message says of each why).
    """
    found = [Table(name, path, form) for name, form in tables().items() if (path := _path(data, name)) is not None]
    for table in found:
        missing = sorted(_needed(table.form) - _columns(table.path))
        if missing:
            raise TableError(f"{table.path.name}: no column {', '.join(missing)}")
    refused: list[str] = []
    taken = {table.path for table in found}
    for path in sorted([*data.glob("*.csv"), *data.glob("*.csv.gz")]):
        if path not in taken:
            read_as = _by_columns(path)
            if isinstance(read_as, Table):
                found.append(read_as)
            else:
                refused.append(read_as)
    if not found:
        raise TableError("; ".join(refused) or f"{data}: no table there (*.csv, *.csv.gz)")
    return found


def unread(data: Path) -> list[str]:
    """Why each CSV of a folder that is no table of labels is left out."""
    known = {path for name in tables() if (path := _path(data, name)) is not None}
    paths = [path for path in sorted([*data.glob("*.csv"), *data.glob("*.csv.gz")]) if path not in known]
    return [said for said in map(_by_columns, paths) if isinstance(said, str)]


def _by_columns(path: Path) -> Table | str:
    """A table under a name that is not ours; or what it lacks."""
    columns, name = _columns(path), path.name.removesuffix(".gz").removesuffix(".csv")
    fits = [(len(_needed(form)), known) for known, form in tables().items() if _needed(form) <= columns]
    if fits:
        known = max(fits)[1]
        return Table(known, path, tables()[known])
    text = [column for column in TEXT_COLUMNS if column in columns]
    labels = {
        key: next((column for column in names if column in columns), "")
        for key, names in (("industry", INDUSTRY_COLUMNS), ("hazards", HAZARD_COLUMNS), ("severity", SEVERITY_COLUMNS))
    }
    if not text:
        return f"{path.name}: no column of text ({', '.join(TEXT_COLUMNS)})"
    if not any(labels.values()):
        return f"{path.name}: no column of labels (industry, hazards or severity, in the words of nlp/)"
    date = next((column for column in DATE_COLUMNS if column in columns), "")
    form = {"register": name, "date": date, "group": text, "text": text, "own": labels}
    return Table(name, path, form, foreign=True)


def _needed(form: Mapping[str, Any]) -> set[str]:
    """The columns an entry of `labels.yml` reads."""
    fields = {form[key]["field"] for key in ("industry", "hazards") if "field" in form.get(key, {})}
    overrides = {override["field"] for override in form.get("industry", {}).get("overrides", ())}
    return {*form["text"], *form["group"], form["date"], *form.get("needs", ()), *fields, *overrides}


def _columns(path: Path) -> set[str]:
    """The columns of a CSV. Raises TableError where it cannot be read."""
    try:
        with _open(path) as file:
            return {column for column in csv.DictReader(file).fieldnames or () if column}
    except (OSError, EOFError, UnicodeDecodeError, csv.Error) as error:
        raise TableError(f"{path.name}: cannot be read: {error}") from error


def _path(data: Path, name: str) -> Path | None:
    for suffix in (".csv.gz", ".csv"):
        path = data / f"{name}{suffix}"
        if path.exists():
            return path
    return None


def _open(path: Path) -> TextIO:
    opener: Callable[..., TextIO] = gzip.open if path.suffix == ".gz" else open
    return opener(path, "rt", encoding="utf-8-sig", newline="")


def rows(path: Path) -> Iterator[dict[str, str]]:
    """The rows of a CSV (gzip or plain), cells as text, absent cells empty."""
    csv.field_size_limit(sys.maxsize)
    with _open(path) as file:
        for row in csv.DictReader(file):
            yield {key: (value or "") for key, value in row.items() if key is not None}


def read(table: Table) -> list[Example]:
    """The examples of one table, oldest first. Raises TableError where the file is broken or holds no row."""
    form = table.form
    try:
        found = [_example(table, row, number) for number, row in enumerate(rows(table.path))]
    except (OSError, EOFError, UnicodeDecodeError, csv.Error) as error:
        raise TableError(f"{table.path.name}: cannot be read: {error}") from error
    if not found:
        raise TableError(f"{table.path.name}: no rows under {', '.join(form['text'])}")
    found.sort(key=lambda example: example.date)  # stable: the table's order within a day
    return found


def _example(table: Table, row: Mapping[str, str], number: int) -> Example:
    form = table.form
    parts = list(dict.fromkeys(row[column] for column in form["text"] if row[column]))
    head = row[form["text"][0]][:HEAD_LIMIT]
    own = form.get("own", {})
    return Example(
        table=table.name,
        register=form["register"],
        regime=form.get("regime", form["register"]),
        text=prepare(" \x01 ".join(parts)),
        head=len(fold(head).text),
        date=row.get(form["date"], "")[:10],
        twin=_twin(row, form["group"], number),
        industry=_own_industry(row, own) if own else industry_of(row, form["industry"]),
        hazards=_own_hazards(row, own) if own else hazards_of(row, form["hazards"]) if "hazards" in form else (),
        weak=bool(form.get("weak")),
        row=row,
        severity=_own_severity(row, own),
    )


def _own_words(row: Mapping[str, str], column: str) -> list[str]:
    return [part.strip().lower() for part in re.split(r"[|;,]", row.get(column, "")) if part.strip()]


def _own_industry(row: Mapping[str, str], own: Mapping[str, str]) -> str | None:
    """Of a table in our own words: the one industry named; None where it is none of ours or several."""
    said = _own_words(row, own["industry"])
    return said[0] if len(said) == 1 and said[0] in get_args(Industry) else None


def _own_hazards(row: Mapping[str, str], own: Mapping[str, str]) -> tuple[str, ...]:
    return tuple(name for name in _own_words(row, own["hazards"]) if name in words.hazards())


def _own_severity(row: Mapping[str, str], own: Mapping[str, str]) -> str:
    said = row.get(own.get("severity", ""), "").strip().lower()
    return said if said in SEVERITIES else ""


def prepare(text: str) -> str:
    """What a model reads of a text: folded, without HTML entities and tags, without codes."""
    return codes.strip(fold(_MARKUP.sub(" ", text[:LIMIT])).text)


_MARKUP = re.compile(r"<[a-zA-Z/!][^<>]{0,300}>|&(?:amp|quot|lt|gt|nbsp|#39|#\d{2,4});")


def _twin(row: Mapping[str, str], columns: list[str], number: int) -> str:
    key = "\x01".join(" ".join(row[column].lower().split()) for column in columns)
    return hashlib.blake2b(key.encode(), digest_size=8).hexdigest() if key.strip("\x01") else f"row {number}"


def industry_of(row: Mapping[str, str], rule: Mapping[str, Any]) -> str | None:
    """The group a row's own category stands for; None where the mapping has none."""
    value = " ".join(row.get(rule.get("field", ""), "").lower().split())
    for override in rule.get("overrides", ()):
        if "when" in override and value not in override["when"]:
            continue
        if _words(tuple(override["words"])).search(row.get(override["field"], "").lower()):
            return str(override["label"])
    if value in rule.get("exact", {}):
        return str(rule["exact"][value])
    if "contains" in rule:
        kinds = {_contained(kind, rule["contains"]) for kind in value.split(rule["split"])}
        if len(kinds) == 1:
            return kinds.pop()
        return None
    for label, prefixes in rule.get("prefix", {}).items():
        if value[:2] in prefixes:
            return str(label)
    default = rule.get("default")
    return str(default) if default else None


def hazards_of(row: Mapping[str, str], rule: Mapping[str, Any]) -> tuple[str, ...]:
    """The hazards a row's own column names, in the order of the taxonomy's mapping; unknown words name none."""
    value = " ".join(row[rule["field"]].lower().split())
    if "words" in rule:
        return tuple(name for name, words in rule["words"].items() if _words(tuple(words)).search(value))
    parts = (part.strip() for part in value.split(rule["split"]))
    return tuple(dict.fromkeys(str(rule["map"][part]) for part in parts if part in rule["map"]))


def _contained(value: str, entries: list[dict[str, Any]]) -> str | None:
    return next((str(e["label"]) for e in entries if _words(tuple(e["words"])).search(value)), None)


@functools.cache
def _words(words: tuple[str, ...]) -> re.Pattern[str]:
    return re.compile(r"(?<!\w)(?:" + "|".join(map(re.escape, words)) + r")(?!\w)")
