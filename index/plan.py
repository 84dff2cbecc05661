"""What a query means, worked out once for both engines: terms, filters, and how they combine.

A span of words the gazetteer knows becomes its concept; the rest becomes terms. A bare HS code also matches the field, and a
bare name of a place also matches market and origin, because people type `8507600090 欧盟` and expect both to be understood.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from crawlers import places
from index.analysis import Concepts, alternatives, concept_term, surface, tokens
from index.expression import All, Any, Filter, Node, Not, Phrase, QueryError
from index.query import Query
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


Part = Term | Literal | Filter | Both | Some | Either | Without


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


def plan(query: Query, concepts: Concepts) -> Plan:
    """Raises QueryError when the query comes to more terms than an engine should be asked for."""
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
    elif isinstance(part, Both | Some | Either):
        for item in part.items:
            yield from positive(item)


def _walk(part: Part | None) -> Iterator[Part]:
    if part is None:
        return
    yield part
    inner = part.items if isinstance(part, Both | Some | Either) else (part.item,) if isinstance(part, Without) else ()
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
            node.item, _Reading(reading.concepts, 0, reading.used)
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
    if len(spans) == 1 and (spans[0].start, spans[0].end) == (0, len(folded)):
        reading.used.append(spans[0].concept)
        return Term(((concept_term(spans[0].concept),),))
    return _terms(folded)


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


def _words(text: str, reading: _Reading) -> Part | None:
    """Each concept, and each chunk between them, must be found; all but `missing`, one of them at least."""
    folded = fold(text)
    parts: list[Part] = []
    fillers: list[Part] = []
    at = 0
    spans = reading.concepts.spans(folded.text)
    for start, end, concept in [*((m.start, m.end, m.concept) for m in spans), (None, None, "")]:
        _chunks(folded, at, len(folded.text) if start is None else start, parts, fillers)
        if start is not None and end is not None:
            parts.append(Term(((concept_term(concept),),)))
            reading.used.append(concept)
            at = end
    wanted = tuple(dict.fromkeys(parts or fillers[:1]))
    if len(wanted) < 2:
        return wanted[0] if wanted else None
    reading.together = max(reading.together, len(wanted))
    missing = min(reading.missing, len(wanted) - 1)
    return Some(wanted, len(wanted) - missing) if missing else Both(wanted)


def _chunks(folded: Folded, start: int, end: int, parts: list[Part], fillers: list[Part]) -> None:
    """The parts of `folded.text[start:end]`, split at white space; names of places may have up to four words."""
    chunks = [(start + m.start(), start + m.end()) for m in _CHUNK.finditer(folded.text[start:end])]
    at = 0
    while at < len(chunks):
        for stop in range(min(len(chunks), at + 4), at, -1):
            span = chunks[at][0], chunks[stop - 1][1]
            named = _meant(folded, *span, single=stop == at + 1)
            if named:
                term = _terms(folded.text[span[0] : span[1]])
                parts.append(Either((*([term] if term else []), *named)))
                at = stop
                break
        else:
            words = folded.text[chunks[at][0] : chunks[at][1]]
            term = _terms(words)
            if term is not None:
                (fillers if words in _EMPTY else parts).append(term)
            at += 1


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
    if code is None:
        return ()
    return (Filter(field="market", values=(code,)), Filter(field="origin", values=(code,)))
