"""The newcomer's first hour: write a new source's four files; see what an authority answers today."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from crawlers import scaffold
from crawlers import source as sources
from tradewarn import show
from tradewarn.workshop import UsageError, Workshop


def register(app: typer.Typer) -> None:
    app.command("new-source")(new_source)
    app.command()(record)


def new_source(
    context: typer.Context,
    name: Annotated[str, typer.Argument(help="<jurisdiction>_<authority or dataset>, e.g. kr_kats_recalls.")],
) -> None:
    """Write the four files of a new source; its test fails until they are yours."""
    shop: Workshop = context.obj
    try:
        files = scaffold.new_source(name, root=Path.cwd())
    except ValueError as error:
        raise UsageError(str(error)) from error
    if shop.json:
        show.as_json([str(path) for path in files])
        return
    for path in files:
        show.say(f"wrote {path}")
    show.say("next: docs/adding-a-source.md, step 2")


def record(
    context: typer.Context,
    source: Annotated[str, typer.Argument(help="Id of a source.")],
    out: Annotated[Path | None, typer.Option(metavar="DIR", help="Where the replay folder goes.")] = None,
) -> None:
    """Save what the authority answers now as a replay folder, and show the difference from the sample."""
    shop: Workshop = context.obj
    sources.load(source)
    folder = out or shop.settings.home / "recorded" / source / f"{shop.as_of:%Y-%m-%dT%H%M%S}"
    from crawlers import recording  # it loads Scrapy, which no other command of this process needs

    result = recording.record(
        source, folder, as_of=shop.as_of, contact=shop.settings.contact, keys=dict(shop.keys), replay=shop.replay
    )
    if shop.json:
        show.as_json(result.model_dump(mode="json"))
    else:
        show.say(f"{result.responses} responses in {folder}")
        for line in result.differences:
            show.say(f"  {line}")
    raise typer.Exit(result.exit)
