"""`tradewarn doctor`: everything that can be wrong with an installation, what was found, and what to do about it."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from typing import Literal

from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext

from crawlers import health
from crawlers import source as sources
from crawlers.notice import Record
from tradewarn import database
from tradewarn.workshop import Workshop


class Finding(Record):
    state: Literal["ok", "look", "broken"]
    what: str
    found: str
    advice: str = ""


def examine(shop: Workshop) -> list[Finding]:
    """Run every check; a check that breaks is itself a finding, so that one fault never hides the others."""
    findings: list[Finding] = []
    checks: list[tuple[str, Callable[[Workshop], Iterator[Finding]]]] = [
        ("settings", _settings),
        ("disk", _disk),
        ("state database", _state),
        ("archive", _archive),
        ("models", _models),
        ("index", _index),
        ("sources", _sources),
    ]
    for name, check in checks:
        try:
            findings += check(shop)
        except Exception as error:
            findings.append(Finding(state="broken", what=name, found=f"{type(error).__name__}: {error}"))
    return findings


def _settings(shop: Workshop) -> Iterator[Finding]:
    if shop.settings.contact:
        yield Finding(state="ok", what="contact", found=shop.settings.contact)
    else:
        yield Finding(
            state="look",
            what="contact",
            found="not set",
            advice="set TRADEWARN_CONTACT to an address at which an authority can reach you; live crawls need it",
        )
    keys = shop.settings.keys()
    for source in sources.all_sources():
        if source.key_setting and source.key_setting not in keys:
            yield Finding(
                state="look",
                what=source.id,
                found=f"{source.key_setting} is not set",
                advice=f"get the free key at {source.home}, or leave it: see the source's notes",
            )


def _disk(shop: Workshop) -> Iterator[Finding]:
    home = shop.settings.home.resolve()
    home.mkdir(parents=True, exist_ok=True)
    free = shutil.disk_usage(home).free / 2**30
    state: Literal["ok", "look", "broken"] = "ok" if free > 5 else "look" if free > 1 else "broken"
    yield Finding(
        state=state,
        what="disk",
        found=f"{free:.1f} GiB free at {home}",
        advice="" if state == "ok" else "make room: a crawl stops cleanly when the disk is full, but it does stop",
    )


def _state(shop: Workshop) -> Iterator[Finding]:
    with shop.engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": False})
        changes = [change for metadata in [database.whole_metadata()] for change in compare_metadata(context, metadata)]
        revision = context.get_current_revision()
    if changes:
        yield Finding(
            state="broken",
            what="state database",
            found=f"revision {revision}, {len(changes)} differences from the declared tables",
            advice="restore the backup, or run the newest version's migrations",
        )
    else:
        yield Finding(state="ok", what="state database", found=f"{shop.engine.dialect.name}, revision {revision}")


def _archive(shop: Workshop) -> Iterator[Finding]:
    runs = list(shop.archive.committed("notices"))
    newest = max((run.day.isoformat() for run in runs), default="none yet")
    yield Finding(state="ok", what="archive", found=f"{len(runs)} committed runs, newest {newest}")


def _models(shop: Workshop) -> Iterator[Finding]:
    yield Finding(state="ok", what="models", found=shop.assessor.version)


def _index(shop: Workshop) -> Iterator[Finding]:
    if shop.store.stale:
        yield Finding(state="broken", what="index", found=shop.store.stale, advice="run `tradewarn rebuild`")
    held, known = shop.store.count(), shop.catalogue.count()
    if held == known:
        yield Finding(state="ok", what="index", found=f"{held} alerts")
    else:
        yield Finding(
            state="broken",
            what="index",
            found=f"{held} alerts searchable, {known} in the state",
            advice="run `tradewarn rebuild`",
        )


#: Share of unreadable records from which a source is worth a look though it delivers.
ERRORS_WORTH_A_LOOK = 0.05


def _sources(shop: Workshop) -> Iterator[Finding]:
    well = 0
    for source in sources.all_sources():
        state = health.health(shop.engine, source, shop.as_of)
        well += state.state == "ok"
        errors = state.error_share or 0.0
        told = [state.note] if state.note else []
        if errors >= ERRORS_WORTH_A_LOOK:
            told.append(f"{errors:.0%} of the records cannot be read")
        if state.state in {"late", "down"} or (state.state == "ok" and told):
            last = f"last success {state.last_success:%Y-%m-%d}" if state.last_success else "no success yet"
            lag = f", lag {state.lag_days:g} d" if state.lag_days is not None else ""
            yield Finding(
                state="look",
                what=source.id,
                found=f"{state.state}: {'; '.join(told)} ({last}{lag})",
                advice=f"`tradewarn crawl {source.id}` shows the error; `tradewarn record {source.id}` what the authority answers now",
            )
    yield Finding(state="ok", what="sources", found=f"{well} of {len(sources.all_ids())} well")
