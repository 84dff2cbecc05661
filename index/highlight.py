"""What was found, shown on the authority's own words: passages of the original text with the places of the words found.

Ours for both engines: it knows concepts (锂电池 marks "lithium-ion cells") and stems, and leads every mark back through the folding
to the original characters.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from index.alert import Alert
from index.analysis import Concepts, Token, concept_term, stems, tokens
from index.plan import Plan, Term, positive
from index.store import Highlight, Language
from nlp.text import Folded, fold

PASSAGE = 200  # characters of a passage, about two lines of a result list
PASSAGES = 3
MAX_TEXT = 100_000
MAX_MARKS = 200

Span = tuple[int, int]


def highlights(alert: Alert, plan: Plan, concepts: Concepts, lang: Language = "zh") -> tuple[Highlight, ...]:
    """The title in the reader's language, whole, then the best passages of the other fields; fields without a mark are left out."""
    terms = list(dict.fromkeys(positive(plan.root)))
    if not terms:
        return ()
    shown: list[Highlight] = []
    passages: list[tuple[int, int, Highlight]] = []
    for order, (field, text, language) in enumerate(_fields(alert, lang)):
        if not text:
            continue
        folded = fold(text[:MAX_TEXT])
        marks = _merged(folded.origin(*span) for span in _spans(folded, terms, plan.concepts, concepts, language))
        if not marks:
            continue
        if field.startswith("title"):
            shown.append(Highlight(field=field, text=text, marks=tuple(marks)))
        else:
            best = _passage(field, text, marks)
            passages.append((-len(best.marks), order, best))
    passages.sort(key=lambda item: item[:2])
    return (*shown, *(item[2] for item in passages[:PASSAGES]))


def _fields(alert: Alert, lang: Language) -> list[tuple[str, str, str]]:
    """(field, text, language): only what is searched, so that a mark is always the ground of a hit."""
    notice, opinion = alert.notice, alert.effective
    titles = [("title_zh", opinion.title_zh, "zh"), ("title", notice.title, notice.language)]
    stated = " · ".join(v for value in notice.stated.values() for v in ((value,) if isinstance(value, str) else value))
    return [
        *(titles if lang == "zh" else reversed(titles)),
        ("products_text", notice.products_text, notice.language),
        ("summary", notice.summary, notice.language),
        ("text", notice.text, notice.language),
        ("stated", stated, notice.language),
    ]


def _spans(
    folded: Folded, terms: Sequence[Term], wanted: Sequence[str], concepts: Concepts, language: str
) -> Iterator[Span]:
    if wanted:
        yield from concepts.places(folded.text, frozenset(wanted))
    asked = {concept_term(concept) for concept in wanted}
    places = tokens(folded.text)
    words = stems((place.text for place in places), language)
    at: dict[str, list[int]] = {}
    for index, word in enumerate(words):
        at.setdefault(word, []).append(index)
    for term in terms:
        for sequence in term.sequences:
            if sequence[0] in asked:
                continue
            if len(sequence) == 1 and term.prefix:
                yield from ((p.start, p.start + 1) for p in places if p.text.startswith(sequence[0]))
                continue
            for index in at.get(sequence[0], ())[:MAX_MARKS]:
                if _stands(words, index, sequence, prefix=term.prefix):
                    yield _covered(places, index, sequence)


def _stands(words: Sequence[str], index: int, sequence: Sequence[str], *, prefix: bool) -> bool:
    there = words[index : index + len(sequence)]
    if len(there) < len(sequence):
        return False
    if not prefix:
        return there == list(sequence)
    return there[:-1] == list(sequence[:-1]) and there[-1].startswith(sequence[-1])


def _covered(places: Sequence[Token], index: int, sequence: Sequence[str]) -> Span:
    return places[index].start, places[index + len(sequence) - 1].end


def _merged(spans: Iterable[Span]) -> list[Span]:
    merged: list[Span] = []
    for start, end in sorted(set(spans)):
        if merged and start <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(end, merged[-1][1]))
        else:
            merged.append((start, end))
    return merged[:MAX_MARKS]


def _passage(field: str, text: str, marks: Sequence[Span]) -> Highlight:
    """The window with the most marks, begun and ended at a word where there is one near."""
    best, most = 0, 0
    for first, (start, _) in enumerate(marks):
        inside = sum(1 for _, end in marks[first:] if end <= start + PASSAGE - 30)
        if inside > most:
            best, most = start, inside
    if most == 0:
        best = marks[0][0]
    begin = max(0, best - 30)
    end = min(len(text), max(begin + PASSAGE, marks[0][1] if most == 0 else 0))
    if begin:
        space = text.find(" ", begin, best)
        begin = space + 1 if space >= 0 else begin
    if end < len(text):
        space = text.rfind(" ", begin + PASSAGE // 2, end)
        end = space if space >= 0 and space >= marks[0][0] else end
    kept = tuple((s - begin, min(e, end) - begin) for s, e in marks if begin <= s < end)
    return Highlight(field=field, text=text[begin:end], marks=kept)
