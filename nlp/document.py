"""One pass over a notice: the fields that are read, folded and joined, with the way back to the authority's own words.

Everything that reads text - codes, concepts, measures, reach, models - reads `Document.text`, one folded string, and
gives spans of it; `Document.evidence` turns a span into the field, offsets and words of the original. A field that
repeats an earlier one is read once. Long fields are read up to `LIMIT` characters, so that a notice of 5 MB takes
bounded time; what is beyond is in the annexes of the act, its subject is not.

A spaCy document with the grounds as spans is made by `nlp.spans`, for those who ask for one.
"""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass, field
from typing import Literal

from crawlers.notice import Notice
from nlp.assessment import Evidence
from nlp.text import Folded, fold, language_of

TextField = Literal["title", "products_text", "summary", "text"]
#: The order says what a notice is about first; what comes earlier weighs more where only one can be shown.
FIELDS: tuple[TextField, ...] = ("title", "products_text", "summary", "text")
#: Characters read of one field.
LIMIT = 20_000
#: Between fields: a sign that stands in no word, term or pattern, so that nothing matches across ("… about power" above "bank holidays …").
BREAK = " \x01 "


@dataclass(slots=True)
class Document:
    """A notice as the engine reads it. `text` is folded; `parts` are (field, start in `text`, folded field)."""

    notice: Notice
    language: str
    text: str
    parts: tuple[tuple[TextField, int, Folded], ...]
    _starts: list[int] = field(default_factory=list)

    def field_at(self, start: int) -> TextField:
        """The field that holds the character `start` of `text`."""
        return self.parts[bisect_right(self._starts, start) - 1][0]

    def end_of(self, name: TextField) -> int:
        """Where a field ends in `text`; 0 when it was not read (empty, or a repetition)."""
        for other, start, folded in self.parts:
            if other == name:
                return start + len(folded.text)
        return 0

    @property
    def folded(self) -> dict[str, Folded]:
        """The fields that were read, folded."""
        return {name: folded for name, _, folded in self.parts}

    @property
    def head(self) -> int:
        """The end of title and products: what the notice says it is about."""
        return max(self.end_of("title"), self.end_of("products_text"))

    def evidence(self, start: int, end: int, why: str = "", weight: float = 0.0) -> Evidence:
        """The span `text[start:end]` as evidence on the original words; a span never leaves the field it begins in."""
        at = bisect_right(self._starts, start) - 1
        name, offset, folded = self.parts[at]
        first, last = folded.origin(start - offset, min(end - offset, len(folded.text)))
        return Evidence(
            field=name, start=first, end=last, text=folded.source[first:last][:200], why=why, weight=round(weight, 4)
        )


def read(notice: Notice) -> Document:
    """The document of a notice; never raises, whatever its texts hold."""
    parts: list[tuple[TextField, int, Folded]] = []
    texts: list[str] = []
    seen: set[str] = set()
    size = 0
    for name in FIELDS:
        raw: str = getattr(notice, name)
        if not raw or raw in seen:
            continue
        seen.add(raw)
        folded = fold(raw[:LIMIT])
        parts.append((name, size, folded))
        texts.append(folded.text)
        size += len(folded.text) + len(BREAK)
    text = BREAK.join(texts)
    language = _language(notice, text)
    return Document(notice, language, text, tuple(parts), [start for _, start, _ in parts])


def _language(notice: Notice, text: str) -> str:
    declared = notice.language
    if declared.startswith("en") and text.isascii() and (" the " in text or " of " in text or " and " in text):
        return declared  # borne out at once: most notices
    return language_of(" ".join(filter(None, (notice.title, notice.summary, notice.text[:2000]))), declared)
