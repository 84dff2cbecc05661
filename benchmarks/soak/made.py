"""Documents for growth: `POOL` made alerts, analysed; beyond these, new ones recombined from the pool.

A recombined document has the first fields of one analysed document and the last of another of the same source, other digits in its
codes, an id and a day of its own. Its words are as frequent as in the pool; it saves the analysis, which is measured on the pool.
"""

from __future__ import annotations

import dataclasses
import datetime as dt
import pickle
import random
import re
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmarks import alerts
from benchmarks.data import recordings
from benchmarks.generated import YEARS, Generator, frequencies
from benchmarks.harness import ROOT
from index import documents
from index.analysis import Concepts
from index.documents import Document, Part, document
from nlp.gazetteer import Gazetteer

FOLDER = ROOT / ".cache" / "soak" / "growth"
POOL, REAL = 20_000, 3_000
MODELS = "real.jsonl.gz"  # the real alerts the pool was made from; queries are drawn from them
_DIGITS = re.compile(r"\d{4,}")


@dataclass
class Pool:
    """`seconds` of analysis (not of making the alerts); `real`, `made`: how words are spread in each."""

    documents: list[Document]
    seconds: float
    real: dict[str, float]
    made: dict[str, float]


def pool(size: int = POOL, folder: Path = FOLDER) -> Pool:
    """Made once, kept; a kept one may be read because we wrote it."""
    kept = folder / f"pool-{size}-{documents.VERSION}.pickle"
    if kept.exists():
        with kept.open("rb") as file:
            found = pickle.load(file)  # noqa: S301
        assert isinstance(found, Pool)
        return found
    folder.mkdir(parents=True, exist_ok=True)
    real = alerts.real(REAL, recordings())
    alerts.write(folder / MODELS, real)
    generator, concepts = Generator(real), Concepts(Gazetteer.load())
    analysed: list[Document] = []
    seconds = 0.0
    sample = []
    for first in range(0, size, 1_000):
        made = list(generator.make(first, min(first + 1_000, size)))
        sample += made if first < REAL else []
        start = time.process_time()
        analysed += [document(alert, concepts) for alert in made]
        seconds += time.process_time() - start
    whole = Pool(analysed, seconds, frequencies(real), frequencies(sample[:REAL]))
    with kept.open("wb") as file:
        pickle.dump(whole, file)
    return whole


class Recombined:
    """Document `number` depends on nothing but its number and the pool."""

    def __init__(self, documents: Sequence[Document], last: dt.date = dt.date(2025, 6, 30)) -> None:
        self._documents = documents
        self._last = last.toordinal()
        self._by_source: dict[str, list[Document]] = {}
        for one in documents:
            self._by_source.setdefault(one.values["source"][0], []).append(one)

    def make(self, first: int, stop: int) -> Iterator[Document]:
        """The pool itself first."""
        for number in range(first, stop):
            yield self._documents[number] if number < len(self._documents) else self.one(number)

    def one(self, number: int) -> Document:
        chance = random.Random(number)
        mine = self._documents[int(chance.random() * len(self._documents))]
        same = self._by_source[mine.values["source"][0]]
        theirs = same[int(chance.random() * len(same))]
        published = self._last - int(chance.random() ** 1.5 * YEARS * 365)
        shift = published - mine.published
        monday = dt.date.fromordinal(published - (published - 1) % 7)
        name = f"made:{number}"

        def other(_: re.Match[str]) -> str:
            return str(int(chance.random() * 9_000_000) + 1_000_000)

        def renumbered(words: tuple[str, ...], stems: tuple[str, ...]) -> tuple[tuple[str, ...], tuple[str, ...]]:
            """Other digits in the long numbers of both alike: no language stems a word with digits."""
            fresh = {at: _DIGITS.sub(other, word) for at, word in enumerate(words) if _DIGITS.search(word)}
            return tuple(tuple(fresh.get(at, word) for at, word in enumerate(row)) for row in (words, stems))  # type: ignore[return-value]

        return dataclasses.replace(
            mine,
            id=name,
            parts=tuple(Part(p.weight, *renumbered(p.words, p.stems)) for p in _crossed(mine.parts, theirs.parts)),
            values={**mine.values, "id": (name,), "event": (name,), "week": (monday.isoformat(),)},
            levels=tuple(
                (level, since and since + shift, min(until + shift, dt.date.max.toordinal()))
                for level, since, until in mine.levels
            ),
            published=published,
            deadline=mine.deadline + shift if mine.deadline else None,
            applies=tuple(day + shift for day in mine.applies),
            body=mine.body.replace(mine.id, name),
        )


def _crossed(mine: tuple[Part, ...], theirs: tuple[Part, ...]) -> tuple[Part, ...]:
    """The first texts of the one, the last of the other; the concepts stay those of the first."""
    return (*mine[: (len(mine) + 1) // 2], *theirs[(len(theirs) + 1) // 2 :])
