"""The two tables: what is asked, and how well a notice serves the need."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path

HERE = Path(__file__).parent
QUERIES, JUDGEMENTS = HERE / "queries.tsv", HERE / "judgements.tsv"
LANGUAGES = ("zh", "en", "ja", "ar")
KINDS = ("product", "hazard", "symbol", "scheme", "mixed")
#: 3 exactly the need, 2 relevant, 1 marginal, 0 not.
GRADES = (0, 1, 2, 3)
RELEVANT = 2

#: query id → notice id → grade
Judgements = dict[str, dict[str, int]]


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
    for query, notice, grade in _rows(path, 3) if path.exists() else ():
        if grade not in {str(known) for known in GRADES}:
            raise ValueError(f"{path.name}: {query} {notice}: no grade {grade!r}")
        if notice in found[query]:
            raise ValueError(f"{path.name}: {query} {notice} is judged twice")
        found[query][notice] = int(grade)
    return dict(found)


def write_judgements(found: Judgements, path: Path = JUDGEMENTS) -> None:
    """Sorted by query, then notice."""
    lines = [f"{query}\t{notice}\t{found[query][notice]}" for query in sorted(found) for notice in sorted(found[query])]
    path.write_text("\n".join(["query\tnotice\tgrade", *lines]) + "\n", encoding="utf-8")


def _rows(path: Path, width: int) -> list[list[str]]:
    rows = [line.split("\t") for line in path.read_text(encoding="utf-8").splitlines()[1:]]
    for number, row in enumerate(rows, start=2):
        if len(row) != width:
            raise ValueError(f"{path.name}, line {number}: {len(row)} fields instead of {width}")
    return rows
