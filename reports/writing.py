"""Writes bulletins into a folder: `2026-W46-<subscription>-zh.html` and `.txt`. Written twice, the bytes are the same."""

from __future__ import annotations

import hashlib
import os
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from reports.bulletin import Bulletin
from reports.render import Rendered, render
from reports.state import Issue
from reports.words import LANGUAGES, Language

Outcome = Literal["new", "changed", "unchanged"]


@dataclass(frozen=True)
class Written:
    path: Path
    outcome: Outcome


def languages(bulletin: Bulletin) -> tuple[Language, ...]:
    """The reader's language; the general edition has both."""
    return (bulletin.subscription.language,) if bulletin.subscription else LANGUAGES


def write(bulletin: Bulletin, folder: Path) -> list[Path]:
    """The HTML and the text in each of `languages`; the paths, in order."""
    return [one.path for lang in languages(bulletin) for one in write_one(bulletin, folder, lang)]


def write_one(bulletin: Bulletin, folder: Path, lang: Language) -> tuple[Written, Written]:
    """The HTML and the text of the bulletin in `lang`. A file that holds the same bytes is not touched."""
    folder.mkdir(parents=True, exist_ok=True)
    page = render(bulletin, lang)
    stem = f"{bulletin.key}-{lang}"
    return _put(folder / f"{stem}.html", page.html), _put(folder / f"{stem}.txt", page.text)


def issue(bulletin: Bulletin, page: Rendered, lang: Language) -> Issue:
    """The row of the ledger for what was composed."""
    return Issue(
        id=f"{bulletin.key}-{lang}",
        period=bulletin.period.key,
        since=bulletin.period.start,
        until=bulletin.period.end,
        subscription=bulletin.subscription.id if bulletin.subscription else "",
        language=lang,
        sha256=hashlib.sha256(page.html.encode()).hexdigest(),
    )


def _put(path: Path, text: str) -> Written:
    """All of the file or none of it: a reader never sees half a bulletin."""
    body = text.encode()
    known = path.read_bytes() if path.exists() else None
    if known == body:
        return Written(path, "unchanged")
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(body)
        Path(name).chmod(0o644)
        Path(name).replace(path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise
    return Written(path, "new" if known is None else "changed")
