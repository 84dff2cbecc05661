"""nDCG@10, recall@50 and cross-language recall of the three systems on the judged queries."""

from __future__ import annotations

import dataclasses
from collections import Counter
from collections.abc import Callable, Mapping, Sequence

from benchmarks.data import data
from benchmarks.harness import report
from benchmarks.quality import collection, metrics, systems, tables
from benchmarks.quality.tables import Asked, Judgements

NDCG_GOAL, CROSS_GOAL = 0.85, 0.9
DEEP = 500  # hits of a ranking


@dataclasses.dataclass(frozen=True, slots=True)
class Score:
    """What one system makes of one query; None where the query cannot tell."""

    query: Asked
    ndcg: float | None
    recall: float | None
    cross: float | None
    alone: float | None
    unjudged: float | None


def score(query: Asked, ranking: Sequence[str], grades: Mapping[str, int], languages: Mapping[str, str]) -> Score:
    """`ranking`: the first `DEEP`; `languages`: of every notice. Cross-language: only what is in another language than the query's is to be
    found, in the first 50 of all, or (`alone`) in the first 50 of those."""
    others = {notice for notice in grades if languages[notice] != query.language}
    foreign = [notice for notice in ranking if languages[notice] != query.language]
    return Score(
        query,
        metrics.ndcg(ranking, grades),
        metrics.recall(ranking, grades),
        metrics.recall(ranking, grades, among=others),
        metrics.recall(foreign, grades, among=others),
        metrics.unjudged(ranking, grades),
    )


def run() -> None:
    """A report for each set that has judgements."""
    sets = {name: one for name, one in tables.SETS.items() if tables.judgements(one.judgements)}
    if not sets:
        print("search quality: there are NO judgements yet, so nothing is measured and no report is written.")
        print(
            "`python -m benchmarks.quality.pool DIR` makes the pools; judgements go to benchmarks/quality/judgements.tsv"
        )
        return
    alerts = collection.load(data())
    languages = {alert.id: collection.language(alert.notice) for alert in alerts}
    with systems.opened(alerts) as opened:
        for name, chosen in sets.items():
            _report(name, chosen, languages, opened)


def _report(
    set_name: str, chosen: tables.Set, languages: Mapping[str, str], opened: Mapping[str, systems.System]
) -> None:
    judged = tables.judgements(chosen.judgements)
    asked = [query for query in tables.queries(chosen.queries) if query.topic in judged]
    missing = {notice for grades in judged.values() for notice in grades}.difference(languages)
    if missing:
        raise SystemExit(f"{len(missing)} judged notices are not in the collection: {sorted(missing)[:3]}")
    scores = {
        name: [score(query, system.rank(query.text, DEEP), judged[query.topic], languages) for query in asked]
        for name, system in opened.items()
    }
    report(
        chosen.report,
        "Search quality: ours, plain Elasticsearch, SQLite trigram"
        + ("" if set_name == "first" else f" ({set_name} set)"),
        _BLIND * (set_name == "blind")
        + _what(
            len(languages), collection.fingerprint(languages), Counter(languages.values()), asked, judged, chosen.depth
        ),
        ["queries", "n", "system", "nDCG@10", "recall@50", "cross-language recall", "… alone", "unjudged in top 10"],
        [row for label, wanted in _groups() for row in _rows(label, wanted, scores)],
        _notes(asked, judged, scores),
    )


_BLIND = (
    "The second set: other needs, written by somebody who had not seen the engine or its gazetteer. First asked at 78a7353: nDCG@10 .736,"
    " cross-language recall .883. Since then `everyday.tsv` was written by people who had seen neither set; that a name of several words goes before"
    " a shorter one in it came from looking at failures of this set. "
)


def _what(
    size: int, fingerprint: str, mix: Counter[str], asked: Sequence[Asked], judged: Judgements, depth: int
) -> str:
    pairs = [grade for grades in judged.values() for grade in grades.values()]
    spread = ", ".join(f"{grade}: {pairs.count(grade):,}" for grade in reversed(tables.GRADES))
    languages = ", ".join(f"{language} {count:,}" for language, count in mix.most_common())
    return (
        f"{size:,} alerts ({languages}; ids {fingerprint}, seed {collection.SEED}): the recordings, the sample week, the sources' samples, and 31"
        f" notifications in Chinese. {len(asked)} queries for {len(judged)} needs; {len(pairs):,} judgements (grade {spread}) of the first {depth} of"
        " each system for each wording of a need, pooled, shuffled, the system hidden. *Ours* is the embedded engine; Elasticsearch behind our protocol ranks alike by contract. The plain"
        " systems index the original title and text. Means over the queries that can tell, 95 % bootstrap intervals over queries in brackets."
    )


def _groups() -> list[tuple[str, Callable[[Asked], bool]]]:
    return [
        ("all", lambda _: True),
        *((f"in {language}", _equals("language", language)) for language in tables.LANGUAGES),
        *((kind, _equals("kind", kind)) for kind in tables.KINDS),
    ]


def _equals(name: str, value: str) -> Callable[[Asked], bool]:
    return lambda query: bool(getattr(query, name) == value)


def _rows(label: str, wanted: Callable[[Asked], bool], scores: Mapping[str, Sequence[Score]]) -> list[list[object]]:
    rows: list[list[object]] = []
    for name, all_of_them in scores.items():
        mine = [one for one in all_of_them if wanted(one.query)]
        share = metrics.mean([one.unjudged for one in mine])
        columns = [_cell([getattr(one, column) for one in mine]) for column in ("ndcg", "recall", "cross", "alone")]
        rows.append([label, len(mine), name, *columns, "-" if share is None else f"{share:.1%}"])
    return rows


def _cell(values: Sequence[float | None]) -> str:
    middle, ends = metrics.mean(values), metrics.interval(values)
    return "-" if middle is None or ends is None else f"{middle:.3f} ({ends[0]:.3f}-{ends[1]:.3f})"


def _notes(asked: Sequence[Asked], judged: Judgements, scores: Mapping[str, Sequence[Score]]) -> str:
    mine = scores[systems.OURS]
    lines = ["## Goals"]
    for what, values, goal in (
        ("nDCG@10", [one.ndcg for one in mine], NDCG_GOAL),
        ("cross-language recall", [one.cross for one in mine], CROSS_GOAL),
    ):
        reached = metrics.mean(values)
        met = reached is not None and reached >= goal
        lines.append(f"- {what} ≥ {goal}: {reached or 0:.3f}, **{'met' if met else 'NOT met'}**")
    barren = [query.id for query in asked if not any(judged[query.topic].values())]
    unserved = [q.id for q in asked if max(judged[q.topic].values(), default=0) < tables.RELEVANT]
    worst = sorted((one for one in mine if one.ndcg is not None), key=lambda one: (one.ndcg or 0.0, one.query.id))[:10]
    left_out = (
        f"- Left out of a mean: queries for which no notice has a grade above 0 ({len(barren)}: {' '.join(barren) or 'none'}) or, for recall,"
        f" none of grade ≥ 2 ({len(unserved)})."
    )
    recall = (
        "- Recall: of the judged notices of grade ≥ 2 (at most the 50 a list of 50 can hold), the share in the first 50. Cross-language: the"
        " same among notices in another language than the query's, in the first 50 of all; *alone*: in the first 50 of those in other languages"
        " (of the first 500), so that fifty equally good notices in the query's own language do not count against it."
    )
    return "\n".join(
        [
            *lines,
            "",
            "## How to read it",
            "- nDCG with gains 2^grade - 1; unjudged counts as not relevant.",
            recall,
            left_out,
            "- Recall among *pooled* notices flatters every system alike: what none of them ranked high was never judged.",
            "- SQLite trigram: words of fewer than three characters are dropped, unless nothing else was typed (then LIKE, newest first).",
            f"- Ours does worst on: {', '.join(f'{one.query.id} ({one.ndcg:.2f})' for one in worst)}.",
        ]
    )
