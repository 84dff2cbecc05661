"""What the models learn from: labelled tables, and our own words - HS names and the gazetteer's terms in every language.

The last two have no source's style: they teach what goods are called, in the languages the tables lack. Published
fields of a regime (RASFF's classification, origin, category) enter as tokens beside the text.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from nlp import concepts, hs, labels, published
from nlp.gazetteer import Gazetteer
from nlp.labels import Example
from nlp.text import fold

#: Weight of a row: of an office's label, of a name or term of ours.
WEAK, OWN = 0.3, 0.5
#: Every third row is learned once more as its concepts alone, so that these must carry it (source drop-out).
DROP = 3


@dataclass(slots=True)
class Corpus:
    """Examples and our own words in one order; `own` rows have no table."""

    texts: list[str] = field(default_factory=list)
    heads: list[int] = field(default_factory=list)
    tokens: list[list[tuple[int, float]]] = field(default_factory=list)  # concepts
    fields: list[list[tuple[int, float]]] = field(default_factory=list)  # published fields of the regime
    industries: list[str] = field(default_factory=list)  # "" none
    hazards: list[tuple[str, ...]] = field(default_factory=list)
    tables: list[str] = field(default_factory=list)  # "" our own words
    registers: list[str] = field(default_factory=list)
    regimes: list[str] = field(default_factory=list)
    dates: list[str] = field(default_factory=list)
    twins: list[str] = field(default_factory=list)
    weights: list[float] = field(default_factory=list)
    rows: list[Mapping[str, str]] = field(default_factory=list)
    severities: list[str] = field(default_factory=list)  # of tables in our own words

    def __len__(self) -> int:
        return len(self.texts)

    def add(self, example: Example) -> None:
        self.texts.append(example.text)
        self.heads.append(example.head)
        self.industries.append(example.industry or "")
        self.hazards.append(example.hazards)
        self.tables.append(example.table)
        self.registers.append(example.register)
        self.regimes.append(example.regime)
        self.dates.append(example.date)
        self.twins.append(f"{example.table}:{example.twin}")
        self.weights.append(WEAK if example.weak else 1.0)
        self.rows.append(example.row)
        self.severities.append(example.severity)

    def add_own(self, text: str, industry: str) -> None:
        self.texts.append(text)
        self.heads.append(len(text))
        self.industries.append(industry)
        self.hazards.append(())
        self.tables.append("")
        self.registers.append("")
        self.regimes.append("")
        self.dates.append("")
        self.twins.append(f"own:{len(self.texts)}")
        self.weights.append(OWN)
        self.rows.append({})
        self.severities.append("")

    def read_tokens(self) -> None:
        """The concepts of every text (of our own words too: they are found in themselves), the fields of every row."""
        self.tokens = concepts.of_texts(self.texts, self.heads)
        self.fields = [
            [(h, 1.0) for h in published.of_row(table, row)] for table, row in zip(self.tables, self.rows, strict=True)
        ]

    def part(self, rows: NDArray[np.int64]) -> Corpus:
        """These rows as a corpus of their own."""
        return Corpus(**{f.name: [getattr(self, f.name)[i] for i in rows] for f in dataclasses.fields(self)})

    def array(self, name: str) -> NDArray[np.object_]:
        return np.array(getattr(self, name), dtype=object)


def load(data: Path, *, own: bool = True) -> Corpus:
    """Every table the folder has, oldest row first within each, then our own words.

    Raises TableError where a table cannot be read, or the folder has none.
    """
    corpus = Corpus()
    for table in labels.find(data):
        for example in labels.read(table):
            corpus.add(example)
    if own:
        for text, industry in own_words():
            corpus.add_own(text, industry)
    corpus.read_tokens()
    return corpus


def own_words() -> Iterator[tuple[str, str]]:
    """(folded text, industry) of our HS names and the gazetteer's product terms that belong to one industry."""
    for size in (2, 4):
        for code in hs.codes(size):
            industries = hs.industries_of(code)
            if len(industries) == 1:
                name = hs.chapter_name if size == 2 else hs.heading_name
                for lang in ("en", "zh"):
                    text = name(code, lang)
                    if text:
                        yield fold(text).text, next(iter(industries))
    for concept in Gazetteer.load():
        if concept.kind == "product" and concept.industries:
            for terms in concept.terms.values():
                for term in terms:
                    yield fold(term).text, concept.industries[0]


def token_hashes(tokens: Iterable[Sequence[tuple[int, float]]]) -> NDArray[np.uint64]:
    return np.array(sorted({h for row in tokens for h, _ in row}), np.uint64)
