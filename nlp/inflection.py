"""Inflected forms of the gazetteer's terms: what a text may write where the table holds one form.

Generated when the gazetteer is loaded, never stored: rules for forms, hand-written rows for words. A form that some
other concept states itself is that concept's (`nlp.gazetteer`).
"""

from __future__ import annotations

import re
from collections.abc import Iterator

#: Words after which an English or Romance term is a complement: the head noun stands before them ("parts of machines").
_COMPLEMENT = re.compile(
    " (?:(?:of|for|with|in|containing|de|du|des|a|al|au|aux|en|para|con|pour|por|sans|sin) |d')"
)  # whole words: "device" does not begin with "de"
_SIBILANT = ("s", "x", "z", "ch", "sh")
_VOWELS = "aeiou"
_BACK = re.compile("[aıouAIOU][^aıoueiöüAIOUEİÖÜ]*$")
_TURKISH_VOWEL = re.compile("[aıoueiöü]")


def variants(folded: str, term: str, lang: str) -> Iterator[str]:
    """Other folded forms of the folded `term`; the term as written is needed for Turkish vowel harmony."""
    rule = _RULES.get(lang)
    if rule is not None and (lang == "ar" or folded.isascii()):
        yield from rule(folded, term)


def plural(word: str) -> str:
    """The regular English plural: battery → batteries, lens → lenses, toy → toys."""
    if word.endswith("y") and word[-2:-1] not in _VOWELS:
        return word[:-1] + "ies"
    return word + ("es" if word.endswith(_SIBILANT) else "s")


def singular(word: str) -> str | None:
    """The regular English singular of a plural; None where the word does not look like one."""
    if len(word) < 4 or not word.endswith("s") or word.endswith(("ss", "us", "is")):
        return None
    if word.endswith("ies") and len(word) > 4:
        return word[:-3] + "y"
    if word.endswith(("sses", "xes", "ches", "shes", "zzes")):
        return word[:-2]
    return word[:-1]


def _head(folded: str) -> tuple[str, str, str]:
    """(words before the head noun, head noun, complement with the space before it)."""
    match = _COMPLEMENT.search(folded)
    phrase, rest = (folded[: match.start()], folded[match.start() :]) if match else (folded, "")
    start = max(phrase.rfind(" "), phrase.rfind("-"), phrase.rfind("/")) + 1
    return phrase[:start], phrase[start:], rest


def _english(folded: str, _: str) -> Iterator[str]:
    before, head, rest = _head(folded)
    if not head.isalpha() or len(head) < 2:
        return
    one = singular(head)
    if one is not None:
        yield before + one + rest
    else:
        yield before + plural(head) + rest
    if "colour" in folded:
        yield folded.replace("colour", "color")


#: What a word ends in → what its plural ends in; the first that fits.
_FRENCH_ENDINGS = (("eau", "eaux"), ("eu", "eux"), ("al", "aux"), ("", "s"))
_SPANISH_ENDINGS = (("z", "ces"), ("a", "as"), ("e", "es"), ("i", "is"), ("o", "os"), ("u", "us"), ("", "es"))


def _romance(endings: tuple[tuple[str, str], ...], folded: str) -> Iterator[str]:
    match = _COMPLEMENT.search(folded)
    phrase, rest = (folded[: match.start()], folded[match.start() :]) if match else (folded, "")
    words = phrase.split(" ")
    many = [_romance_plural(word, endings) for word in words]
    yield " ".join(many) + rest
    if len(words) > 1:
        yield " ".join([many[0], *words[1:]]) + rest


def _romance_plural(word: str, endings: tuple[tuple[str, str], ...]) -> str:
    if word.endswith(("s", "x")) or not word.isalpha():
        return word
    one, many = next(pair for pair in endings if word.endswith(pair[0]))
    return word[: len(word) - len(one)] + many


def _french(folded: str, _: str) -> Iterator[str]:
    yield from _romance(_FRENCH_ENDINGS, folded)


def _spanish(folded: str, _: str) -> Iterator[str]:
    yield from _romance(_SPANISH_ENDINGS, folded)


def _turkish(folded: str, term: str) -> Iterator[str]:
    back = _BACK.search(term)
    last = (_TURKISH_VOWEL.findall(term.lower()) or ["e"])[-1]
    many = folded + ("lar" if back else "ler")
    close = {"a": "i", "ı": "i", "o": "u", "u": "u", "e": "i", "i": "i", "ö": "u", "ü": "u"}[last]
    yield many
    yield many + "i"
    yield many + "in"
    yield many + "inin"
    if " " in folded and folded.endswith(
        ("i", "u")
    ):  # a compound's ending moves behind the plural: makinesi → makineleri
        yield folded[: -2 if folded.endswith(("si", "su")) else -1] + ("lari" if back else "leri")
    if folded[-1:] in "aeiou":
        yield folded + "s" + close
        yield folded + "n" + close + "n"
    else:
        yield folded + close
        yield folded + close + "n"


_CLITICS = ("و", "ب", "ل")


def _arabic(folded: str, _: str) -> Iterator[str]:
    first, space, rest = folded.partition(" ")
    forms = [folded]
    if first.endswith("ه") and len(first) > 3:  # ة, folded: بطارية → بطاريات
        forms.append(first[:-1] + "ات" + space + rest)
    yield from forms[1:]
    if len(first) >= 3:
        for form in forms:
            for clitic in _CLITICS:
                yield clitic + form


_RULES = {"en": _english, "fr": _french, "es": _spanish, "tr": _turkish, "ar": _arabic}
