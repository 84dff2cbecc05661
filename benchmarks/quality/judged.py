"""What judges gave back → `judgements.tsv`.

`python -m benchmarks.quality.judged DIR [blind]` reads, beside each `pool_N.jsonl`, `judged_N.tsv`: a line is topic, number of the document
(`n` in the pool), grade, split by tabs. Every document of the pool must be graded once and nothing else be named; what was judged
before stays.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

from benchmarks.quality import tables
from benchmarks.quality.tables import Judgements


def read(pool: Path, given: Path) -> Judgements:
    """Raises ValueError that names what is missing, graded twice, unknown, or no grade."""
    lines = [json.loads(line) for line in pool.read_text(encoding="utf-8").splitlines()]
    ids = {(line["topic"], str(doc["n"])): doc["id"] for line in lines for doc in line["docs"]}
    found: Judgements = {}
    for number, text in enumerate(given.read_text(encoding="utf-8").splitlines(), start=1):
        if not text.strip():
            continue
        where = f"{given.name}, line {number}: {text!r}"
        topic, n, grade = [*text.split("\t"), "", "", ""][:3]
        if (topic, n) not in ids or grade not in {str(known) for known in tables.GRADES}:
            raise ValueError(f"{where}: not a document of {pool.name} with a grade 0-3")
        if ids[topic, n] in found.setdefault(topic, {}):
            raise ValueError(f"{where}: graded twice")
        found[topic][ids[topic, n]] = int(grade)
    missing = [f"{topic} {n}" for (topic, n), notice in ids.items() if notice not in found.get(topic, {})]
    if missing:
        raise ValueError(f"{given.name}: {len(missing)} of {len(ids)} are not graded: {', '.join(missing[:10])}")
    return found


def main(folder: Path, name: str = "first") -> int:
    path = tables.SETS[name].judgements
    every = tables.judgements(path)
    for pool in sorted(folder.glob("pool_*.jsonl")):
        for topic, grades in read(pool, folder / f"judged_{pool.stem.partition('_')[2]}.tsv").items():
            every.setdefault(topic, {}).update(grades)
    tables.write_judgements(every, path)
    print(f"{path}: {len(every)} needs, {sum(map(len, every.values())):,} judgements")
    return 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]), *sys.argv[2:]))
