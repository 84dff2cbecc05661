"""Texts and labels of a record: on one line, joined, without the empty ones, cut, hashed."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from typing import TypeVar

from crawlers.reading import clean

Label = TypeVar("Label", str, tuple[str, ...], str | tuple[str, ...])
#: What `stated` holds: the authority's own labels.
Labels = dict[str, str | tuple[str, ...]]


def line(value: object) -> str:
    """`clean`, on one line."""
    return " ".join(clean(value).split())


def joined(parts: Iterable[str], by: str = "\n") -> str:
    """The parts that say something, one under the other."""
    return by.join(part for part in parts if part)


def filled(labels: Mapping[str, Label]) -> dict[str, Label]:
    """The labels that say something: what an authority leaves empty is not `stated`."""
    return {name: value for name, value in labels.items() if value}


def cut(text: str, limit: int) -> str:
    """`text` in at most `limit` characters, the last one `…` where some are left out."""
    return text if len(text) <= limit else f"{text[: limit - 1].rstrip()}…"


def short_hash(text: str, length: int) -> str:
    """The first `length` hex digits of the sha256 of `text`: an id where the authority gives none."""
    return hashlib.sha256(text.encode()).hexdigest()[:length]


def decoded(body: bytes) -> str:
    """A body that names its encoding wrongly or not at all: UTF-8, else Windows-1252."""
    try:
        return body.decode("utf-8-sig")
    except UnicodeDecodeError:
        return body.decode("cp1252", "replace")
