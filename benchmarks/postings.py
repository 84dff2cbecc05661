"""FTS5's own ranking against the arrays of `index/postings.py`: the same terms of the same documents, the same BM25."""

from __future__ import annotations

import sqlite3
import statistics
import time
from collections import Counter
from collections.abc import Callable

import numpy as np

from benchmarks.harness import report
from benchmarks.soak.made import pool
from index.postings import Postings, idf, invert, length_codes, norms, scores

SIZES = (200, 2_000, 10_000)  # documents that hold the term
TERMS = 12


def run() -> None:
    analysed = pool().documents
    documents = [one.terms for one in analysed]
    split = [terms.split() for terms in documents]
    holding = Counter(term for terms in split for term in set(terms))
    connection = sqlite3.connect(":memory:")
    connection.execute("CREATE VIRTUAL TABLE words USING fts5(terms, content='', tokenize=\"ascii tokenchars '_'\")")
    connection.executemany("INSERT INTO words (rowid, terms) VALUES (?, ?)", enumerate(documents, 1))
    arrays = dict(
        invert([[(part.weight, part.stems, ("",) * len(part.stems)) for part in one.parts] for one in analysed], 1)[0]
    )
    lengths = [len(terms) for terms in split]
    norm = norms(length_codes(lengths), statistics.fmean(lengths))

    def fts(term: str) -> object:
        return connection.execute(
            "SELECT rowid, bm25(words) FROM words WHERE words MATCH ? ORDER BY 2 LIMIT 20", (f'"{term}"',)
        ).fetchall()

    def ours(term: str) -> object:
        found: Postings = arrays[term]
        score = scores(found.counts, idf(len(documents), len(found.docs)), norm[found.docs - 1])
        best = np.argpartition(-score, min(20, len(score) - 1))[:20]
        return found.docs[best[np.argsort(-score[best])]]

    rows = []
    for size in SIZES:
        terms = [t for t, n in sorted(holding.items()) if 0.7 * size < n < 1.4 * size and "_" not in t][:TERMS]
        times = {name: _median(ask, terms) for name, ask in (("fts5", fts), ("arrays", ours))}
        hits = statistics.fmean(holding[term] for term in terms)
        rows.append(
            [
                len(terms),
                f"{hits:,.0f}",
                f"{times['fts5']:.2f}",
                f"{times['arrays']:.2f}",
                f"{times['fts5'] / times['arrays']:.0f}",
            ]
        )
    report(
        "postings",
        "Ranking one term: FTS5's bm25() against arrays",
        f"`make bench BENCH=postings`: {len(documents):,} made documents in memory, the first 20 of all that hold a term, CPU ms (median over"
        " terms and five runs). The arrays stand ready here; reading them from the file costs a copy of 6 bytes a document.",
        ["terms", "documents that hold it (mean)", "FTS5 ms", "arrays ms", "FTS5 / arrays"],
        rows,
    )


def _median(ask: Callable[[str], object], terms: list[str]) -> float:
    times = []
    for _ in range(5):
        for term in terms:
            start = time.thread_time()
            ask(term)
            times.append(1_000 * (time.thread_time() - start))
    return statistics.median(times)
