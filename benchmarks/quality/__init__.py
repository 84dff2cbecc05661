"""Search quality, measured: how well three systems answer what analysts and exporters ask, judged by people.

`queries.tsv` (what is asked, and the need behind it) and `judgements.tsv` (how well a notice serves the need) are data; the texts stay
outside. `collection` is what is searched, `systems` the three that search, `pool` makes what is given to judges, `metrics` and
`measure` count. `make bench BENCH=quality` writes `docs/measurements/quality.md`.
"""

from __future__ import annotations


def run() -> None:
    from benchmarks.quality import measure

    measure.run()
