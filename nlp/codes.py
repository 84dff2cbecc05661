"""Customs (HS, HTS, CN, 税号, 品目, 関税率表) and ICS codes that a text states: anchored, so that no other number is taken.

A number is a code only behind a word that says so ("HS code(s):", "tariff item", "税则号列", "関税率表第…号"), and only if
its chapter exists. Lists, ranges ("8701 to 8705", "第1类至第24类") and partial cover ("ex 8507.60", 部分) are read; the
edition is kept where the text names one. Works on folded text (`nlp.text.fold`) and gives spans of it.
"""

from __future__ import annotations

import itertools
import re
from dataclasses import dataclass

from nlp.code_announcements import ANCHOR, edition_of, is_announced, tells_none
from nlp.code_lists import Code, chapters_in, listed_behind
from nlp.ics_codes import ICS_ANCHOR, ics_announced, ics_behind, ics_field

__all__ = ["MOST", "Code", "Scan", "find", "ics_field", "scan", "strip"]

#: Enough of one text: no act is about more, and a text made of codes must not cost more.
MOST = 2000


@dataclass(frozen=True, slots=True)
class Scan:
    """The codes of a text, and where they stand with what announces them."""

    codes: tuple[Code, ...] = ()
    spans: tuple[tuple[int, int], ...] = ()

    def strip(self, text: str) -> str:
        """The text (or its beginning) with codes and their announcements blanked, offsets kept: a model that read them
        would learn the label."""
        for start, end in self.spans:
            if start < len(text):
                text = text[:start] + " " * (min(end, len(text)) - start) + text[end:]
        return text


_NOTHING = Scan()
_DIGITS = re.compile(r"\d").search


def scan(text: str) -> Scan:
    """Every code the folded `text` states, in order of appearance, each once for its first mention."""
    if not _DIGITS(text):
        return _NOTHING
    found: list[Code] = []
    spans: list[tuple[int, int]] = []
    if is_announced(text):
        edition = edition_of(text)
        done = -1
        for anchor in ANCHOR.finditer(text):
            if anchor.start() < done or tells_none(text, anchor.start()):
                continue
            listed = list(listed_behind(text, anchor, edition))
            if listed:
                done = max(code.end for code in listed)
                found += listed
                spans.append((anchor.start(), done))
            if len(found) > MOST:
                break
        found += itertools.islice(chapters_in(text, edition), MOST)
    if ics_announced(text):
        for anchor in ICS_ANCHOR.finditer(text):
            listed = list(ics_behind(text, anchor))
            if listed:
                found += listed
                spans.append((anchor.start(), max(code.end for code in listed)))
    if not found:
        return _NOTHING
    found.sort(key=lambda code: (code.start, code.end))
    unique = {(code.system, code.code): code for code in reversed(found)}
    ordered = sorted(unique.values(), key=lambda code: (code.start, code.end, code.code))
    return Scan(tuple(ordered), tuple(sorted(spans)))


def find(text: str) -> tuple[Code, ...]:
    """The codes of a folded text."""
    return scan(text).codes


def strip(text: str) -> str:
    """The text with codes and their announcements blanked, offsets kept."""
    return scan(text).strip(text)
