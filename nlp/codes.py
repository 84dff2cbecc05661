"""Customs (HS, HTS, CN, 税号, 品目, 関税率表) and ICS codes that a text states: anchored, so that no other number is taken.

A number is a code only behind a word that says so ("HS code(s):", "tariff item", "税则号列", "関税率表第…号"), and only if
its chapter exists. Lists, ranges ("8701 to 8705", "第1类至第24类") and partial cover ("ex 8507.60", 部分) are read; the
edition is kept where the text names one. Works on folded text (`nlp.text.fold`) and gives spans of it.
"""

from __future__ import annotations

import functools
import itertools
import re
from bisect import bisect_left, bisect_right
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Literal

import ahocorasick

from nlp import hs, ics
from nlp.text import for_folded

#: More codes than this from one list are a tariff schedule, not a subject: the chapters are kept.
RANGE_LIMIT = 120
#: Enough of one text: no act is about more, and a text made of codes must not cost more.
MOST = 2000


@dataclass(frozen=True, slots=True)
class Code:
    """A code in a text. `code`: digits only (HS) or with dots (ICS); `start`/`end`: the span of the folded text."""

    system: Literal["hs", "ics"]
    code: str
    start: int
    end: int
    edition: str = ""
    partial: bool = False


_EDITIONS = r"(?:2002|2007|2012|2017|2022|2028)"
_PLURAL = r"(?:\(s\)|s|es)?"
_NOUN = rf"(?:codes?(?:\s?\(s\))?|numbers?|nos?\.?|n°|items?|lines?|headings?{_PLURAL}|sub-?headings?{_PLURAL}|positions?|classifications?)"

# --- what announces customs codes ---------------------------------------------------------------------------------
_HS_ANCHOR = for_folded(
    r"""
    (?P<en>(?<![a-z0-9])(?:
        h\.?s\.?(?=[\s:：.,()\-/]|\d|code|tariff|编|品|税|コ|こ|号|代|subheading|heading|chapter)
      | htsus | hts(?:us)?a? | taric | ncm | naladisa | gtip | gtıp | ahtn
      | cn(?=\s?(?:codes?|headings?)|\s?(?:ex\s?)?\d{4}[\s.]?\d{2})
      | harmoni[sz]ed\s(?:commodity\sdescription\sand\scoding\s)?(?:system|tariff(?:\sschedule)?)(?:\sof\sthe\sunited\sstates)?
      | combined\snomenclature
      | customs?\s(?:tariff|code|heading|nomenclature) | tariff\s(?:schedule|code|item|line|heading|sub-?heading|number|classification|no\b)
      | common\scustoms\stariff | commodity\scodes?
      | (?:sub)?headings?\s(?=(?:nos?\.?\s)?(?:ex\s)?\d{2}[.\s]?\d{2})
      | nomenclature\scode
      | codes?\s?s\.?h\.? | codigos?\s(?:s\.?a\.?|arancelari[oa]s?) | position\starifaire | partidas?\s(?:arancelarias?)? | fraccion(?:es)?\sarancelarias? | sous-positions?
    )s?)
  | (?P<zh>
        hs\s?(?:编码|代码|税号|税则号列|税则|号)
      | (?:海关)?(?:商品)?(?:税则号列|税则号|税则|税号|税目|品目号?|海关编码|商品编码|协调制度(?:编码|代码)?|子目号?|关税号)
    )
  | (?P<ja>
        hs\s?(?:こおど|こーど|番号|品目)
      | (?:[関關关]税率表|税番|[統统][计計]品目番号|品目番号|税表番号|[関關关]税番号|[関關关]税分[類类](?:番号)?|輸出入統計品目番号|输出入[統统][计計]品目番号|类\s*番号)
    )
  | (?P<ar>(?:رمز|رموز|كود|اكواد|بند|بنود|البند|البنود|الرمز|التعرفه)\s(?:النظام\sالمنسق|الجمركيه?|جمركي|الجمركي|جمركيه|التعرفه\sالجمركيه)|(?:بند|بنود|البند|البنود)\s(?:رقم|ارقام)?(?=\s*[:：]?\s*\d{4}))
    """,
    re.VERBOSE,
)
#: What may stand between the announcement and the first code.
_FILLER = for_folded(
    rf"""(?:\s|[:：.,\-(（\[【“"'=#]|{_NOUN}|code|hs|tariff|schedule|system|of\sthe|of|under|the|in|and|no|number|as|is|are|
    classified|falling|within|chapters?|sub-?chapters?|编码|代码|为|号|列|第|项下|项|[品税]目|下|的|包括|番号|こおど|こーど|は|で|の|
    \(?{_EDITIONS}\s?(?:edition|version|版|年版?)\)?|\({_EDITIONS}\)|version|edition|رقم|ارقام|رموز|:){{0,10}}""",
    re.VERBOSE,
)
_EDITION_AFTER = for_folded(rf"\s?[-(（]?{_EDITIONS}(?!\d)[)）]?(?=\s?(?:\D|$))(?!\s?(?:,|、|and|to|及|和|至))")
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
       \s*(?:and\s|or\s|以及|和|及)?(?:(?:sub-?)?headings?\s|chapters?\s|{_NOUN}\s)?(?:the\s)?(?:hs\s?(?:codes?)?:?\s?)?第?\s?
      |\s(?={_EX}?\d{{4}}(?:\.\d{{2}}|\b))
      |\.\s?(?=\d{{4}}\.\d{{2}}(?!\d))
    )""",
    re.VERBOSE,
)
_CHAPTER_BEFORE = re.compile(r"chapters?\s?(?:no\.?\s?)?$|第$|章$|类$")
_CHAPTER_EN = re.compile(
    r"(?<![a-z])chapters?\s(?P<list>\d{1,2}(?!\d)(?:(?:,\s?|\sand\s|\sor\s|\sto\s|\s?[-–]\s?|,\sand\s)\d{1,2}(?!\d))*)(?=[^.]{0,40}?\b(?:hs\b|harmoni[sz]ed|tariff|combined nomenclature|customs(?! procedure| control| legislation)))"
)
_CHAPTER_CJK = for_folded(
    r"第\s?(?P<first>\d{1,2})\s?[章类類](?:\s?(?P<range>至|到|から|-|~|、|和|及)\s?第?\s?(?P<second>\d{1,2})\s?[章类類])?"
)
_EDITION = for_folded(rf"hs\s?-?(?P<a>{_EDITIONS})|(?P<b>{_EDITIONS})\s?(?:edition|version|版|年版)")

# --- ICS ------------------------------------------------------------------------------------------------------------
_ICS_ANCHOR = for_folded(
    r"(?<![a-z])(?:ics|i\.c\.s\.|international classification for standards|国际标准分类(?:号|法)?|国[際际][規规]格分[類类])(?![a-z])"
)
_ICS_FILLER = for_folded(
    r"(?:\s|[:：.,\-(（\[“\"'#]|codes?(?:\s?\(s\))?|numbers?|nos?\.?|分类号?|分[類类]|编码|代码|号码?|番号|こおど|こーど|は){0,8}"
)
_ICS_CODE = re.compile(r"(?<![\d.])(?P<code>\d{2}\.\d{3}(?:\.\d{2})?|\d{2})(?![\d]|\.\d)")
_ICS_SEPARATOR = for_folded(
    r"\s*(?:[,;，；、/&]|\sand\s|\sor\s|及び|及|和|与|\s-\s[^;\d]{3,90};)\s*(?:(?:ics\s?)?(?:codes?\s?)?:?\s?)|\s(?=\d{2}\.\d{3})"
)


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
#: Codes that say what is not covered: "(excl. motor vehicles of heading 8702)".
_EXCLUDED = for_folded(
    r"(?:\bexcl(?:\.|uding|udes)|\bexcept\b|\bother than\b|\bnot (?:of|under|covered)\b|不包括|不含|除外)[^()（）;；\x01]*\Z"
)
#: "Model HS8507", 型号HS-1200: letters of a maker, not of the Harmonized System.
_MODEL_NAME = for_folded(
    r"(?:\bmodels?|\btype|\bpart|\bserial|\bsku|\bitem)(?:\s(?:no\.?|nos\.?|numbers?|names?))?\s?[:：]?\s?\Z|(?:型号|型番|品番)[:：]?\s?\Z"
)
#: "HS 12-inch wafers", "HS 02 2345 6789": two digits that go on are no chapter.
_NOT_A_CHAPTER = re.compile(r"-[a-z]|\s\d{4}|\s?(?:inch|hours?|days?)\b")
#: No announcement without one of these: a look at most texts is enough.
_GATES = (
    "hs",
    "hts",
    "h.s.",
    "s.h",
    "code sh",
    "codes sh",
    "codigo",
    "tarif",
    "tarıf",
    "ncm",
    "naladisa",
    "gtip",
    "ahtn",
    "cn",
    "harmoni",
    "combined",
    "heading",
    "nomenclature",
    "commodity",
    "partida",
    "fraccion",
    "position",
    "编码",
    "税",
    "品目",
    "商品",
    "海关",
    "协调",
    "子目",
    "统计",
    "统計",
    "類",
    "类",
    "رمز",
    "رموز",
    "كود",
    "اكواد",
    "بند",
    "بنود",
    "التعرفه",
    "chapter",
    "章",
)


@functools.cache
def _gate() -> Any:
    """Finds any of the gates in one pass."""
    automaton = ahocorasick.Automaton()
    for gate in _GATES:
        automaton.add_word(gate, gate)
    automaton.make_automaton()
    return automaton


def scan(text: str) -> Scan:
    """Every code the folded `text` states, in order of appearance, each once for its first mention."""
    if not _DIGITS(text):
        return _NOTHING
    found: list[Code] = []
    spans: list[tuple[int, int]] = []
    if next(_gate().iter(text), None) is not None:
        edition = _edition(text)
        done = -1
        for anchor in _HS_ANCHOR.finditer(text):
            if (
                anchor.start() < done
                or _MODEL_NAME.search(text, max(0, anchor.start() - 20), anchor.start())
                or _EXCLUDED.search(text[max(0, anchor.start() - 90) : anchor.start()])
            ):
                continue
            listed = list(_list(text, anchor, edition))
            if listed:
                done = max(code.end for code in listed)
                found += listed
                spans.append((anchor.start(), done))
            if len(found) > MOST:
                break
        found += itertools.islice(_chapters(text, edition), MOST)
    if (
        "ics" in text
        or "i.c.s" in text
        or "国际" in text
        or "国際" in text
        or "规格分" in text
        or "classification for standards" in text
    ):
        for anchor in _ICS_ANCHOR.finditer(text):
            listed = list(_ics_list(text, anchor))
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


def _edition(text: str) -> str:
    match = _EDITION.search(text)
    return f"HS{match['a'] or match['b']}" if match else ""


def _list(text: str, anchor: re.Match[str], edition: str) -> Iterator[Code]:
    """The codes of the list that begins behind an announcement."""
    after = anchor.end()
    if anchor[0].startswith(("h", "协")) and (named := _EDITION_AFTER.match(text, after)):
        after = named.end()  # "HS 2017: 8507.60"
    filler = _FILLER.match(text, after)
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
        if match["unit"] or (plain_hs and re.fullmatch(_EDITIONS, digits)):
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


#: Headings of earlier editions that HS 2022 no longer has; codes under them are kept at their chapter.
FORMER_HEADINGS = frozenset(
    [
        "0501",
        "1402",
        "1403",
        "1519",
        "1803",
        "2527",
        "2838",
        "2848",
        "2851",
        "3819",
        "4108",
        "4109",
        "4110",
        "4111",
        "4203",
        "4815",
        "5304",
        "6503",
        "6501",
        "7004",
        "7012",
        "7414",
        "7416",
        "7417",
        "7803",
        "7805",
        "7906",
        "8007",
        "8107",
        "8113",
        "8469",
        "8485",
        "8520",
        "8524",
        "8548",
        "9009",
        "9010",
        "9203",
        "9204",
        "9501",
        "9502",
        "9503",
        "9601",
        "9614",
    ]
)


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


def _chapters(text: str, edition: str) -> Iterator[Code]:
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


def _ics_list(text: str, anchor: re.Match[str]) -> Iterator[Code]:
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
    return code[:2] in ics.fields()
