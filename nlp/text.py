"""Text folding: one normal form for matching in every language, with the way back to the original characters.

What is folded, and why: NFKC and case (full-width forms, ligatures, ℃); Traditional to Simplified Chinese by single
characters (OpenCC's table, so 鋰電池 is 锂电池); half-width and small kana, Katakana to Hiragana, and the long-vowel
mark that JIS Z 8301 lets writers drop at the end of a word (バッテリー is バッテリ); Arabic alef, ya, ta marbuta,
tatweel and vowel signs; Latin and Greek diacritics; right-to-left marks and zero-width characters; dashes, quotes and
white space. Evidence is shown on the authority's own words, so every span of the folded text maps back exactly.
"""

from __future__ import annotations

import functools
import re
import unicodedata
from bisect import bisect_right
from dataclasses import dataclass

import opencc

_REMOVED = "\ufdd0"  # noncharacters as marks: never valid text, so they cannot be mistaken for it
_JOINED = "\ufffe"  # belongs to the character before it
_OTHER = "\uffff"  # folds to something other than exactly one character

#: What stops the one-to-one alignment. Eight marks a base at most: CPython sorts combining marks in quadratic time,
#: and OCR or hostile text may carry thousands in a row.
_IRREGULAR = re.compile(
    "[^\ufffe]?\ufffe{1,8}|\uffff|[ \ufdd0]{2,}|\ufdd0|(?<=[\u3041-\u3096ー]{3})ー(?!ー)",
)
_SINGLE = {
    "ı": "i",
    "ø": "o",
    "đ": "d",
    "ð": "d",
    "ł": "l",
    "ħ": "h",
    "ŧ": "t",
    "æ": "ae",
    "œ": "oe",
    "þ": "th",
    "ة": "ه",
    "ى": "ي",
    "ی": "ي",
    "ک": "ك",
    "ٱ": "ا",
    "‘": "'",
    "’": "'",
    "‚": "'",
    "ʼ": "'",
    "“": '"',
    "”": '"',
    "„": '"',
    "«": '"',
    "»": '"',
    "−": "-",
    "・": " ",  # parts of a foreign name, written with or without it: リチウム・イオン
    "·": " ",
}
_DASHES = "‐‑‒–—―﹣－"
_SMALL_KANA = dict(zip("ぁぃぅぇぉっゃゅょゎゕゖ", "あいうえおつやゆよわかけ", strict=True))
_STRIPPED_SCRIPTS = ("LATIN", "GREEK", "ARABIC", "HEBREW")  # й, が, ํ are letters of their own and stay


@functools.cache
def _to_simplified() -> opencc.OpenCC:
    return opencc.OpenCC("t2s")


def _hiragana(char: str) -> str:
    if "\u30a1" <= char <= "\u30f6":
        char = chr(ord(char) - 0x60)
    return _SMALL_KANA.get(char, char)


def _is_han(char: str) -> bool:
    return "\u3400" <= char <= "\u9fff" or "\U00020000" <= char <= "\U0003ffff"


def _fold_cluster(cluster: str) -> str:
    """The folded form of a character with its combining marks; may be empty or longer than one character."""
    out: list[str] = []
    # NFKC first, so that marks meet their base (ﾊ + ﾞ = バ); casefold may undo composition (İ), so decompose after it.
    composed = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", cluster).casefold())
    for char in composed:
        if char in _SINGLE:
            out.append(_SINGLE[char])
            continue
        if char.isspace() or unicodedata.category(char) in ("Cc", "Zs", "Zl", "Zp", "Cs"):
            out.append(" ")
        elif _is_removed(char):
            continue
        elif char in _DASHES:
            out.append("-")
        elif _is_han(char):
            out.append(_to_simplified().convert(char))
        elif char.isdecimal():
            out.append(str(unicodedata.decimal(char)))
        else:
            out.append(_strip_marks(char))
    return "".join(out)


def _is_removed(char: str) -> bool:
    """Format characters, tatweel, variation selectors, noncharacters: they carry no word."""
    code = ord(char)
    return (
        char == "ـ"
        or unicodedata.category(char) == "Cf"
        or 0xFE00 <= code <= 0xFE0F
        or 0xFDD0 <= code <= 0xFDEF
        or (code & 0xFFFE) == 0xFFFE
    )


def _strip_marks(char: str) -> str:
    bases = [c for c in unicodedata.normalize("NFKD", char) if not unicodedata.combining(c)]
    if not bases:  # a mark alone: nothing it could be part of
        return ""
    if bases[0] != char and unicodedata.name(bases[0], "").startswith(_STRIPPED_SCRIPTS):
        return "".join(_SINGLE.get(base, base) for base in bases)
    return _hiragana(char)


class _Table(dict[int, str]):
    """`str.translate` table, filled as characters are met: one folded character, or a mark that says why not."""

    def __missing__(self, code: int) -> str:
        char = chr(code)
        if unicodedata.combining(char) or char in "ﾞﾟ" or 0x1160 <= code <= 0x11FF:
            folded = _JOINED
        elif _is_removed(char):
            folded = _REMOVED
        else:
            folded = _fold_cluster(char)
            if len(folded) != 1:
                folded = _OTHER
        self[code] = folded
        return folded


_TABLE = _Table()


@dataclass(frozen=True, slots=True)
class Folded:
    """`text` is the folded form of `source`; `origin` leads back.

    `_starts`/`_spans` describe pieces in order: the folded offset where each begins, and (source start, source end,
    aligned). No pieces: the two strings align character by character.
    """

    text: str
    source: str
    _starts: tuple[int, ...] = ()
    _spans: tuple[tuple[int, int, bool], ...] = ()

    def origin(self, start: int, end: int) -> tuple[int, int]:
        """The span of `source` that folded to `text[start:end]`; whole characters with all their marks.

        Raises ValueError for a span outside the text or turned round.
        """
        if not 0 <= start <= end <= len(self.text):
            raise ValueError(f"no such span of {len(self.text)} characters: {start}:{end}")
        if not self._starts:
            return start, end
        if start == end:
            point = self._at(start)[0] if start < len(self.text) else len(self.source)
            return point, point
        return self._at(start)[0], self._at(end - 1)[1]

    def _at(self, offset: int) -> tuple[int, int]:
        piece = bisect_right(self._starts, offset) - 1
        start, end, aligned = self._spans[piece]
        if not aligned:
            return start, end
        point = start + offset - self._starts[piece]
        return point, point + 1


def fold(text: str) -> Folded:
    """The folded form of `text` (any string, lone surrogates included); never raises, linear in its length."""
    folded = _once(text)
    # Blanks that carried marks, long vowels that did, or what stood between them: they may have met.
    return _again(folded) if "  " in folded.text or "ーー" in folded.text else folded


def _once(text: str) -> Folded:
    if text.isascii():
        lowered = text.lower()
        if lowered.isprintable() and "  " not in lowered:  # no control characters
            return Folded(lowered, text)
    aligned = text.translate(_TABLE)
    parts: list[str] = []
    starts: list[int] = []
    spans: list[tuple[int, int, bool]] = []
    size = done = 0
    for match in _IRREGULAR.finditer(aligned):
        start, end = match.span()
        if match[0] == "ー":
            if not _ends_katakana_word(text, start):
                continue
            folded = ""
        elif match[0].strip(" " + _REMOVED) == "":
            folded = " " if " " in match[0] else ""
        else:
            folded = _fold_cluster(text[start:end])
        if start > done:
            parts.append(aligned[done:start])
            starts.append(size)
            spans.append((done, start, True))
            size += start - done
        if folded:
            parts.append(folded)
            starts.append(size)
            spans.append((start, end, False))
            size += len(folded)
        done = end
    if done == 0:
        return Folded(aligned, text)
    if done < len(text):
        parts.append(aligned[done:])
        starts.append(size)
        spans.append((done, len(text), True))
    return Folded("".join(parts), text, tuple(starts), tuple(spans))


def _again(first: Folded) -> Folded:
    """`first` with its text folded once more, led back to the same source character by character."""
    second = _once(first.text)
    places = [first.origin(*second.origin(i, i + 1)) for i in range(len(second.text))]
    return Folded(
        second.text, first.source, tuple(range(len(places))), tuple((start, end, False) for start, end in places)
    )


def _is_katakana(char: str) -> bool:
    return "\u30a1" <= char <= "\u30fa" or char == "ー" or "\uff66" <= char <= "\uff9f"


def _ends_katakana_word(text: str, at: int) -> bool:
    """Whether the long-vowel mark at `at` ends a Katakana word of four or more (JIS Z 8301:2008, annex G)."""
    return all(_is_katakana(char) for char in text[at - 3 : at]) and not _is_katakana(text[at + 1 : at + 2] or " ")


def for_folded(pattern: str, flags: int = 0) -> re.Pattern[str]:
    """A regular expression for folded text from one written in the letters of its languages: each letter is folded.

    検査命令 is looked for as 検查命令, لائحة as لايحه: a pattern that kept a letter which folding changes would never match.
    """
    letters = ((char, fold(char).text if char > "\x7f" and char.isalpha() else char) for char in pattern)
    return re.compile("".join(folded if len(folded) == 1 else char for char, folded in letters), flags)


# --- which script, which language ---------------------------------------------------------------------------------

_SCRIPTS = {
    "Latin": re.compile("[A-Za-z\u00aa-\u024f\u1e00-\u1eff\uff21-\uff5a]+"),
    "Han": re.compile("[\u3400-\u9fff\uf900-\ufaff\U00020000-\U0003ffff]+"),
    "Kana": re.compile("[\u3041-\u3096\u30a1-\u30fa\uff66-\uff9d]+"),
    "Arabic": re.compile("[\u0620-\u064a\u066e-\u06d3\ufb50-\ufdcf\ufdf0-\ufdfc\ufe70-\ufefc]+"),
    "Cyrillic": re.compile("[\u0400-\u052f]+"),
    "Greek": re.compile("[\u0370-\u03ff\u1f00-\u1fff]+"),
    "Hangul": re.compile("[\uac00-\ud7a3\u1100-\u11ff\u3131-\u318e]+"),
    "Hebrew": re.compile("[\u05d0-\u05ea]+"),
    "Thai": re.compile("[\u0e01-\u0e4e]+"),
    "Devanagari": re.compile("[\u0900-\u097f]+"),
}
_SAMPLE = 20_000  # characters that decide; the rest of a long text repeats them
#: Primary language subtag → the script it is written in; what is not here is taken as Latin.
_SCRIPT_OF = {
    "zh": "Han",
    "ja": "Kana",
    "ko": "Hangul",
    "ar": "Arabic",
    "fa": "Arabic",
    "ur": "Arabic",
    "ru": "Cyrillic",
    "uk": "Cyrillic",
    "bg": "Cyrillic",
    "kk": "Cyrillic",
    "ky": "Cyrillic",
    "mk": "Cyrillic",
    "sr": "Cyrillic",
    "mn": "Cyrillic",
    "el": "Greek",
    "he": "Hebrew",
    "th": "Thai",
    "hi": "Devanagari",
    "ne": "Devanagari",
}
_LANGUAGE_OF = {
    "Han": "zh",
    "Kana": "ja",
    "Hangul": "ko",
    "Arabic": "ar",
    "Cyrillic": "ru",
    "Greek": "el",
    "Hebrew": "he",
    "Thai": "th",
    "Devanagari": "hi",
}
#: Words that are frequent in one Latin-script language and not words of the others.
_COMMON_WORDS = {
    "en": frozenset(["the", "of", "and", "for", "with", "to", "is", "are", "by", "from", "this", "which", "shall"]),
    "fr": frozenset(["le", "les", "des", "du", "et", "pour", "avec", "dans", "est", "une", "sur", "aux", "au", "sont"]),
    "es": frozenset(["el", "los", "las", "del", "y", "para", "con", "es", "una", "por", "se", "que", "en"]),
    "pt": frozenset(["o", "os", "as", "do", "da", "dos", "das", "para", "com", "um", "uma", "em", "não", "e"]),
    "de": frozenset(["der", "die", "das", "und", "für", "mit", "von", "ist", "ein", "eine", "den", "dem", "zu"]),
    "it": frozenset(["il", "gli", "della", "di", "e", "per", "con", "è", "una", "che", "dei", "nel"]),
    "tr": frozenset(["ve", "bir", "bu", "için", "ile", "olarak", "olan", "veya", "ilişkin", "hakkında", "dair"]),
}
_WORD = re.compile(r"[^\W\d_]+")


def scripts(text: str) -> dict[str, int]:
    """Letters of each script in the first 20,000 characters, most frequent first; kana of both kinds are `Kana`."""
    sample = text[:_SAMPLE]
    names = ("Latin",) if sample.isascii() else tuple(_SCRIPTS)
    counts = {name: sum(map(len, _SCRIPTS[name].findall(sample))) for name in names}
    return dict(sorted(((n, c) for n, c in counts.items() if c), key=lambda item: (-item[1], item[0])))


def language_of(text: str, declared: str) -> str:
    """The language tag to work with: `declared` where the script bears it out, otherwise a guess from the text.

    A tag is borne out when a fifth of the letters are of its script: notices quote names and codes in Latin letters.
    A text without letters keeps its tag; without a tag it is `und`.
    """
    counts = scripts(text)
    total = sum(counts.values())
    primary = declared.split("-")[0].lower()
    if not total:
        return declared or "und"
    japanese = counts.get("Kana", 0) >= 0.05 * (counts.get("Kana", 0) + counts.get("Han", 0))
    shares = {name: count / total for name, count in counts.items()}
    if primary:
        wanted = _SCRIPT_OF.get(primary, "Latin")
        share = shares.get(wanted, 0.0)
        if primary == "ja":  # a Japanese title may be Kanji alone
            share += shares.get("Han", 0.0)
        if share >= 0.2 and not (primary == "zh" and japanese and counts.get("Kana", 0) >= 4):
            if wanted != "Latin" or primary not in _COMMON_WORDS:
                return declared
            guess = _latin_language(text)
            return declared if guess in (None, primary) else guess
    main = max((name for name in counts), key=lambda name: counts[name])
    if main in ("Han", "Kana"):
        return "ja" if japanese and counts.get("Kana", 0) >= 2 else "zh"
    if main == "Latin":
        return _latin_language(text) or "en"
    return _LANGUAGE_OF[main]


def _latin_language(text: str) -> str | None:
    """The Latin-script language whose common words are clearly the most frequent, or None when nothing is clear."""
    words = [word.casefold() for word in _WORD.findall(text[:_SAMPLE])]
    scores = sorted(((sum(w in common for w in words), name) for name, common in _COMMON_WORDS.items()), reverse=True)
    (best, name), (second, _) = scores[0], scores[1]
    return name if best >= 3 and best >= 2 * second else None
