"""Lists and ranges of customs codes behind their announcement ("8701 to 8705, ex 8507.60"), and chapters in words (第1类至第24类)."""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from nlp import hs
from nlp.code_announcements import EDITION_AFTER, EDITIONS, FILLER, NOUN
from nlp.former_headings import FORMER_HEADINGS
from nlp.text import for_folded

#: More codes than this from one list are a tariff schedule, not a subject: the chapters are kept.
RANGE_LIMIT = 120


@dataclass(frozen=True, slots=True)
class Code:
    """A code in a text. `code`: digits only (HS) or with dots (ICS); `start`/`end`: the span of the folded text."""

    system: Literal["hs", "ics"]
    code: str
    start: int
    end: int
    edition: str = ""
    partial: bool = False


_EX = r"(?:ex\.?\s?(?:from\s)?(?=\d)|部分\s?(?=\d))"
#: One code. The order matters: the longest well-formed reading first.
_CODE = for_folded(
    rf"""(?<![\d])(?!(?:19|20)\d\d[-/]\d{{1,2}}[-/]\d)(?P<ex>{_EX})?(?:第\s?)?
    (?P<code>
        \d{{4}}\.\d{{2}}(?=\.\d{{4}}\.\d{{2}})                      # a full stop for a comma: 8415.10.8415.81
      | \d{{4}}\.\d{{2}}(?:\.\d{{2,4}}){{1,3}}                      # 8507.60.00.90
      | \d{{4}}\.\d{{2}}-\d{{3}}                                     # 0307.49-000, Japan's statistical codes
      | \d{{4}}\s\d{{2}}\s\d{{2}}(?:\s\d{{2}})?(?!\d)               # 8507 60 00
      | \d{{4}}\.\d{{2,6}}                                          # 8507.60, 8507.6000
      | \d{{4}},\d{{2}}(?![\d,.])                                  # 8507,60, where a comma is the decimal sign
      | \d{{2}}\.\d{{2}}\.\d{{2}}(?:\.\d{{2}}){{0,2}}               # 02.01.10
      | \d{{2}}\.\d{{2}}                                            # 02.01
      | \d{{4}}\s\d{{2}}(?![\d.])(?!\s?(?:mg|kg|mm|%|年))           # 8507 60
      | \d{{4,13}}
      | \d{{1,2}}
    )(?!\d)(?P<unit>\s?(?:年|月|日|%|％|mg|kg|mm|cm|v\b|℃|g/))?(?:[号项類类章目](?!码|编))?""",
    re.VERBOSE,
)
#: Between two codes of a list; `range` where it says "to".
_SEPARATOR = for_folded(
    rf"""(?:
      \s*(?P<range>to\s|through\s|thru\s|[-~〜～–—]|至|到|から|ないし|乃至|الى)\s*(?:(?:heading|chapter|sub-?heading)s?\s)?第?\s?
      |\s*(?:[,;，；、،؛/&+|•·]|\sand/or\s|\sand\s|\sor\s|\s?及び|\s?及|\s?以及|\s?和|\s?与|\s?或|\s?および|\s?又は|\s?または|\s?並びに|\s?并|\s?و\s?|\set\s|\sy\s|\su?nd\s)
       \s*(?:and\s|or\s|以及|和|及)?(?:(?:sub-?)?headings?\s|chapters?\s|{NOUN}\s)?(?:the\s)?(?:hs\s?(?:codes?)?:?\s?)?第?\s?
      |\s(?={_EX}?\d{{4}}(?:\.\d{{2}}|\b))
      |\.\s?(?=\d{{4}}\.\d{{2}}(?!\d))
    )""",
    re.VERBOSE,
)
_CHAPTER_EN = re.compile(
    r"(?<![a-z])chapters?\s(?P<list>\d{1,2}(?!\d)(?:(?:,\s?|\sand\s|\sor\s|\sto\s|\s?[-–]\s?|,\sand\s)\d{1,2}(?!\d))*)(?=[^.]{0,40}?\b(?:hs\b|harmoni[sz]ed|tariff|combined nomenclature|customs(?! procedure| control| legislation)))"
)
_CHAPTER_CJK = for_folded(
    r"第\s?(?P<first>\d{1,2})\s?[章类類](?:\s?(?P<range>至|到|から|-|~|、|和|及)\s?第?\s?(?P<second>\d{1,2})\s?[章类類])?"
)
#: "HS 12-inch wafers", "HS 02 2345 6789": two digits that go on are no chapter.
_NOT_A_CHAPTER = re.compile(r"-[a-z]|\s\d{4}|\s?(?:inch|hours?|days?)\b")


def listed_behind(text: str, anchor: re.Match[str], edition: str) -> Iterator[Code]:
    """The codes of the list that begins behind an announcement."""
    after = anchor.end()
    if anchor[0].startswith(("h", "协")) and (named := EDITION_AFTER.match(text, after)):
        after = named.end()  # "HS 2017: 8507.60"
    filler = FILLER.match(text, after)
    at = filler.end() if filler else after
    announced = text[anchor.start() : at]
    wide = bool(re.search(r"chapter|章|[类類]|code|编码|代码|こ[おー]ど|番号|^hs[\s:：(]*$|税号|رمز", announced))
    # Without "code" behind it "HS 2007" names an edition, not jams.
    plain_hs = bool(re.fullmatch(r"h\.?s\.?[\s:：(]*", announced))
    previous: Code | None = None
    ranging = False
    while True:
        match = _CODE.match(text, at)
        if match is None:
            return
        digits = re.sub(r"\D", "", match["code"])
        if match["unit"] or (plain_hs and re.fullmatch(EDITIONS, digits)):
            return
        if plain_hs and len(digits) <= 2 and _NOT_A_CHAPTER.match(text, match.end("code")):
            return
        if len(digits) == 1 or (len(digits) == 2 and not wide):
            if not re.search(r"chapters?\s?$|第\s?$", text[max(0, at - 10) : at]) and not (
                previous and len(previous.code) == 2
            ):
                return
            digits = digits.zfill(2)
        odd = len(digits) % 2 and len(digits) not in (9, 11, 13)  # "84362": a slip inside a list
        if odd and previous is None:
            return
        if odd or not _exists(digits):
            if previous is None and not hs_like(digits):
                return
            following = _SEPARATOR.match(text, match.end())
            if following is None:
                return
            at = following.end()
            continue
        code = Code("hs", digits, match.start(), match.end("code"), edition, partial=bool(match["ex"]))
        if ranging and previous is not None:
            yield from _between(previous, code)
        yield code
        previous = code
        separator = _after(text, match.end())
        if separator is None:
            return
        ranging = separator.lastgroup == "range" and separator["range"] is not None
        at = separator.end()


def _after(text: str, at: int) -> re.Match[str] | None:
    """The separator behind a code, where a code follows; a bracketed or dashed description between codes is passed over."""
    separator = _SEPARATOR.match(text, at)
    if separator and _CODE.match(text, separator.end()):
        return separator
    # "4407 - wood sawn lengthwise; 0207 - meat": the cell of a WTO export.
    described = re.compile(
        r"\s*(?:[-–(（:：]\s*[^;\d\x01]{3,160}[)）]?)\s*(?:;|；|[,、](?=\s?(?:ex\s?)?\d{4}))\s*"
    ).match(text, at)
    if described and _CODE.match(text, described.end()):
        return described
    return None


def _exists(digits: str) -> bool:
    """Whether the chapter exists and, for a heading and longer, the heading in HS 2022 or in an earlier edition."""
    if not hs_like(digits):
        return False
    return len(digits) == 2 or hs.is_code(digits[:4]) or digits[:4] in FORMER_HEADINGS


def hs_like(digits: str) -> bool:
    return "01" <= digits[:2] <= "97" and digits[:2] != "77"


def _between(first: Code, last: Code) -> Iterator[Code]:
    """The codes between the two ends of a range of equal length, as HS 2022 has them."""
    size = len(first.code)
    if size != len(last.code) or size not in (2, 4, 6) or not first.code < last.code:
        return
    every = hs.codes(size)
    inner = every[bisect_right(every, first.code) : bisect_left(every, last.code)]
    if len(inner) <= RANGE_LIMIT:
        for digits in inner:
            yield Code("hs", digits, first.start, last.end, first.edition, partial=first.partial)


def chapters_in(text: str, edition: str) -> Iterator[Code]:
    """Chapters in words: "Chapters 1 to 24 of the Harmonized System", 第1章至第24章 near a word for the tariff."""
    for match in _CHAPTER_EN.finditer(text):
        numbers = re.split(r"(\sto\s|\s?[-–]\s?)|[^\d]+", match["list"])
        yield from _chapter_list([n for n in numbers if n], match.start("list"), match.end("list"), edition)
    if re.search(r"税|hs|协调制度|品目", text):
        for match in _CHAPTER_CJK.finditer(text):
            near = text[max(0, match.start() - 25) : match.end() + 25]
            if not re.search(r"税则|税率表|hs|协调制度|[関關关]税", near):
                continue
            pieces = [match["first"]]
            if match["second"]:
                pieces += [" to " if match["range"] in "至到から-~" else ",", match["second"]]
            yield from _chapter_list([p for p in pieces if p != ","], match.start(), match.end(), edition)


def _chapter_list(pieces: list[str], start: int, end: int, edition: str) -> Iterator[Code]:
    previous: Code | None = None
    ranging = False
    for piece in pieces:
        if not piece.isdigit():
            ranging = True
            continue
        digits = piece.zfill(2)
        if not hs_like(digits):
            return
        code = Code("hs", digits, start, end, edition)
        if ranging and previous is not None:
            yield from _between(previous, code)
        yield code
        previous, ranging = code, False
