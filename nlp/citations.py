"""Numbers of legal acts as texts write them: which act is cited, whatever the writing.

One key per act, so that every usual writing of a number is the same number:
* acts of the European Union: "32023R1542", "Regulation (EU) 2023/1542", "(EC) No 396/2005", "Directive 2011/65/EU",
  "2011/65/AB"; a bare "2023/1542" counts, but "10/2011" only behind a word that says what it is;
* the US Code of Federal Regulations: "15 CFR 791", "15 CFR Part 791", "10 CFR Parts 429 and 430", "49 CFR 173.185",
  "21 CFR part 1, subpart L", 《联邦法规》第15篇第791部分; a section is also a citation of its part;
* US public laws ("Pub. L. 117-78"), Japanese laws (昭和三十六年法律第二百三十四号, 昭和36年法律第234号; "Act No. 234 of 1961"
  in a Japanese notice only, since others count so too), UK statutory instruments ("SI 2023/1007", "2023 No. 1007" in a
  British notice only).

Works on folded text (`nlp.text.fold`); linear in its length.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from nlp.text import fold


@dataclass(frozen=True, slots=True)
class Citation:
    """`text[start:end]` cites the act `key` (`eu:2023/1542`, `cfr:15/791`, `publ:117-78`, `jp:1961/234`, `uksi:2023/1007`)."""

    key: str
    start: int
    end: int


def find(text: str, market: str = "") -> list[Citation]:
    """The acts a folded text cites, in order; `market` is the notice's (some writings are clear in one country only)."""
    found: list[Citation] = []
    if "/" in text or _CELEX.search(text):
        found += _european(text)
    if "cfr" in text or "c.f.r" in text or "联邦法规" in text or "code of federal regulations" in text:
        found += _federal(text)
    found += _numbered(text, market)
    return sorted(found, key=lambda one: (one.start, one.end, one.key))


def keys_of(number: str, market: str = "") -> frozenset[str]:
    """The keys of one number as a table gives it; empty for what is no number of an act. A section is itself only."""
    keys = [one.key for one in find(fold(number).text, market)]
    precise = [key for key in keys if key.startswith("cfr:") and ("." in key or ":" in key[4:])]
    return frozenset(precise or keys)


# --- the European Union ---------------------------------------------------------------------------------------------

#: These begin with a letter or digit and only then look behind it: the engine skips to a literal, not to a condition.
_CELEX = re.compile(r"3(?<![a-z0-9]3)(?P<year>(?:19|20)\d\d)(?P<kind>[rl])(?P<serial>\d{4})(?!\d)")
_SLASHED = re.compile(
    r"(?<![\d/.-])(?P<a>\d{1,4})/(?P<b>\d{1,4})(?!\d|[./-]\d)(?P<eu>/(?:eu|ec|eec|ue|ce|cee|eg|ewg|ab|at)(?![a-z]))?"
)
#: Words that say "an act of the Union follows", with only such words, signs and other numbers between them and ours.
_MARK = re.compile(
    r"(?:(?<![a-z])(?:regulations?|directives?|reglements?|reglamentos?|directivas?|verordnung(?:en)?|richtlinien?"
    r"|regolament[oi]|direttiv[ae]|verordening(?:en)?|richtlijn(?:en)?|yonetmelig?i?|direktifi?|tuzugu?"
    r"|eu|ec|eec|ue|ce|eg|ab)(?![a-z])|欧盟|欧共体|条例|法规|指令|规则|欧州|规章|لائحه|توجيه)"
    r"(?:[\s,;()《〈「、和及与第号]|(?<![a-z])(?:nos?|n\.o|nr|n|eu|ec|eec|ue|ce|eg|ab|and|et|y|und|en|e|or|as well as|delegated"
    r"|implementing|commission|council)(?![a-z])|[.°]|\d{1,4}/\d{1,4}(?:/[a-z]{2,3})?)*\Z"
)
#: A decision may have the number of a directive; a statutory instrument has the form of a regulation.
_NOT_OURS = re.compile(r"(?:(?:decisions?|beschlus?s?|决定)[\s()a-z.]{0,16}|(?<![a-z])s\.?\s?i\.?\s(?:no\.?\s)?)\Z")
_FIRST_YEAR, _LAST_YEAR = 1958, 2060
#: From 2015 on one series of numbers for all acts, the year first.
_ONE_SERIES = 2015


def _european(text: str) -> Iterator[Citation]:
    for match in _CELEX.finditer(text):
        yield Citation(_european_key(int(match["year"]), int(match["serial"]), match["kind"]), *match.span())
    for match in _SLASHED.finditer(text):
        key = _slashed(text, match)
        if key:
            yield Citation(key, *match.span())


def _slashed(text: str, match: re.Match[str]) -> str:
    """The key of "a/b", or nothing where it is a date, a document of another country, a size."""
    first, second = int(match["a"]), int(match["b"])
    before = text[max(0, match.start() - 90) : match.start()]
    if _NOT_OURS.search(before):
        return ""
    marked = bool(match["eu"]) or bool(_MARK.search(before))
    if len(match["a"]) == 4 and _FIRST_YEAR <= first <= _LAST_YEAR:  # the year first
        if first >= _ONE_SERIES:
            return _european_key(first, second, "r") if marked or len(match["b"]) == 4 else ""
        # Before 2015 only directives (and decisions) had the year first.
        return _european_key(first, second, "l") if marked else ""
    if len(match["b"]) == 4 and _FIRST_YEAR <= second < _ONE_SERIES:  # the year last: regulations before 2015
        return _european_key(second, first, "r") if marked or len(match["a"]) == 4 else ""
    return ""


def _european_key(year: int, serial: int, kind: str) -> str:
    """Regulations and directives before 2015 are two series."""
    return f"eu:{year}/{serial}" if year >= _ONE_SERIES else f"eu:{kind}:{year}/{serial}"


# --- the Code of Federal Regulations --------------------------------------------------------------------------------

_PARTS = r"(?:parts?|pts?\.?|sections?|secs?\.?|§+)?\s*"
_CFR = re.compile(
    rf"(?<![\d.])(?P<title>\d{{1,2}})\s?(?:u\.?s\.?\s?)?c\.?\s?f\.?\s?r\.?\s*(?:ch(?:apter|\.)?\s?[ivx]+,?\s*)?{_PARTS}(?=\d)"
    r"|(?:title\s)(?P<title2>\d{1,2}),?\s(?:of\sthe\s)?(?:u\.?s\.?\s)?code\sof\sfederal\sregulations,?\s(?:\(cfr\)\s?)?,?\s?parts?\s(?=\d)"
    r"|联邦法规[》〉」]?\s?(?:\(cfr\))?\s?第?\s?(?P<title3>\d{1,2})\s?[篇卷编]\s?,?\s?第?\s?(?=\d)"
)
_CFR_ITEM = re.compile(
    r"(?P<part>\d{1,4})(?:\.(?P<section>\d{1,5}))?(?!\d)(?:\s?,?\s?\(?subparts?\s(?P<subpart>[a-z]{1,2})(?![a-z]))?"
)
_CFR_NEXT = re.compile(
    rf"(?:\([a-z0-9]+\))*\s*(?:,\s*(?:and\s)?|;\s*|\sand\s|\s?&\s?|\sor\s){_PARTS}(?=\d{{1,4}}(?!\d|\sc))"
)


def _federal(text: str) -> Iterator[Citation]:
    for match in _CFR.finditer(text):
        title = match["title"] or match["title2"] or match["title3"]
        at = match.end()
        start = match.start()
        for _ in range(40):  # a list of parts ends somewhere
            item = _CFR_ITEM.match(text, at)
            if item is None:
                break
            part = f"cfr:{title}/{int(item['part'])}"
            yield Citation(part, start, item.end())
            if item["section"]:
                yield Citation(f"{part}.{int(item['section'])}", start, item.end())
            if item["subpart"]:
                yield Citation(f"{part}:{item['subpart']}", start, item.end())
            following = _CFR_NEXT.match(text, item.end())
            if following is None:
                break
            at = start = following.end()


# --- laws with a number of their own --------------------------------------------------------------------------------

_PUBLIC_LAW = re.compile(
    r"p(?<![a-z]p)(?:ub(?:lic|\.)?\s?l(?:aw|\.)?|\.?\s?l\.?)\s?(?:no\.?\s?)?(\d{2,3})-(\d{1,4})(?!\d)"
)
_DIGITS = "[0-9〇一二三四五六七八九十百千元]"
_JAPANESE = re.compile(rf"(明治|大正|昭和|平成|令和)\s?({_DIGITS}{{1,4}})\s?年\s?法律\s?第?\s?({_DIGITS}{{1,7}})\s?号")
_JAPANESE_EN = re.compile(r"(?<![a-z])(?:act|law)\sno\.?\s?(\d{1,3})\s(?:of|\()\s?((?:18|19|20)\d\d)(?!\d)")
_UK = re.compile(r"s(?<![a-z]s)\.?\s?i\.?\s(?:no\.?\s)?(20\d\d|19\d\d)(?:/|\sno\.?\s?)(\d{1,4})(?!\d)")
_UK_BARE = re.compile(r"(?<![\d/])(20\d\d|19\d\d)\s?(?:no\.?\s?|/)(\d{1,4})(?!\d|/)")
_ERAS = {"明治": 1867, "大正": 1911, "昭和": 1925, "平成": 1988, "令和": 2018}


def _numbered(text: str, market: str) -> Iterator[Citation]:
    for match in _PUBLIC_LAW.finditer(text):
        yield Citation(f"publ:{int(match[1])}-{int(match[2])}", *match.span())
    if "法律" in text:
        for match in _JAPANESE.finditer(text):
            year, serial = _ERAS[match[1]] + _number(match[2]), _number(match[3])
            yield Citation(f"jp:{year}/{serial}", *match.span())
    if market == "JP":
        for match in _JAPANESE_EN.finditer(text):
            yield Citation(f"jp:{int(match[2])}/{int(match[1])}", *match.span())
    for match in _UK.finditer(text):
        yield Citation(f"uksi:{match[1]}/{int(match[2])}", *match.span())
    if market == "GB":
        for match in _UK_BARE.finditer(text):
            yield Citation(f"uksi:{match[1]}/{int(match[2])}", *match.span())


def _number(text: str) -> int:
    """二百三十四 = 234, 三五 = 35, 元 = 1."""
    if text.isdecimal():
        return int(text)
    if text == "元":
        return 1
    total = current = 0
    for char in text:
        if char in _TENS:
            total += (current or 1) * _TENS[char]
            current = 0
        elif char.isdecimal():
            current = current * 10 + int(char)
        else:
            current = current * 10 + "〇一二三四五六七八九".index(char) if char in "〇一二三四五六七八九" else current
    return total + current


_TENS = {"十": 10, "百": 100, "千": 1000}
