"""What a command says: a table for a person, or one JSON document for a program. Progress goes to stderr only."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn
from rich.table import Table
from rich.text import Text

#: A file or a pipe has no width: rich would take 80 columns and fold titles and ids; a log holds more.
_WIDTH = None if sys.stdout.isatty() or "COLUMNS" in os.environ else 120

out = Console(soft_wrap=True, highlight=False, width=_WIDTH)
err = Console(stderr=True, soft_wrap=True, highlight=False)

STATES = {"ok": "green", "late": "yellow", "down": "red", "never": "dim"}


def as_json(value: Any) -> None:
    """One JSON document on standard output, whatever the terminal is."""
    sys.stdout.write(json.dumps(value, ensure_ascii=False, default=str, indent=1) + "\n")


def table(title: str, columns: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """Rows under columns; a cell may hold a rich `Text`. A name that begins with # is a column of numbers.

    The first column and numbers never break over lines: an id that is folded cannot be copied.
    """
    shown = Table(title=title, title_justify="left", header_style="bold", show_edge=False, pad_edge=False)
    for at, name in enumerate(columns):
        number = name.startswith("#")
        shown.add_column(
            name.removeprefix("#"), overflow="fold", justify="right" if number else "left", no_wrap=number or at == 0
        )
    for row in rows:
        shown.add_row(*(cell if isinstance(cell, Text) else str(cell) for cell in row))
    out.print(shown)


def problem(message: str) -> None:
    """What went wrong, to the person at the terminal (stderr, so that piped output stays clean)."""
    err.print(Text(message, style="red"))


def say(message: str) -> None:
    err.print(Text(message))


@contextmanager
def progress(total: int | None, what: str, *, quiet: bool) -> Iterator[Any]:
    """A progress bar on stderr; `quiet` (with --json, or when not a terminal) shows none."""
    columns = (
        SpinnerColumn(),
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
    )
    with Progress(*columns, console=err, disable=quiet or not err.is_terminal, transient=True) as bar:
        task = bar.add_task(what, total=total)

        def step(message: str = "", by: int = 1) -> None:
            bar.update(task, advance=by, description=message or what)

        yield step
