"""Models: train from labelled tables, evaluate on any folder of them."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from tradewarn import show
from tradewarn.workshop import UsageError, Workshop


def register(app: typer.Typer) -> None:
    app.command()(train)
    app.command()(evaluate)


def train(
    context: typer.Context,
    data: Annotated[Path, typer.Option(metavar="DIR", help="Labelled tables.")] = Path("../shared/data/labels"),
    out: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Where the models go; default: beside the shipped ones.")
    ] = None,
) -> None:
    """Train every model from labelled tables: arrays and a manifest, no rows."""
    from nlp import training

    shop: Workshop = context.obj
    written = training.train(_folder(data), out) if out else training.train(_folder(data))
    show.as_json(written) if shop.json else show.say(f"trained: {written}")


def evaluate(
    context: typer.Context,
    data: Annotated[Path, typer.Option(metavar="DIR", help="Labelled tables; every table it knows is evaluated.")],
) -> None:
    """Metrics with n and 95 % intervals, on the newest part of every table it knows."""
    from nlp import evaluation

    shop: Workshop = context.obj
    report = evaluation.evaluate(_folder(data))
    if shop.json:
        show.as_json(report)
        return
    rows = []
    for task, result in report.items():
        for name, value in result["metrics"].items():
            low, high = result.get("ci95", {}).get(name, (None, None))
            interval = f"[{low:.3f}, {high:.3f}]" if low is not None else ""
            rows.append([task, result["table"], result["n"], name, f"{value:.3f}", interval])
    show.table("evaluate", ["task", "table", "#n", "metric", "#value", "95 %"], rows)


def _folder(path: Path) -> Path:
    if not path.is_dir():
        raise UsageError(f"--data {path}: no such folder")
    return path
