"""Models: train from labelled tables, evaluate on any folder of them, watch for drift."""

from __future__ import annotations

import json
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from tradewarn import show
from tradewarn.workshop import UsageError, Workshop

if TYPE_CHECKING:
    from crawlers.notice import Notice

#: Wins, or nothing to compare on: exit 0; the challenger does not win: the shipped models stay.
NOT_REPLACED = 1


def register(app: typer.Typer) -> None:
    app.command()(train)
    app.command()(evaluate)
    app.command()(drift)


def train(
    context: typer.Context,
    data: Annotated[Path, typer.Option(metavar="DIR", help="Labelled tables.")] = Path("../shared/data/labels"),
    out: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Where the models go; default: models/challenger under the home.")
    ] = None,
    replace: Annotated[
        bool,
        typer.Option("--replace", help="Put them in the place of the shipped ones, if they win on the newest rows."),
    ] = False,
) -> None:
    """Train every model from labelled tables: arrays and a manifest, no rows. The shipped models stay unless asked."""
    from nlp import challenge, labels, linear, training

    shop: Workshop = context.obj
    folder = out or shop.settings.home / "models" / "challenger"
    try:
        written = training.train(_folder(data), folder)
        found = challenge.verdict(data) if replace else None
    except (labels.TableError, linear.ModelError) as error:
        raise UsageError(str(error)) from error
    replaced = found is not None and found.wins is not False
    if replaced:
        _put(folder, linear.FOLDER)
    if shop.json:
        show.as_json({"written": written, "replaced": replaced, "verdict": str(found) if found else None})
    else:
        show.say(f"trained: {written}")
        if found is not None:
            show.say(f"{found}; {'replaced' if replaced else 'the shipped models stay'}")
    if found is not None and not replaced:
        raise typer.Exit(NOT_REPLACED)


def _put(folder: Path, shipped: Path) -> None:
    """Models of a folder in the place of the shipped ones: arrays first, the manifest that names them last."""
    from nlp import linear

    if folder.resolve() == shipped.resolve():
        return
    shipped.mkdir(parents=True, exist_ok=True)
    names = json.loads((folder / linear.MANIFEST).read_text(encoding="utf-8"))["files"]
    for name in [*names, linear.MANIFEST]:
        shutil.copyfile(folder / name, shipped / name)
    for stale in shipped.glob("*.npz"):
        if stale.name not in names:
            stale.unlink()


def evaluate(
    context: typer.Context,
    data: Annotated[Path, typer.Option(metavar="DIR", help="Labelled tables; every table it knows is evaluated.")],
    card: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Also write the model card (docs/MODEL_CARD.md).")
    ] = None,
    sealed: Annotated[
        bool, typer.Option("--sealed", help="Open the sealed half of the notices labelled by hand: not while tuning.")
    ] = False,
) -> None:
    """Metrics with n and 95 % intervals on the newest part of every table, then every goal: met or not."""
    from nlp import evaluation, goals, labels, linear

    shop: Workshop = context.obj
    try:
        report = evaluation.evaluate(_folder(data), sealed=sealed, say=_quiet if shop.json else show.say)
        unread = labels.unread(data)
    except (labels.TableError, linear.ModelError) as error:
        raise UsageError(str(error)) from error
    for reason in unread:
        show.problem(f"left out: {reason}")
    if card is not None:
        from nlp import card as cards

        card.write_text(cards.render(report, linear.shipped().manifest), encoding="utf-8")
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
    show.table("goals", ["goal", "task", "#n", "metric", "#value", "95 %", "#goal", "met"], goals.rows(report))


def drift(
    context: typer.Context,
    files: Annotated[
        list[Path], typer.Argument(metavar="FILE…", help="Lines of notices, or of {notice, assessment}; - for stdin.")
    ],
) -> None:
    """Hold newer notices of each source against what the models were trained on: mix, unknown words, abstentions."""
    from nlp import drift as drifting
    from nlp import linear

    shop: Workshop = context.obj
    models = linear.shipped()
    now = drifting.of_notices(_notices(files), models)
    findings = drifting.compare(models["groups"].about.get("profile", {}), now)
    if shop.json:
        show.as_json([{name: getattr(found, name) for name in found.__slots__} for found in findings])
        return
    rows = [[f.regime, f.n, f.figure, f"{f.then:.3f}", f"{f.now:.3f}", "ALARM" if f.alarm else ""] for f in findings]
    show.table("drift", ["regime", "#n", "figure", "#then", "#now", ""], rows)
    new = sorted(set(now) - set(models["groups"].about.get("profile", {})))
    if new:
        show.say(f"no profile, new to the models: {', '.join(new)}")


def _notices(files: list[Path]) -> Iterator[Notice]:
    from crawlers.notice import Notice

    for path in files:
        lines = sys.stdin if str(path) == "-" else path.read_text(encoding="utf-8").splitlines()
        for number, line in enumerate(lines, 1):
            if line.strip():
                try:
                    body: dict[str, Any] = json.loads(line)
                    yield Notice.model_validate(body.get("notice", body))
                except ValueError as error:
                    raise UsageError(f"{path}, line {number}: no notice: {str(error).splitlines()[0]}") from error


def _quiet(_: str) -> None:
    """With --json nothing is said beside the document."""


def _folder(path: Path) -> Path:
    if not path.is_dir():
        raise UsageError(f"--data {path}: no such folder")
    return path
