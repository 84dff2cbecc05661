"""The two tables: what is asked, and how well a notice serves the need.

Judged is the need, not the wording: queries of one topic have one need, in whatever language they ask, and share their judgements. So
what only the English wording brings into the pool counts as missed for the Chinese one.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path

HERE = Path(__file__).parent
QUERIES, JUDGEMENTS = HERE / "queries.tsv", HERE / "judgements.tsv"
#: The second set: written by somebody who had not seen the engine, asked for the first time when the engine was as it is.
BLIND_QUERIES, BLIND_JUDGEMENTS = HERE / "queries_blind.tsv", HERE / "judgements_blind.tsv"
LANGUAGES = ("zh", "en", "ja", "ar")
KINDS = ("product", "hazard", "symbol", "scheme", "mixed")
#: 3 exactly the need, 2 relevant, 1 marginal, 0 not.
GRADES = (0, 1, 2, 3)
RELEVANT = 2

#: topic → notice id → grade
Judgements = dict[str, dict[str, int]]


@dataclass(frozen=True, slots=True)
class Set:
    """A set of queries, where its judgements are, the name of its report, and how many of each system's list were judged."""

    queries: Path
    judgements: Path
    report: str
    depth: int


SETS = {
    "first": Set(QUERIES, JUDGEMENTS, "quality", 50),
    "blind": Set(BLIND_QUERIES, BLIND_JUDGEMENTS, "quality-blind", 20),
}


@dataclass(frozen=True, slots=True)
class Asked:
    """`text` as a user types it; `need` is what judges judge against; queries of one `topic` have one need."""

    id: str
    language: str
    kind: str
    topic: str
    text: str
    need: str


def queries(path: Path = QUERIES) -> list[Asked]:
    return [Asked(*fields) for fields in _rows(path, 6)]


def judgements(path: Path = JUDGEMENTS) -> Judgements:
    """Empty where nothing was judged yet. Raises ValueError for a grade outside 0-3 or a pair judged twice."""
    found: Judgements = defaultdict(dict)
    for topic, notice, grade in _rows(path, 3) if path.exists() else ():
        if grade not in {str(known) for known in GRADES}:
            raise ValueError(f"{path.name}: {topic} {notice}: no grade {grade!r}")
        if notice in found[topic]:
            raise ValueError(f"{path.name}: {topic} {notice} is judged twice")
        found[topic][notice] = int(grade)
    return dict(found)


def write_judgements(found: Judgements, path: Path = JUDGEMENTS) -> None:
    """Sorted by topic, then notice."""
    lines = [f"{topic}\t{notice}\t{found[topic][notice]}" for topic in sorted(found) for notice in sorted(found[topic])]
    path.write_text("\n".join(["topic\tnotice\tgrade", *lines]) + "\n", encoding="utf-8")


def _rows(path: Path, width: int) -> list[list[str]]:
    rows = [line.split("\t") for line in path.read_text(encoding="utf-8").splitlines()[1:]]
    for number, row in enumerate(rows, start=2):
        if len(row) != width:
            raise ValueError(f"{path.name}, line {number}: {len(row)} fields instead of {width}")
    return rows
