"""What a query means, worked out once for both engines: terms, filters, and how they combine.

A span of words the gazetteer knows becomes its concept; the rest becomes terms. A bare HS code also matches the field, and a
bare name of a place also matches market and origin, because people type `8507600090 欧盟` and expect both to be understood.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import lru_cache

from crawlers import places
from index.analysis import Concepts, alternatives, concept_term, surface, tokens
from index.expression import All, Any, Filter, Node, Not, Phrase, QueryError
from index.query import Query
from index.words import labels, split
from nlp.text import Folded, fold

MAX_TERMS = 400

#: Words that say nothing on their own; left out of bare words (never of phrases) when anything else is asked for.
_EMPTY = frozenset(
    [
        "a",
        "an",
        "the",
        "of",
        "and",
        "or",
        "in",
        "on",
        "for",
        "to",
        "from",
        "with",
        "by",
        "at",
        "as",
        "is",
        "are",
        "be",
        "this",
        "that",
        "le",
        "la",
        "les",
        "de",
        "des",
        "du",
        "et",
        "en",
        "un",
        "une",
        "el",
        "los",
        "las",
        "del",
        "y",
        "para",
        "con",
        "por",
        "se",
        "l",
        "d",
    ]
) | frozenset("的了和与及等之对在为或并のをにはがでともや へ")
_HS_LIKE = re.compile(r"\d{4}\.?\d{2}(?:[.\s]?\d{2,3}){0,3}|\d{2}\.\d{2}")
_SHORT_PLACES = frozenset({"EU", "US", "UK", "USA", "UAE", "GCC", "KSA"})
#: Words end at white space, and around the particles that only join Chinese and Japanese words.
_CHUNK = re.compile(r"[^\s的の]+")
#: Chinese and Japanese "grown in" and "made in", written onto the country.
_MADE = re.compile("[产制]$")
_UNSPACED = re.compile("[\u3041-\u30ff\u3400-\u9fff]{3,}")
_SIGN = re.compile("[\u3041-\u30ff\u3400-\u9fff]")
_LONGEST_PLACE = 8  # characters
_LONGEST_NAME = 4  # words


@dataclass(frozen=True, slots=True)
class Term:
    """Any of some sequences of terms, each standing together; `prefix`: the last term of each is only begun."""

    sequences: tuple[tuple[str, ...], ...]
    prefix: bool = False


@dataclass(frozen=True, slots=True)
class Literal:
    """Surface terms standing together, letter by letter. `scored` is what its score comes from: the same words, stemmed."""

    words: tuple[str, ...]
    prefix: bool
    scored: Term


@dataclass(frozen=True, slots=True)
class Both:
    items: tuple[Part, ...]


@dataclass(frozen=True, slots=True)
class Some:
    """At least `least` of the items."""

    items: tuple[Part, ...]
    least: int


@dataclass(frozen=True, slots=True)
class Either:
    items: tuple[Part, ...]


@dataclass(frozen=True, slots=True)
class Without:
    item: Part


@dataclass(frozen=True, slots=True)
class Maybe:
    """Among the items of a `Both`: adds to the score where it is found, and need not be."""

    item: Part


Part = Term | Literal | Filter | Both | Some | Either | Without | Maybe


@dataclass(frozen=True, slots=True)
class Plan:
    """`root` must hold (None: everything does) and each of `conditions`; `concepts` are the ids that answered words.

    `together`: how many words and concepts the longest run of words asks for; `Query.missing` counts by these.
    """

    root: Part | None
    conditions: tuple[Filter, ...]
    concepts: tuple[str, ...] = ()
    together: int = 0


@dataclass(slots=True)
class _Reading:
    """What reading one query carries along."""

    concepts: Concepts
    missing: int
    used: list[str]
    together: int = 0
    strict: bool = False  # every word must be found, fillers too


@lru_cache(maxsize=1_000)
def plan(query: Query, concepts: Concepts) -> Plan:
    """What a query means; kept, since a page asks the same one several times. Raises QueryError when it comes to more terms than an engine should be asked for."""
    reading = _Reading(concepts, query.missing, [])
    root = _part(query.tree, reading) if query.tree is not None else None
    if sum(_size(part) for part in _walk(root)) > MAX_TERMS:
        raise QueryError(0, f"the query comes to more than {MAX_TERMS} terms", f"查询展开后超过{MAX_TERMS}个检索词")
    return Plan(root, query.conditions, tuple(dict.fromkeys(reading.used)), reading.together)


def positive(part: Part | None) -> Iterator[Term]:
    """The terms that can add to a score: everything outside a `-`."""
    if isinstance(part, Term):
        yield part
    elif isinstance(part, Literal):
        yield part.scored
    elif isinstance(part, Maybe):
        yield from positive(part.item)
    elif isinstance(part, Both | Some | Either):
        for item in part.items:
            yield from positive(item)


def _walk(part: Part | None) -> Iterator[Part]:
    if part is None:
        return
    yield part
    inner = (
        part.items
        if isinstance(part, Both | Some | Either)
        else (part.item,)
        if isinstance(part, Without | Maybe)
        else ()
    )
    for item in inner:
        yield from _walk(item)


def _size(part: Part) -> int:
    if isinstance(part, Term):
        return sum(map(len, part.sequences))
    return len(part.words) if isinstance(part, Literal) else 1


def _part(node: Node, reading: _Reading) -> Part | None:
    if isinstance(node, Filter):
        return node
    if isinstance(node, Not):
        inner = _part(
            node.item, _Reading(reading.concepts, 0, reading.used, strict=True)
        )  # what is excluded is excluded as it was typed
        return Without(inner) if inner is not None else None
    if isinstance(node, All | Any):
        parts = tuple(part for part in (_part(item, reading) for item in node.items) if part is not None)
        if len(parts) < 2:
            return parts[0] if parts else None
        return Both(parts) if isinstance(node, All) else Either(parts)
    if isinstance(node, Phrase):
        return _literal(node.text) if node.exact else _phrase(node.text, reading)
    return _words(node.text, reading)


def _phrase(text: str, reading: _Reading) -> Part | None:
    folded = fold(text).text.strip()
    spans = reading.concepts.spans(folded)
    if spans and all((span.start, span.end) == (0, len(folded)) for span in spans):
        return _named([span.concept for span in spans], reading)
    return _terms(folded)


def _named(concepts: Sequence[str], reading: _Reading) -> Part:
    """What a word asks for that names these concepts: any of them (a word of two meanings), or the label that means the same."""
    reading.used += concepts
    term = Term(tuple((concept_term(concept),) for concept in concepts))
    same = tuple(dict.fromkeys(label for concept in concepts for label in labels(concept)))
    return Either((term, *same)) if same else term


def _literal(text: str) -> Literal | None:
    folded = fold(text).text
    scored, words = _terms(folded), surface(folded)
    if scored is None:
        return None
    words, prefix = _open_end(words)
    return Literal(tuple(words), prefix, scored)


def _terms(folded: str) -> Term | None:
    words, prefix = _open_end(surface(folded))
    return Term(alternatives(words), prefix) if words else None


def _open_end(words: list[str]) -> tuple[list[str], bool]:
    """A run of paired characters ends with one alone in a document; in a query that one says nothing, unless it is all."""
    if words and len(words[-1]) == 1 and tokens_are_paired(words[-1]):
        if len(words) > 1 and len(words[-2]) == 2 and words[-2][1] == words[-1] and tokens_are_paired(words[-2]):
            return words[:-1], False
        return words, True
    return words, False


def tokens_are_paired(text: str) -> bool:
    return len(tokens(text)) == len(text) if text and not text.isascii() else False


@dataclass(slots=True)
class _Words:
    """The parts of a run of words: what must be found, what only adds to the score, and what is left out beside anything else."""

    wanted: list[Part] = field(default_factory=list)
    fillers: list[Part] = field(default_factory=list)
    empty: list[Part] = field(default_factory=list)


def _words(text: str, reading: _Reading) -> Part | None:
    """Each concept, and each chunk between them, must be found; all but `missing`, one of them at least. Fillers need not."""
    folded = fold(text)
    words = _Words()
    at = 0
    for (start, end), concepts in _named_spans(folded.text, reading.concepts):
        _chunks(folded, at, start, words, reading)
        words.wanted.append(_named(concepts, reading) if concepts else _typed(folded.text[start:end], reading))
        at = end
    _chunks(folded, at, len(folded.text), words, reading)
    must = [*words.wanted, *words.fillers] if reading.strict else words.wanted
    wanted = tuple(dict.fromkeys(must or words.fillers or words.empty[:1]))
    if not wanted:
        return None
    reading.together = max(reading.together, len(wanted))
    missing = min(reading.missing, len(wanted) - 1)
    asked: tuple[Part, ...] = (Some(wanted, len(wanted) - missing),) if missing else wanted
    extra = tuple(dict.fromkeys(filler for filler in words.fillers if filler not in wanted))
    asked += tuple(map(Maybe, extra))
    return Both(asked) if len(asked) > 1 else asked[0]


def _named_spans(text: str, concepts: Concepts) -> list[tuple[tuple[int, int], list[str]]]:
    """What the gazetteer finds, and names in queries that it does not look for in prose ([]: `_typed`); of two that overlap, the longer."""
    spans: dict[tuple[int, int], list[str]] = {}
    for match in concepts.spans(text):
        spans.setdefault((match.start, match.end), []).append(match.concept)
    chunks = [match.span() for match in _CHUNK.finditer(text)]
    for size in range(_LONGEST_NAME, 0, -1):
        for first, last in zip(chunks, chunks[size - 1 :], strict=False):
            start, end = first[0], last[1]
            touching = [span for span in spans if span[0] < end and start < span[1]]
            inside = all(start <= span[0] and span[1] <= end and span != (start, end) for span in touching)
            if inside and (concepts.query_word(text[start:end]) or concepts.everyday(text[start:end])):
                for span in touching:
                    del spans[span]
                spans[start, end] = []
    return sorted(spans.items())


def _typed(text: str, reading: _Reading) -> Part:
    """A name in a query: its concept, and, unless the words themselves would find too much, these too."""
    concept = reading.concepts.query_word(text)
    if concept:
        return _named((concept,), reading)
    named, term = _named((reading.concepts.everyday(text),), reading), _terms(text)
    return named if term is None or term.prefix else Either((named, term))


def _chunks(folded: Folded, start: int, end: int, words: _Words, reading: _Reading) -> None:
    """The parts of `folded.text[start:end]`, split at white space; names of places may have up to four words."""
    chunks = [(start + m.start(), start + m.end()) for m in _CHUNK.finditer(folded.text[start:end])]
    at = 0
    while at < len(chunks):
        for stop in range(min(len(chunks), at + 4), at, -1):
            span = chunks[at][0], chunks[stop - 1][1]
            named = _meant(folded, *span, single=stop == at + 1)
            if named:
                _place(folded, *span, named, words)
                at = stop
                break
        else:
            if _is_left_over(folded.text, *chunks[at]):
                term = _terms(folded.text[chunks[at][0] : chunks[at][1]])
                words.empty += [term] if term else []
            else:
                _chunk(folded, *chunks[at], words, reading)
            at += 1


def _is_left_over(text: str, start: int, end: int) -> bool:
    """One sign of Chinese or Japanese that stands beside what was understood, written together with it: 产 in 产鱼籽."""
    alone = end - start == 1 and _SIGN.fullmatch(text[start]) is not None
    before, after = text[start - 1 : start].strip(), text[end : end + 1].strip()
    return alone and bool(_SIGN.fullmatch(before) or _SIGN.fullmatch(after))


def _place(folded: Folded, start: int, end: int, named: tuple[Filter, ...], words: _Words) -> None:
    term = _terms(folded.text[start:end])
    words.wanted.append(Either((*([term] if term else []), *named)))


def _chunk(folded: Folded, start: int, end: int, words: _Words, reading: _Reading) -> None:
    """A run of letters that no concept and no place names as a whole."""
    text = folded.text[start:end]
    if _UNSPACED.fullmatch(text):
        for stop in range(min(end - 1, start + _LONGEST_PLACE), start + 1, -1):
            named = _meant(folded, start, stop, single=True)
            if named:
                _place(folded, start, stop, named, words)
                _chunks(folded, stop, end, words, reading)
                return
    before, middle, after = split(text)
    known = reading.concepts.query_word(middle) or reading.concepts.everyday(middle)
    if known:
        words.wanted.append(_typed(middle, reading))
    elif len(middle) == 1 and len(text) > 1:  # what is left of a compound says nothing: 副产品
        before, middle, after = "", text, ""
    words.fillers += [term for term in map(_terms, (before, after)) if term is not None]
    if middle and not known:
        term = _terms(middle)
        if term is not None:
            (words.empty if middle in _EMPTY else words.wanted).append(term)


def _meant(folded: Folded, start: int, end: int, *, single: bool) -> tuple[Filter, ...]:
    """The filters a bare HS code or the name of a place stands for; () for other words."""
    text = folded.text[start:end]
    if single and _HS_LIKE.fullmatch(text):
        digits = re.sub(r"\D", "", text)
        return (Filter(field="hs", values=(digits[:6],)),) if "01" <= digits[:2] <= "97" else ()
    first, last = folded.origin(start, end)
    written = folded.source[first:last]
    if len(text) < 4 and text.isascii() and written not in _SHORT_PLACES:
        return ()
    if len(text) < 2 or text[0].isdigit():
        return ()
    code = places.code(written)
    if code is None and single and len(text) > 2 and _MADE.search(text):
        code = places.code(folded.source[first : folded.origin(start, end - 1)[1]])
        return (Filter(field="origin", values=(code,)),) if code else ()
    if code is None:
        return ()
    return (Filter(field="market", values=(code,)), Filter(field="origin", values=(code,)))
