"""What a person asks: which sources there are and how they are, what the index holds, whether all is well."""

from __future__ import annotations

import datetime as dt
from typing import Annotated, Any

import typer
from rich.text import Text

from crawlers import health
from crawlers import source as sources
from crawlers.source import Source
from index.store import Page
from nlp import level
from tradewarn import query as queries
from tradewarn import schedule, show
from tradewarn.workshop import UsageError, Workshop

LEVEL_STYLE = {"red": "red", "yellow": "yellow", "green": "green"}


def register(app: typer.Typer) -> None:
    app.command("sources")(list_sources)
    app.command()(search)
    app.command()(doctor)


def list_sources(
    context: typer.Context,
    due_at: Annotated[
        str, typer.Option("--due-at", metavar="T", help="Only those whose schedule has fired by T.")
    ] = "",
) -> None:
    """List the sources: market, what, schedule, last run, lag, health."""
    shop: Workshop = context.obj
    rows = [(source, health.health(shop.engine, source, shop.as_of)) for source in sources.all_sources()]
    if due_at:
        at, here = _moment(due_at), set(schedule.default_ids(shop.replay))
        rows = [
            (source, state)
            for source, state in rows
            if source.id in here and schedule.is_due(source, state.last_success, at)
        ]
    if shop.json:
        show.as_json([described(source) | {"health": state.model_dump(mode="json")} for source, state in rows])
        return
    show.table(
        f"{len(rows)} sources",
        [
            "source",
            "market",
            "kinds",
            "schedule (UTC)",
            "checked against",
            "last success",
            "lag",
            "notices",
            "errors",
            "health",
        ],
        [
            [
                source.id,
                source.market or "WTO",
                ", ".join(source.kinds),
                source.schedule,
                source.checked_against,
                f"{state.last_success:%Y-%m-%d %H:%M}" if state.last_success else "-",
                f"{state.lag_days:.0f} d" if state.lag_days is not None else "-",
                _against_the_usual(state),
                f"{state.error_share:.1%}" if state.error_share is not None else "-",
                Text(f"{state.state} {state.note}".strip(), style=show.STATES.get(state.state, "")),
            ]
            for source, state in rows
        ],
    )


def _against_the_usual(state: health.Health) -> str:
    """`12 in 7d, usually 15`."""
    if state.count is None:
        return "-"
    return f"{state.count} in {state.window}" + (f", usually {state.usual:g}" if state.usual is not None else "")


def described(source: Source) -> dict[str, Any]:
    """What a program may know of a source: the declaration without its request templates and `meaning`."""
    body = source.model_dump(mode="json", by_alias=True, exclude={"requests", "meaning", "headers"})
    return body | {"has_meaning": sorted(source.meaning)}


def search(
    context: typer.Context,
    query: Annotated[
        str, typer.Argument(help='The analysts\' syntax: words, "phrases", -not, OR, market:EU, hs:8507, …')
    ],
    sort: Annotated[str, typer.Option(help="relevance, date, deadline or level.")] = "relevance",
    limit: Annotated[int, typer.Option(min=1, max=200)] = 20,
    page: Annotated[int, typer.Option(min=1)] = 1,
) -> None:
    """Search the alerts, in any language."""
    shop: Workshop = context.obj
    found = queries.search(shop, query, sort=sort, limit=limit, offset=(page - 1) * limit)
    if shop.json:
        show.as_json(queries.as_json(found, shop.today))
        return
    if found.missing:
        show.say(f"few alerts have every word: these lack at most {found.missing} of them")
    _hits(found, shop.today)


def _hits(found: Page, today: dt.date) -> None:
    rows = []
    for hit in found.hits:
        alert, opinion = hit.alert, hit.alert.effective
        span = level.at(opinion.levels, today)
        name = level.LEVEL_NAMES[span.level][0] if span else "-"
        title = opinion.title_zh or alert.notice.title
        rows.append(
            [
                alert.notice.published,
                alert.notice.market,
                Text(name, style=LEVEL_STYLE.get(span.level if span else "", "")),
                title,
                alert.id,
            ]
        )
    show.table(f"{found.total} alerts", ["published", "market", "level", "title", "id"], rows)


def doctor(context: typer.Context) -> None:
    """Check everything and say what to do about what is not well."""
    shop: Workshop = context.obj
    from tradewarn import doctor as checks  # it loads alembic's comparison, which no other command needs

    findings = checks.examine(shop)
    if shop.json:
        show.as_json([finding.model_dump(mode="json") for finding in findings])
    else:
        style = {"ok": "green", "look": "yellow", "broken": "red"}
        rows = [[Text(f.state, style=style[f.state]), f.what, f.found, f.advice] for f in findings]
        show.table("doctor", ["", "what", "found", "what to do"], rows)
    raise typer.Exit(1 if any(finding.state == "broken" for finding in findings) else 0)


def _moment(text: str) -> dt.datetime:
    try:
        moment = dt.datetime.fromisoformat(text)
    except ValueError as error:
        raise UsageError(f"--due-at {text}: not a time (ISO 8601)") from error
    return moment.replace(tzinfo=dt.UTC) if moment.tzinfo is None else moment
