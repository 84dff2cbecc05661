"""What leaves the house: bulletins into a folder, the portal on a port."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import Annotated

import typer

from reports.period import Period, PeriodError, week_of
from reports.period import week as parse_week
from tradewarn import show
from tradewarn.commands.walk import Day, day
from tradewarn.workshop import UsageError, Workshop


def register(app: typer.Typer) -> None:
    app.command()(bulletin)
    app.command()(serve)


def bulletin(
    context: typer.Context,
    out: Annotated[Path, typer.Option(metavar="DIR", help="Where the files go.")],
    week: Annotated[str, typer.Option(metavar="W", help="An ISO week, 2026-W47; default: the last whole one.")] = "",
    since: Annotated[str, typer.Option("--from", metavar="D", help="First day, instead of a week.")] = "",
    to: Day = "",
    subscription: Annotated[
        str, typer.Option(metavar="ID", help="Only this subscription; default: all, and the general edition.")
    ] = "",
) -> None:
    """Write the bulletins of a week, or of any days, for every subscription: HTML and text."""
    from reports.writing import languages  # the whole of reports, for this command alone
    from tradewarn import editions

    shop: Workshop = context.obj
    period = _period(shop, week, day("--from", since), day("--to", to))
    rows = []
    for made, files in editions.write(editions.bulletins(shop, period, subscription), out):
        overview = made.overview
        rows.append(
            {
                "bulletin": made.key,
                "files": [str(path) for path in files],
                "empty": made.empty,
                "notifications": {
                    "members": overview.members,
                    "total": overview.total,
                    "tbt": overview.tbt,
                    "sps": overview.sps,
                    "merged": overview.merged,
                    "by_member": {count.code: count.tbt + count.sps for count in overview.counts},
                },
            }
        )
        if not shop.json:
            for lang in languages(made):
                show.say(f"{made.key}: {overview.sentence.of(lang)}")
            for path in files:
                show.say(f"  {path}")
    if shop.json:
        show.as_json(rows)


def _period(shop: Workshop, week: str, start: dt.date | None, end: dt.date | None) -> Period:
    try:
        if start or end:
            if week or not (start and end):
                raise UsageError("give --week, or both --from and --to")
            return Period(start, end)
        return parse_week(week) if week else week_of(shop.today - dt.timedelta(days=7))
    except PeriodError as error:
        raise UsageError(str(error)) from error


def serve(
    context: typer.Context,
    bind: Annotated[str, typer.Option(help="Address; overrides TRADEWARN_BIND.")] = "",
    port: Annotated[int, typer.Option(min=-1, max=65535, help="Port; overrides TRADEWARN_PORT.")] = -1,
) -> None:
    """Serve the portal, the API and the feeds."""
    import uvicorn

    from tradewarn.portal.app import create

    shop: Workshop = context.obj
    address, number = bind or shop.settings.bind, shop.settings.port if port < 0 else port
    show.say(f"portal: http://{address}:{number}/zh/   API: /openapi.json   feed: /feed.json   Ctrl-C stops it")
    uvicorn.run(create(shop), host=address, port=number, log_level="warning", access_log=False)
