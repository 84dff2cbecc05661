"""Labelled tables → examples. Which column says what, and the mapping of categories to industry groups: `nlp/labels.yml`."""

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
from typing import Any, TextIO

import yaml

from nlp import codes
from nlp.text import fold

#: Characters of an example that are read: as much as a notice's subject takes.
LIMIT = 6000
HEAD_LIMIT = 200


class TableError(ValueError):
    """A table that is named like one we know but lacks its columns. The message names file and columns."""


@dataclass(frozen=True, slots=True)
class Example:
    """One row: its folded text without codes (they are the label, or give it away), what its table says of it."""

    table: str
    register: str
    text: str
    date: str  # ISO; "" where the row has none
    twin: str  # rows with one twin stay on one side of a split
    head: int  # how many characters of `text` are what a notice would have as its title
    industry: str | None
    hazards: tuple[str, ...]  # of the one taxonomy; empty: none stated
    weak: bool
    row: Mapping[str, str]


@functools.cache
def tables() -> dict[str, dict[str, Any]]:
    """`nlp/labels.yml`."""
    loaded: dict[str, dict[str, Any]] = yaml.load(
        Path(__file__).with_name("labels.yml").read_text(encoding="utf-8"), Loader=yaml.CSafeLoader
    )
    return loaded


def present(data: Path) -> list[str]:
    """The tables of `labels.yml` that the folder has, in that file's order."""
    return [name for name in tables() if _path(data, name) is not None]


def _path(data: Path, name: str) -> Path | None:
    for suffix in (".csv.gz", ".csv"):
        path = data / f"{name}{suffix}"
        if path.exists():
            return path
    return None


def rows(path: Path) -> Iterator[dict[str, str]]:
    """The rows of a CSV (gzip or plain), cells as text, absent cells empty."""
    csv.field_size_limit(sys.maxsize)
    opener: Callable[..., TextIO] = gzip.open if path.suffix == ".gz" else open
    with opener(path, "rt", encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            yield {key: (value or "") for key, value in row.items() if key is not None}


def read(data: Path, name: str) -> list[Example]:
    """The examples of one table, oldest first. Raises TableError where columns are missing."""
    path, form = _path(data, name), tables()[name]
    if path is None:
        raise TableError(f"{name}: no such table in {data}")
    found: list[Example] = []
    for number, row in enumerate(rows(path)):
        if number == 0:
            missing = [column for column in {*form["text"], *form["group"], form["date"]} if column not in row]
            if missing:
                raise TableError(f"{path.name}: no column {', '.join(sorted(missing))}")
        text = " \x01 ".join(dict.fromkeys(row[column] for column in form["text"] if row[column]))
        head = row[form["text"][0]][:HEAD_LIMIT]
        found.append(
            Example(
                table=name,
                register=form["register"],
                text=prepare(text),
                head=len(fold(head).text),
                date=row[form["date"]][:10],
                twin=_twin(row, form["group"], number),
                industry=industry_of(row, form["industry"]),
                hazards=hazards_of(row, form["hazards"]) if "hazards" in form else (),
                weak=bool(form.get("weak")),
                row=row,
            )
        )
    found.sort(key=lambda example: example.date)  # stable: the table's order within a day
    return found


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
