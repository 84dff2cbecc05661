"""The gazetteer: concepts in seven languages, found in folded text by one automaton.

A concept (`lithium_battery`) is one thing whatever language names it; its id is what classification, search and titles
share across languages (character n-grams do not cross languages, concepts do). The tables in `nlp/gazetteer/` are
written and reviewed by hand, one concept a line, sorted by id; the file name gives the kind (`product_*.tsv`, …).

How it finds (measured: Aho-Corasick over UTF-8 bytes read as latin-1 is the fastest way over every script):
Latin and Arabic terms stand between word boundaries; hyphen, space and other ASCII signs are the same; English, French,
Spanish and Turkish inflections of a term are generated, so are Arabic feminine plurals and the prefixes و ب ل; the
Arabic article is taken off words and terms alike. Chinese and Japanese terms are found anywhere: no segmenter.
Of overlapping hits the leftmost counts, and of these the longest.
"""

from __future__ import annotations

import csv
import functools
import re
from bisect import bisect_left, bisect_right
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, NamedTuple, get_args

import ahocorasick

from nlp import hs, inflection
from nlp.text import fold

Kind = Literal["product", "hazard", "substance", "pathogen", "measure", "scheme"]
KINDS: tuple[Kind, ...] = get_args(Kind)
LANGUAGES = ("zh", "en", "ja", "ar", "fr", "es", "tr")

_FOLDER = Path(__file__).with_name("gazetteer")
_HOMONYMS = "homonyms.tsv"
_OTHER_MEANINGS = "other_meanings.tsv"
_QUERY_WORDS = "query_words.tsv"
_EVERYDAY = "everyday.tsv"
_BROADER = "broader.tsv"
_BESIDE = frozenset({_HOMONYMS, _OTHER_MEANINGS, _QUERY_WORDS, _EVERYDAY, _BROADER})
#: Joins terms to be folded in one go. A sign no term has, and one that folding leaves as it is.
_JOIN = "|"

_SEPARATORS = bytes(
    code if code in (0x01, *range(0x80, 0x100)) or chr(code).isalnum() else 0x20 for code in range(256)
)  # ASCII signs are spaces: "lithium-ion" is "lithium ion"; what stands between two fields (0x01) stays
_WORDLIKE = re.compile("[a-z0-9\u0620-\u064a]")
#: Words of the scripts that write them apart; in text of other scripts they need a boundary put in.
_KANA_GAP = " (?=[\u3041-\u3096])"  # parts of a foreign name, written apart or together: リチウム・イオン
#: Where a Latin word meets a letter or sign of another script, in text without Arabic.
_SEAM = re.compile(f"(?<=[a-z0-9])(?=[^\\x00-\\x7f])|(?<=[^\\x00-\\x7f])(?=[a-z0-9])|(?<=[\u3041-\u3096ー]){_KANA_GAP}")
_ANY_WORD = re.compile("[a-z0-9]+|[\u0620-\u064a]+|" + _KANA_GAP)
_ARABIC_WORDS = re.compile("[\u0620-\u064a]+(?: [\u0620-\u064a]+)*")
_KANA = re.compile("[\u3041-\u3096ー]")
_ARABIC = re.compile("[\u0620-\u064a]")
#: The article with what is written onto it; twice, for words that begin with ا ل themselves (الالكترونية).
_ARTICLE = re.compile("(?:[وفبك]?ال|لل)(?:ال)?(?=[\u0620-\u064a]{2})")


@dataclass(frozen=True, slots=True)
class Concept:
    """One thing, whatever language names it. The first term of a language is the one to print."""

    id: str
    kind: Kind
    terms: Mapping[str, tuple[str, ...]]
    industries: tuple[str, ...] = ()
    hs: tuple[str, ...] = ()
    hazards: tuple[str, ...] = ()
    measure: str = ""

    def name(self, lang: str) -> str:
        """The term to print in `lang`; the English one where that language has none."""
        return (self.terms.get(lang) or self.terms["en"])[0]


class Match(NamedTuple):
    """`folded[start:end]` names the concept."""

    concept: str
    start: int
    end: int


class GazetteerError(ValueError):
    """A table of `nlp/gazetteer/` that cannot be used; says the file, the line and what is wrong."""


class Gazetteer:
    """All concepts and the automaton that finds them. Immutable once built; share one (`Gazetteer.load()`)."""

    def __init__(
        self,
        concepts: Iterable[Concept],
        homonyms: frozenset[str] = frozenset(),
        other_meanings: frozenset[str] = frozenset(),
        query_words: Mapping[str, str] | None = None,
        broader: Mapping[str, tuple[str, ...]] | None = None,
        everyday: Mapping[str, str] | None = None,
    ) -> None:
        """`homonyms`: folded terms that name several concepts on purpose; elsewhere that is an error.

        `other_meanings`: folded phrases that hold a term and do not mean it (fish are goods, a fish and wildlife
        service is none). They are found like terms and name nothing: what stands inside them is passed over.
        `query_words`: folded words → the concept they mean in a query where they stand alone; never looked for in prose.
        `everyday`: folded names in queries → a concept they are a kind or another name of; asked for beside the words themselves.
        `broader`: concept → the next broader ones. Raises GazetteerError where one is unknown or broader than itself.
        """
        self._concepts = {concept.id: concept for concept in concepts}
        self._automaton = _automaton(self._concepts.values(), homonyms, other_meanings)
        self._query_words = dict(query_words or {})
        self._everyday = dict(everyday or {})
        self._broader = _closed(broader or {}, self._concepts)

    @staticmethod
    @functools.cache
    def load() -> Gazetteer:
        """The shipped gazetteer (read once)."""
        return Gazetteer(
            read(_FOLDER),
            read_homonyms(_FOLDER),
            read_other_meanings(_FOLDER),
            read_query_words(_FOLDER),
            read_broader(_FOLDER),
            read_query_words(_FOLDER, _EVERYDAY),
        )

    def __len__(self) -> int:
        return len(self._concepts)

    def __iter__(self) -> Iterator[Concept]:
        return iter(self._concepts.values())

    def __contains__(self, concept: object) -> bool:
        return concept in self._concepts

    def concept(self, concept: str) -> Concept:
        """Raises KeyError for an id that is not in the tables."""
        return self._concepts[concept]

    def find(self, folded: str) -> list[Match]:
        """Matches in folded text (`nlp.text.fold(…).text`), in order, not overlapping; spans are of that text."""
        if folded.isascii():
            data = b" %b " % folded.encode("ascii").translate(_SEPARATORS)
            return self._select(data.decode("latin-1"), None)
        return self._select(*_spaced(folded))

    def concepts_of_query(self, text: str) -> tuple[str, ...]:
        """Ids of the concepts that a reader's words name, each once, in order."""
        return tuple(dict.fromkeys(match.concept for match in self.find(fold(text).text)))

    def query_word(self, folded: str) -> str:
        """The concept that a whole word of a query means, where it is too short or too common for prose; empty: none."""
        return self._query_words.get(folded, "")

    def everyday(self, folded: str) -> str:
        """The concept that a name in a query is a kind of, or another name for (a telescopic ladder is a ladder); empty: none."""
        return self._everyday.get(folded, "")

    def broader(self, concept: str) -> tuple[str, ...]:
        """Ids of everything broader, nearest first: a doll is a toy, a toy is a thing for children."""
        return self._broader.get(concept, ())

    def _select(self, haystack: str, places: _Places | None) -> list[Match]:
        hits = [(last + 1 - size, -last - 1, names) for last, (size, names) in self._automaton.iter(haystack)]
        if not hits:
            return []
        hits.sort()
        found: list[Match] = []
        reached = 0
        for start, negative, names in hits:
            if haystack[start] == " ":
                start += 1
            if start < reached:
                continue
            end = -negative - (haystack[-negative - 1] == " ")
            reached = end
            span = (start - 1, end - 1) if places is None else places.span(start, end)
            found += [Match(name, *span) for name in names]
        return found


class _Places:
    """The way back from bytes of the haystack to characters of the folded text; spans must be asked in order."""

    def __init__(self, data: bytes, shifts: list[tuple[int, int, int]]) -> None:
        """`shifts`: (character of the haystack, its place as a start, what to add to later places), in order."""
        self._data = data
        self._at = [shift[0] for shift in shifts]
        self._shifts = shifts
        self._byte = self._char = 0

    def span(self, start: int, end: int) -> tuple[int, int]:
        """Characters of the folded text for the bytes `start:end` of the haystack."""
        first = self._count(start)
        last = self._count(end)
        index = bisect_left(self._at, first)
        if index < len(self._at) and self._at[index] == first:
            begin = self._shifts[index][1]
        else:
            begin = first + (self._shifts[index - 1][2] if index else 0)
        index = bisect_right(self._at, last - 1)
        return begin, last + (self._shifts[index - 1][2] if index else 0)

    def _count(self, byte: int) -> int:
        self._char += len(self._data[self._byte : byte].decode("utf-8", "replace"))
        self._byte = byte
        return self._char


def _edit(folded: str) -> tuple[str, list[tuple[int, int, int]]]:
    """`folded` between spaces, with Latin and Arabic words set apart and Arabic articles off; and the way back."""
    parts = [" "]
    shifts = [(1, 0, -1)]  # `done`, and so each piece, is a place in `folded`; `size` one in the new text
    size, done, last = 1, 0, len(folded)
    spaced = -1  # where a space was put in already
    if not _ARABIC.search(folded):
        for match in _SEAM.finditer(folded):
            start, end = match.span()
            parts.append(folded[done:start])
            size += start - done
            done = end
            if start == end:
                parts.append(" ")
                size += 1
            shifts.append((size, end, end - size))
        parts += [folded[done:], " "]
        return "".join(parts), shifts
    for match in _ANY_WORD.finditer(folded):
        start, end = match.span()
        if folded[start] == " ":
            if start and _KANA.match(folded[start - 1]):
                parts.append(folded[done:start])
                size += start - done
                done = end
                shifts.append((size, end, end - size))
            continue
        if start and start != spaced and _touches(folded[start - 1]):
            parts += [folded[done:start], " "]
            size += start - done + 1
            done = start
            shifts.append((size, start, start - size))
        if folded[start] > "\x7f" and (article := _ARTICLE.match(folded, start, end)):
            parts.append(folded[done:start])
            size += start - done
            done = article.end()
            shifts.append((size, start, done - size))
        if end < last and _touches(folded[end]):
            parts += [folded[done:end], " "]
            size += end - done + 1
            done = spaced = end
            shifts.append((size, end, end - size))
    parts += [folded[done:], " "]
    return "".join(parts), shifts


def _touches(sign: str) -> bool:
    """Whether a word next to `sign` would run into it: signs of ASCII become spaces, all others stay."""
    return sign > "\x7f" or sign.isalnum()


def _spaced(folded: str) -> tuple[str, _Places]:
    text, shifts = _edit(folded)
    data = text.encode("utf-8", "replace").translate(_SEPARATORS)
    return data.decode("latin-1"), _Places(data, shifts)


def key(folded: str) -> str:
    """The automaton's key of a folded term: bounded by spaces where it begins or ends in a script that has words."""
    if folded.isascii():  # most are, and loading must be quick
        bare = folded.encode("ascii").translate(_SEPARATORS).strip().decode("ascii")
        return f" {bare} " if bare else ""
    if _ARABIC_WORDS.fullmatch(folded):
        return f" {' '.join(map(_without_article, folded.split(' ')))} ".encode().decode("latin-1")
    body = _edit(folded)[0][1:-1] if _ANY_WORD.search(folded) else folded
    spaced = body.encode("utf-8").translate(_SEPARATORS).strip().decode("utf-8")
    before = " " if _WORDLIKE.match(spaced[:1]) else ""
    after = " " if _WORDLIKE.match(spaced[-1:]) else ""
    return (before + spaced + after).encode("utf-8").decode("latin-1")


@functools.cache
def _without_article(word: str) -> str:
    article = _ARTICLE.match(word)
    return word[article.end() :] if article else word


def folded_terms(concepts: Iterable[Concept]) -> Iterator[tuple[Concept, str, str, str]]:
    """(concept, language, term, folded term) of every term; all folded in one go, since loading must be quick."""
    rows = [(c, lang, term) for c in concepts for lang, terms in c.terms.items() for term in terms]
    folded = fold(_JOIN.join(term for _, _, term in rows)).text.split(_JOIN)
    return ((c, lang, term, text.strip()) for (c, lang, term), text in zip(rows, folded, strict=True))


def _automaton(
    concepts: Iterable[Concept], homonyms: frozenset[str], other_meanings: frozenset[str]
) -> ahocorasick.Automaton:
    """Raises GazetteerError where a term names two concepts and is not listed as a homonym."""
    explicit: dict[str, tuple[str, ...]] = {}
    derived: dict[str, str] = {}
    for concept, lang, term, folded in folded_terms(concepts):
        whole = key(folded)
        owners = explicit.get(whole, ())
        if concept.id not in owners:
            if owners and folded not in homonyms:
                raise GazetteerError(f"{term!r} ({lang}) names both {owners[0]} and {concept.id}")
            explicit[whole] = (*owners, concept.id)
        for variant in inflection.variants(folded, term, lang):
            derived.setdefault(key(variant), concept.id)
    for phrase in other_meanings:
        explicit.setdefault(key(phrase), ())
    automaton = ahocorasick.Automaton()
    for word, owner in derived.items():
        if word not in explicit:  # a term somebody wrote beats a form we made: "glasses" are not the plural of "glass"
            automaton.add_word(word, (len(word), (owner,)))
    for word, owners in explicit.items():
        automaton.add_word(word, (len(word), owners))
    automaton.make_automaton()
    return automaton


def read(folder: Path) -> list[Concept]:
    """The concepts of all tables in `folder`. Raises GazetteerError for a row that breaks the form."""
    concepts: dict[str, Concept] = {}
    for path in sorted(folder.glob("*.tsv")):
        if path.name in _BESIDE:
            continue
        kind = path.stem.partition("_")[0]
        if kind not in KINDS:
            raise GazetteerError(f"{path.name}: no such kind of concept: {kind}")
        with path.open(encoding="utf-8", newline="") as file:
            rows = csv.reader(file, delimiter="\t", quoting=csv.QUOTE_NONE)
            header = next(rows)
            for number, cells in enumerate(rows, start=2):
                if len(cells) != len(header):
                    raise GazetteerError(f"{path.name}:{number}: {len(cells)} cells, the header has {len(header)}")
                row = dict(zip(header, cells, strict=True))
                if row["id"] in concepts:
                    raise GazetteerError(f"{path.name}:{number}: {row['id']} is listed twice")
                concepts[row["id"]] = _concept(row, kind, f"{path.name}:{number}")
    return list(concepts.values())


def _concept(row: Mapping[str, str], kind: Kind, where: str) -> Concept:
    terms = {lang: words for lang in LANGUAGES if (words := _list(row.get(lang, "")))}
    if not {"zh", "en"} <= terms.keys():
        raise GazetteerError(f"{where}: {row['id']} needs a Chinese and an English term")
    codes = _list(row.get("hs", ""))
    # A concept's industries are its codes' unless a reviewer wrote others: one rule, one place (nlp/industries.yml).
    industries = _list(row.get("industries", "")) or tuple(
        dict.fromkeys(industry for code in codes for industry in sorted(hs.industries_of(code)))
    )
    return Concept(row["id"], kind, terms, industries, codes, _list(row.get("hazards", "")), row.get("measure", ""))


def _list(cell: str) -> tuple[str, ...]:
    return tuple(part.strip() for part in cell.split(";") if part.strip())


def read_homonyms(folder: Path) -> frozenset[str]:
    """Folded terms that name several concepts on purpose (`homonyms.tsv`: term, concepts, why)."""
    return _folded_column(folder / _HOMONYMS)


def read_other_meanings(folder: Path) -> frozenset[str]:
    """Folded phrases that hold a term and do not mean it (`other_meanings.tsv`: term, why)."""
    return _folded_column(folder / _OTHER_MEANINGS)


def read_query_words(folder: Path, name: str = _QUERY_WORDS) -> dict[str, str]:
    """Folded words of queries → concept (`query_words.tsv`, `everyday.tsv`: concept, words)."""
    rows = _rows(folder / name)
    return {fold(word).text: row["concept"] for row in rows for word in _list(row["words"])}


def read_broader(folder: Path) -> dict[str, tuple[str, ...]]:
    """Concept → those one step broader (`broader.tsv`: concept, broader, sorted by concept)."""
    return {row["concept"]: _list(row["broader"]) for row in _rows(folder / _BROADER)}


def _closed(broader: Mapping[str, tuple[str, ...]], known: Collection[str]) -> dict[str, tuple[str, ...]]:
    """All that is broader than each concept, nearest first."""
    closed: dict[str, tuple[str, ...]] = {}
    for concept in broader:
        reached: dict[str, None] = {}
        step = [concept]
        while step:
            step = [wider for narrow in step for wider in broader.get(narrow, ()) if wider not in reached]
            reached.update(dict.fromkeys(step))
        if concept in reached:
            raise GazetteerError(f"{_BROADER}: {concept} is broader than itself")
        if unknown := [name for name in (concept, *reached) if name not in known]:
            raise GazetteerError(f"{_BROADER}: {concept}: no such concept: {', '.join(unknown)}")
        closed[concept] = tuple(reached)
    return closed


def _rows(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE))


def _folded_column(path: Path) -> frozenset[str]:
    with path.open(encoding="utf-8", newline="") as file:
        return frozenset(fold(row["term"]).text for row in csv.DictReader(file, delimiter="\t"))
