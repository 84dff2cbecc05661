"""The whole assessment against scikit-learn's own vectorisers and LinearSVC, spaCy's PhraseMatcher, and itself in two processes."""

from __future__ import annotations

import contextlib
import io
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

import numpy as np
import spacy
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.pipeline import FeatureUnion
from sklearn.svm import LinearSVC
from spacy.matcher import PhraseMatcher
from threadpoolctl import threadpool_limits

from benchmarks import alerts
from benchmarks.data import labels, recordings
from benchmarks.harness import ROOT, interleaved, percentile, ratio, report
from crawlers.notice import Notice
from nlp import corpus as corpora
from nlp import linear
from nlp.assess import BATCH, Assessor
from nlp.gazetteer import Gazetteer
from nlp.parallel import Assessors
from nlp.text import fold
from tradewarn import handoff

COUNT = 3_000
#: Enough for the processes to be the work and their start not.
MANY = 12_000
ALONE = 1_000
THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")
#: Labelled rows scikit-learn learns from: enough to fill the shipped vocabulary.
ROWS = 25_000


def run() -> None:
    chosen = _notices()
    texts = [_text(notice) for notice in chosen]
    length = round(statistics.mean(map(len, texts)))
    with threadpool_limits(1):
        assessor = Assessor()
        rows = [*_models(assessor, chosen, texts), *_concepts(texts)]
        alone = _alone(assessor, chosen)
        with _pinned():
            rows.append(_processes(assessor, chosen))
    report(
        "classify",
        "Classify: the whole assessment against the bare libraries",
        f"{COUNT:,} real notices of the recordings, {length} characters on average, the sources as they come; one core unless said"
        " otherwise. Ours reads, finds codes and concepts, applies the source's rules, scores every model, grades, composes title and"
        " briefs, with evidence; the bare side only turns the same texts into a group. scikit-learn = `TfidfVectorizer` of the"
        " features the shipped model reads (words 1-2, char_wb 4-5, once more over the title) or of NLP's baseline (words 1-2,"
        f" char_wb 2-5), each as large as the shipped vocabulary, and `LinearSVC.predict`, fitted on {ROWS:,} labelled rows. Ratio = bare"
        " time / our time, median of pairs; goals: ≥ 0.5 against the first, 2 processes ≥ 1.7.",
        ["what", "ours /s (median)", "bare /s (median)", "ratio"],
        rows,
        notes=f"{alone}\n\n{_loading()}",
    )


def _notices() -> list[Notice]:
    """Every k-th notice of the recordings, in the order of ids: each source with its share."""
    every = alerts.notices(recordings(), whole=False)
    step = max(1, len(every) // COUNT)
    return every[::step][:COUNT]


def _text(notice: Notice) -> str:
    fields = (notice.title, notice.products_text, notice.summary, notice.text)
    return "\n".join(dict.fromkeys(field for field in fields if field))


@contextlib.contextmanager
def _pinned() -> Iterator[None]:
    """Processes started within have one thread of BLAS each, as this one has."""
    kept = {name: os.environ.get(name) for name in THREADS}
    os.environ.update(dict.fromkeys(THREADS, "1"))
    try:
        yield
    finally:
        for name, value in kept.items():
            os.environ.pop(name) if value is None else os.environ.update({name: value})


def _row(name: str, count: int, timings: Any) -> list[object]:
    ours, bare = timings["ours"], timings["bare"]
    return [name, f"{count / ours.median:,.0f}", f"{count / bare.median:,.0f}", f"{ratio(ours, bare):.2f}"]


# --- the group ------------------------------------------------------------------------------------------------------


def _models(assessor: Assessor, chosen: Sequence[Notice], texts: list[str]) -> list[list[object]]:
    titles = [notice.title for notice in chosen]
    corpus = corpora.load(labels())
    labelled = np.flatnonzero(corpus.array("industries") != "")
    picked = np.random.RandomState(7).permutation(labelled)[:ROWS]
    learnt = [corpus.texts[i] for i in picked]
    heads = [corpus.texts[i][: corpus.heads[i]] for i in picked]
    groups = [corpus.industries[i] for i in picked]
    del corpus

    def ours() -> None:
        for _ in assessor.assess_all(chosen):
            pass

    rows = []
    for name, grams, head in (("the shipped model's features", (4, 5), True), ("NLP's baseline", (2, 5), False)):
        predict = _fitted(learnt, heads if head else None, groups, grams)
        timings = interleaved({"ours": ours, "bare": lambda p=predict, h=head: p(texts, titles if h else None)})
        rows.append(_row(f"assessment : vectoriser + LinearSVC of {name}", len(chosen), timings))
    return rows


def _fitted(
    texts: list[str], heads: list[str] | None, groups: list[str], grams: tuple[int, int]
) -> Callable[[list[str], list[str] | None], Any]:
    """`predict(texts, titles)` of scikit-learn's own classes; with `heads` the title's features count once more."""
    import scipy.sparse as sp

    size = len(linear.shipped().vocabulary)

    def vectoriser(features: int) -> FeatureUnion:
        words = TfidfVectorizer(ngram_range=(1, 2), sublinear_tf=True, max_features=features // 2, dtype=np.float32)
        signs = TfidfVectorizer(
            analyzer="char_wb", ngram_range=grams, sublinear_tf=True, max_features=features // 2, dtype=np.float32
        )
        return FeatureUnion([("words", words), ("signs", signs)])

    whole = vectoriser(size if heads is None else 3 * size // 4)
    rows = whole.fit_transform(texts)
    top: FeatureUnion | None = None
    if heads is not None:
        top = vectoriser(size // 4)
        rows = sp.hstack([rows, top.fit_transform(heads)], format="csr")
    svm = LinearSVC(max_iter=200, tol=1e-2).fit(rows, groups)

    def predict(given: list[str], titles: list[str] | None) -> Any:
        read = whole.transform(given)
        if top is not None:
            read = sp.hstack([read, top.transform(titles)], format="csr")
        return svm.predict(read)

    return predict


# --- concepts -------------------------------------------------------------------------------------------------------


def _concepts(texts: list[str]) -> list[list[object]]:
    """The same terms: ours on folded text with inflections; spaCy's on its tokens, lower case, as they are written."""
    gazetteer = Gazetteer.load()
    nlp = spacy.blank("xx")
    matcher = PhraseMatcher(nlp.vocab, attr="LOWER")
    for concept in gazetteer:
        terms = [term for listed in concept.terms.values() for term in listed]
        matcher.add(concept.id, list(nlp.tokenizer.pipe(terms)))
    found: dict[str, int] = {}

    def ours() -> None:
        found["ours"] = sum(len({m.concept for m in gazetteer.find(fold(text).text)}) for text in texts)

    def bare() -> None:
        docs = nlp.tokenizer.pipe(texts)
        found["bare"] = sum(len({nlp.vocab.strings[match[0]] for match in matcher(doc)}) for doc in docs)

    timings = interleaved({"ours": ours, "bare": bare})
    name = f"concepts ({len(gazetteer):,} in the tables) : tokenizer + PhraseMatcher; found {found['ours']:,} : {found['bare']:,}"
    return [_row(name, len(texts), timings)]


# --- one notice, processes, loading ---------------------------------------------------------------------------------


def _alone(assessor: Assessor, chosen: Sequence[Notice]) -> str:
    took = []
    for notice in chosen[: ALONE + 50]:
        start = time.perf_counter()
        assessor.assess(notice)
        took.append((time.perf_counter() - start) * 1000)
    took = took[50:]
    middle, most = percentile(took, 0.5), percentile(took, 0.95)
    return f"One notice at a time ({len(took):,} of them): median {middle:.2f} ms, p95 {most:.2f} ms (goal ≤ 5)."


def _processes(assessor: Assessor, chosen: Sequence[Notice]) -> list[object]:
    """What `tradewarn classify` does: lines of notices in, lines of {notice, assessment} out."""
    lines = [handoff.notice_line(1, chosen[i % len(chosen)]) for i in range(MANY)]
    out = io.StringIO()

    def written(parts: Iterable[handoff.Made]) -> None:
        out.seek(0)
        for part in parts:
            out.writelines(f"{line}\n" for line in part.lines)

    with Assessors(2) as two:
        written(two.map(handoff.assessed, handoff.tasks(lines[: 4 * BATCH])))  # both have loaded
        timings = interleaved(
            {
                "ours": lambda: written(two.map(handoff.assessed, handoff.tasks(lines))),
                "bare": lambda: written(handoff.assessed(assessor, task) for task in handoff.tasks(lines)),
            },
        )
    return _row(f"2 processes : one ({MANY:,} lines of notices in, lines of assessments out)", MANY, timings)


def _loading() -> str:
    files = sum(path.stat().st_size for path in linear.FOLDER.iterdir() if path.is_file())
    parts = {
        "the models, checked": "from nlp import linear; t = time.perf_counter(); linear.read()",
        "the whole engine": "from nlp.assess import Assessor; t = time.perf_counter(); Assessor()",
        "the whole engine with its imports": "t = time.perf_counter(); from nlp.assess import Assessor; Assessor()",
    }
    told = [f"{name} {_seconds(code):.2f} s" for name, code in parts.items()]
    return f"Models on disk: {files / 1e6:.1f} MB (goal ≤ 15). Loaded in a fresh process, median of 5: {', '.join(told)} (goal < 1)."


def _seconds(code: str) -> float:
    command = [sys.executable, "-c", f"import time; {code}; print(time.perf_counter() - t)"]
    runs = [subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout for _ in range(5)]
    return statistics.median(map(float, runs))
