"""What judges get: of every need the first of each system (`tables.Set.depth`) for each wording, each notice once, shuffled, no system told.

`python -m benchmarks.quality.pool DIR [blind]` writes `pool_1.jsonl` … `pool_3.jsonl` into a folder outside the repository (they hold the
authorities' texts). A line is a need, as it was asked, with its documents: title, an excerpt and facts as published, nothing that we made of them.
Documents that are judged already are left out, so that a later pool of other systems only asks for what is new.
"""

from __future__ import annotations

import json
import random
import re
import sys
from collections.abc import Collection, Sequence
from pathlib import Path
from typing import Any

from benchmarks.data import data
from benchmarks.harness import ROOT
from benchmarks.quality import collection, systems, tables
from benchmarks.quality.tables import Asked
from crawlers import places
from crawlers.notice import Notice

PARTS, SEED = 3, 20
TITLE, EXCERPT, FACTS, VALUE = 300, 700, 400, 160  # characters
_WORD = re.compile(r"[^\W\d_]{4,}|\d{3,}|[\u3041-\u30ff\u4e00-\u9fff]{2,}")


def merged(rankings: Sequence[Sequence[str]], depth: int, seed: str, judged: Collection[str] = ()) -> list[str]:
    """The first `depth` of each, each id once, in an order that tells nothing: it depends on the seed alone."""
    found = sorted({notice for ranking in rankings for notice in ranking[:depth]}.difference(judged))
    random.Random(seed).shuffle(found)
    return found


def shown(notice: Notice, asked: Sequence[Asked]) -> dict[str, Any]:
    """A document as a judge of a need sees it, however that was asked."""
    title = notice.title[:TITLE]
    body = "\n".join(part for part in (notice.summary, notice.text) if part and part != notice.title)
    text = excerpt(
        body,
        {w.casefold() for query in asked for w in _WORD.findall(f"{query.text} {query.need}")},
        EXCERPT - len(title),
    )
    return {
        "id": notice.id,
        "source": notice.source,
        "title": title,
        "text": text,
        "facts": facts(notice, f"{title}\n{text}"),
    }


def excerpt(body: str, words: Collection[str], limit: int) -> str:
    """The beginning; of a long text half of it, and the passage that holds most of the `words`."""
    if len(body) <= limit:
        return body
    head, folded = limit // 2, body.casefold()
    rest = limit - head - 3
    starts = range(head, max(head + 1, len(body) - rest + 1), 80)
    best = max(starts, key=lambda at: (sum(word in folded[at : at + rest] for word in words), -at))
    return body[:head] + (" … " if best > head else "") + body[best : best + rest]


def facts(notice: Notice, told: str) -> dict[str, str]:
    """What the authority says of it besides, without what title and excerpt tell already."""
    origins = ", ".join(places.name(code, "en") for code in notice.origins)
    found = {
        "published": notice.published.isoformat(),
        "market": places.name(notice.market, "en"),
        "symbol": notice.symbol,
        "joint symbols": " ".join(notice.joint_symbols),
        "document type": notice.document_type,
        "product": notice.products_text,
        "origin": origins,
        "HS": " ".join(code.code for code in notice.hs_codes),
    }
    for name, value in notice.stated.items():
        found[f"stated {name}"] = value if isinstance(value, str) else "; ".join(value)
    told = told.casefold()
    kept: dict[str, str] = {}
    for name, value in found.items():
        cut = " ".join(value.split())[:VALUE]
        if cut and cut.casefold() not in told and sum(map(len, kept.values())) + len(cut) <= FACTS:
            kept[name] = cut
            told += "\n" + cut.casefold()
    return kept


def parts(lines: Sequence[dict[str, Any]], count: int = PARTS) -> list[list[dict[str, Any]]]:
    """The lines dealt into `count` parts of about equal size, largest first; a need is in one part, whole."""
    dealt: list[list[dict[str, Any]]] = [[] for _ in range(count)]
    sizes = [0] * count
    for line in sorted(lines, key=lambda line: (-len(json.dumps(line, ensure_ascii=False)), line["topic"])):
        to = sizes.index(min(sizes))
        dealt[to].append(line)
        sizes[to] += len(json.dumps(line, ensure_ascii=False))
    return [sorted(part, key=lambda line: str(line["topic"])) for part in dealt]


def main(folder: Path, name: str = "first") -> int:
    if folder.resolve().is_relative_to(ROOT):
        print("the texts of authorities do not go into the repository: choose a folder outside", file=sys.stderr)
        return 2
    alerts = collection.load(data())
    by_id = {alert.id: alert.notice for alert in alerts}
    chosen = tables.SETS[name]
    judged = tables.judgements(chosen.judgements)
    topics: dict[str, list[Asked]] = {}
    for query in tables.queries(chosen.queries):
        topics.setdefault(query.topic, []).append(query)
    lines = []
    with systems.opened(alerts) as opened:
        for topic, asked in sorted(topics.items()):
            rankings = [system.rank(query.text, chosen.depth) for query in asked for system in opened.values()]
            ids = merged(rankings, chosen.depth, f"{SEED} {topic}", judged.get(topic, {}))
            documents = [{"n": n, **shown(by_id[notice], asked)} for n, notice in enumerate(ids, start=1)]
            texts = [query.text for query in asked]
            lines.append({"topic": topic, "asked": texts, "need": asked[0].need, "docs": documents})
            print(topic, *(len(ranking) for ranking in rankings), len(ids), sep="\t")
    folder.mkdir(parents=True, exist_ok=True)
    for number, part in enumerate(parts([line for line in lines if line["docs"]]), start=1):
        text = "".join(json.dumps(line, ensure_ascii=False) + "\n" for line in part)
        (folder / f"pool_{number}.jsonl").write_text(text, encoding="utf-8")
        print(
            f"pool_{number}: {len(part)} needs, {sum(len(line['docs']) for line in part)} documents, {len(text):,} signs"
        )
    print(f"collection: {len(alerts):,} alerts, {collection.fingerprint(by_id)}")
    return 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]), *sys.argv[2:]))
