"""ICS codes that a text states behind their announcement ("ICS code: 29.220.30", 国际标准分类号)."""

from __future__ import annotations

import re
from collections.abc import Iterator

from nlp import ics
from nlp.code_lists import Code
from nlp.text import for_folded

#: No announcement without one of these.
_WORDS = ("ics", "i.c.s", "国际", "国際", "规格分", "classification for standards")
ICS_ANCHOR = for_folded(
    r"(?<![a-z])(?:ics|i\.c\.s\.|international classification for standards|国际标准分类(?:号|法)?|国[際际][規规]格分[類类])(?![a-z])"
)
_ICS_FILLER = for_folded(
    r"(?:\s|[:：.,\-(（\[“\"'#]|codes?(?:\s?\(s\))?|numbers?|nos?\.?|分类号?|分[類类]|编码|代码|号码?|番号|こおど|こーど|は){0,8}"
)
_ICS_CODE = re.compile(r"(?<![\d.])(?P<code>\d{2}\.\d{3}(?:\.\d{2})?|\d{2})(?![\d]|\.\d)")
_ICS_SEPARATOR = for_folded(
    r"\s*(?:[,;，；、/&]|\sand\s|\sor\s|及び|及|和|与|\s-\s[^;\d]{3,90};)\s*(?:(?:ics\s?)?(?:codes?\s?)?:?\s?)|\s(?=\d{2}\.\d{3})"
)


def ics_announced(text: str) -> bool:
    """Whether a text holds a word that may announce ICS codes."""
    return any(word in text for word in _WORDS)


def ics_behind(text: str, anchor: re.Match[str]) -> Iterator[Code]:
    """The codes of the list that begins behind an announcement."""
    filler = _ICS_FILLER.match(text, anchor.end())
    at = filler.end() if filler else anchor.end()
    while True:
        match = _ICS_CODE.match(text, at)
        if match is None or not ics_field(match["code"]):
            return
        yield Code("ics", match["code"], match.start(), match.end())
        separator = _ICS_SEPARATOR.match(text, match.end())
        if separator is None:
            return
        at = separator.end()


def ics_field(code: str) -> bool:
    """Whether the field of an ICS code exists."""
    return code[:2] in ics.fields()
