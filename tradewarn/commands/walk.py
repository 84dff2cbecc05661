"""The walk, step by step or whole: crawl, classify, index, run, rebuild."""

from __future__ import annotations

import contextlib
import datetime as dt
import os
import sys
from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Annotated, TextIO

import typer
from rich.text import Text

from crawlers import source as sources
from nlp import spans
from tradewarn import handoff, pipeline, schedule, show
from tradewarn.pipeline import Step
from tradewarn.workshop import UsageError, Workshop

Day = Annotated[str, typer.Option(metavar="D", help="A date, 2026-11-09.")]
Processes = Annotated[
    int | None,
    typer.Option(
        "--processes", metavar="N", min=1, max=256, help="Classify by N processes; default: TRADEWARN_PROCESSES, 1."
    ),
]


def register(app: typer.Typer) -> None:
    app.command()(crawl)
    app.command()(classify)
    app.command()(index)
    app.command()(run)
    app.command()(rebuild)


def crawl(
    context: typer.Context,
    source: Annotated[str, typer.Argument(help="Id of a source; `tradewarn sources` lists them.")],
    since: Day = "",
    until: Day = "",
    run_id: Annotated[
        str, typer.Option("--run-id", metavar="R", help="Name of the run; the same name is the same run.")
    ] = "",
    attachments: Annotated[
        bool, typer.Option("--attachments", help="Read the text of the documents the source names; not in a back-fill.")
    ] = False,
) -> None:
    """Fetch one source: regulator → notices in the archive."""
    shop: Workshop = context.obj
    sources.load(source)
    first, last = day("--since", since), day("--until", until)
    step = pipeline.crawl(shop, source, since=first, until=last, run_id=run_id or None, attachments=attachments)
    _tell(shop, [step])


def classify(
    context: typer.Context,
    files: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[IN…]", help="Files of notices, or - for standard input; none: every run not yet read."
        ),
    ] = None,
    out: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Where the assessments go; default: the archive.")
    ] = None,
    again: Annotated[bool, typer.Option("--again", help="Read every run once more (a new model).")] = False,
    documents: Annotated[
        Path | None,
        typer.Option(
            "--spacy",
            metavar="DIR",
            help="Also write IN as spaCy documents (DocBin) there: tokens, sentences, the grounds as spans.",
        ),
    ] = None,
    processes: Processes = None,
) -> None:
    """Give each notice an assessment with its grounds: notices → lines of {notice, assessment}."""
    shop: Workshop = context.obj
    shop.processes = processes or shop.processes
    if not files:
        if documents is not None:
            raise UsageError("--spacy needs IN: the files whose notices it is to write")
        _tell(shop, pipeline.classify(shop, again=again))
        return
    steps = []
    for name in files:
        if name == "-":
            target = None if out is None else out / "stdin.jsonl"
            steps.append(_classify_lines(shop, sys.stdin, "-", target, documents))
        else:
            path = Path(name)
            target = (out or path.parent) / f"{path.name.removesuffix('.gz').removesuffix('.jsonl')}.assessed.jsonl"
            steps.append(_classify_lines(shop, lines_of(path), name, target, documents))
    if "-" in files and out is None:
        for step in steps:
            for message in step.messages:
                show.problem(message)
        raise typer.Exit(max(step.exit for step in steps))
    _tell(shop, steps)


def _classify_lines(
    shop: Workshop, lines: Iterable[str], name: str, target: Path | None, documents: Path | None
) -> Step:
    faults, assessed = handoff.Faults(), 0
    made = _made(shop, lines, faults)
    if documents is not None:
        stem = "stdin" if name == "-" else Path(name).name.partition(".")[0]
        made = (handoff.line(*one) for one in spans.kept(handoff.assessments(made, faults), documents, stem))
    with _whole(target) if target else contextlib.nullcontext(sys.stdout) as stream:
        for line in made:
            stream.write(f"{line}\n")
            assessed += 1
    faults.keep(shop.archive, "files", shop.today, f"classify-{shop.as_of:%H%M%S%f}")
    return Step(
        step="classify",
        files=(str(target or name),),
        counts={"assessed": assessed, "rejected": len(faults)},
        exit=pipeline.QUARANTINED if faults else pipeline.OK,
        messages=faults.messages,
    )


def _made(shop: Workshop, lines: Iterable[str], faults: handoff.Faults) -> Iterator[str]:
    for part in shop.assessed(handoff.tasks(lines)):
        yield from part.lines
        faults.extend(part.faults)


@contextlib.contextmanager
def _whole(target: Path) -> Iterator[TextIO]:
    """A file that stands at `target` when all of it is written, and not before."""
    target.parent.mkdir(parents=True, exist_ok=True)
    fresh = target.with_name(f".{target.name}.{os.getpid()}")
    try:
        with fresh.open("w", encoding="utf-8") as stream:
            yield stream
        fresh.replace(target)
    finally:
        fresh.unlink(missing_ok=True)


def index(
    context: typer.Context,
    files: Annotated[
        list[Path] | None,
        typer.Argument(metavar="[FILE…]", help="Files of {notice, assessment} lines; none: every run not yet loaded."),
    ] = None,
) -> None:
    """Load assessments into the alert index: new, changed, unchanged, rejected."""
    shop: Workshop = context.obj
    if not files:
        _tell(shop, pipeline.index(shop))
        return
    _tell(shop, [pipeline.index_lines(shop, lines_of(path), str(path)) for path in files])


def run(
    context: typer.Context,
    source: Annotated[
        list[str] | None, typer.Argument(help="Ids of sources; none: every source (of a replay: those it has).")
    ] = None,
    processes: Processes = None,
) -> None:
    """Crawl, classify and index; one failing source never stops the rest."""
    shop: Workshop = context.obj
    shop.processes = processes or shop.processes
    ids = source or schedule.default_ids(shop.replay)
    for source_id in ids:
        sources.load(source_id)
    with show.progress(len(ids), "sources", quiet=shop.json) as step:
        steps = pipeline.run(shop, ids, report=step)
    rows = pipeline.table(steps)
    code = pipeline.SOME_FAILED if any(row["exit"] for row in rows.values()) else pipeline.OK
    if shop.json:
        show.as_json({"sources": rows, "exit": code})
    else:
        _table(rows)
    raise typer.Exit(code)


def rebuild(context: typer.Context) -> None:
    """Build a new index from the archive, then switch to it; the feed appends nothing."""
    shop: Workshop = context.obj
    count = pipeline.rebuild(shop)
    show.as_json({"alerts": count}) if shop.json else show.say(f"rebuilt: {count} alerts")


def day(option: str, text: str) -> dt.date | None:
    """The date of an option, None where it was not given. Raises UsageError."""
    if not text:
        return None
    try:
        return dt.date.fromisoformat(text)
    except ValueError as error:
        raise UsageError(f"{option} {text}: not a date like 2026-11-09") from error


def lines_of(path: Path) -> Iterator[str]:
    """The lines of a file, unpacked when it ends in `.gz`. Raises UsageError where there is no such file."""
    import gzip

    if not path.exists():
        raise UsageError(f"{path}: no such file")
    with gzip.open(path, "rt", encoding="utf-8") if path.suffix == ".gz" else path.open(encoding="utf-8") as stream:
        yield from stream


def _tell(shop: Workshop, steps: list[Step]) -> None:
    code = next((step.exit for step in steps if step.exit), 0)
    if shop.json:
        rows = [step.model_dump(mode="json") for step in steps]
        show.as_json(rows[0] if len(rows) == 1 else rows)
    elif not steps:
        show.say("nothing to do: every committed run was taken in already")
    else:
        for step in steps:
            counts = " · ".join(f"{name} {count}" for name, count in step.counts.items())
            show.say(
                f"{step.step} {step.source or ''} {step.run}: {counts or 'nothing'} (exit {step.exit})".replace(
                    "  ", " "
                )
            )
            for message in step.messages:
                show.problem(f"  {message}")
    raise typer.Exit(code)


def _table(rows: dict[str, dict[str, object]]) -> None:
    total: Counter[str] = Counter()
    shown = []
    columns = ["crawl.records", "crawl.rejected", "index.new", "index.changed", "index.unchanged"]
    for source_id, row in rows.items():
        numbers = [int(str(row.get(column, 0))) for column in columns]
        total.update(dict(zip(columns, numbers, strict=True)))
        style = "green" if row["exit"] == 0 else "red"
        shown.append([source_id, *numbers, Text(str(row["exit"]), style=style)])
    shown.append(["all", *(total[column] for column in columns), ""])
    show.table("run", ["source", "#read", "#quarantined", "#new", "#changed", "#unchanged", "#exit"], shown)
    # Below the table and whole: what went wrong is what a person came to read.
    for source_id, row in rows.items():
        for message in list(row["messages"]):  # type: ignore[call-overload]
            show.problem(f"{source_id}: {message}")
