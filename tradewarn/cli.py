"""`tradewarn`: one command line for people, programs and DAGs (DESIGN.md, "Command line").

Exit codes: 0 ok · 1 our bug · 2 usage · 3 empty or shrunken against `expect` · 4 unreachable · 5 the format drifted ·
6 delivered, some records quarantined · `run`: 10 when any source is not 0.
"""

from __future__ import annotations

import datetime as dt
import sys
import traceback
from pathlib import Path
from typing import Annotated

import typer
from pydantic import ValidationError

from crawlers.manifest import ManifestError
from crawlers.source import SourceError
from index.query import QueryError
from index.store import StoreError
from nlp.parallel import WorkerError
from reports.subscription import SubscriptionError
from tradewarn import __version__, show
from tradewarn.commands import ask, learn, newcomer, publish, walk
from tradewarn.settings import Settings
from tradewarn.workshop import UsageError, Workshop

BUG, USAGE, UNREACHABLE = 1, 2, 4
#: Global options may stand anywhere on the line: `tradewarn crawl us_cpsc --json` is what people type.
GLOBAL_FLAGS = {"--json"}
GLOBAL_OPTIONS = {"--replay", "--as-of", "--home"}

app = typer.Typer(
    name="tradewarn",
    help="Early warning of technical trade measures 技贸预警: crawl, classify, index, search, report.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
for module in (walk, ask, publish, learn, newcomer):
    module.register(app)


def _version(wanted: bool) -> None:
    if wanted:
        typer.echo(__version__)
        raise typer.Exit


@app.callback()
def main_options(
    context: typer.Context,
    replay: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Serve recorded responses of this folder over loopback.")
    ] = None,
    as_of: Annotated[str, typer.Option(metavar="T", help="The clock: a date or a time (ISO 8601).")] = "",
    home: Annotated[
        Path | None, typer.Option(metavar="PATH", help="Everything local; overrides TRADEWARN_HOME.")
    ] = None,
    json: Annotated[bool, typer.Option("--json", help="One JSON document on standard output.")] = False,
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="The version, and out.")
    ] = False,
) -> None:
    """Options of every command; they may stand before or after it."""
    if context.resilient_parsing or version:
        return
    settings = Settings() if home is None else Settings(home=home)
    shop = Workshop(settings, replay=replay, as_of=moment(as_of) if as_of else None, json=json)
    context.obj = shop
    context.call_on_close(shop.close)


def moment(text: str) -> dt.datetime:
    """`2026-11-16` (its end, UTC) or `2026-11-16T06:00+00:00`. Raises UsageError."""
    try:
        if len(text) == 10:
            return dt.datetime.combine(dt.date.fromisoformat(text), dt.time(23, 59, 59), dt.UTC)
        parsed = dt.datetime.fromisoformat(text)
    except ValueError as error:
        raise UsageError(f"--as-of {text}: not a date or a time (ISO 8601)") from error
    return parsed.replace(tzinfo=dt.UTC) if parsed.tzinfo is None else parsed.astimezone(dt.UTC)


def hoisted(arguments: list[str]) -> list[str]:
    """`arguments` with the global options first, wherever they stood (up to `--`)."""
    front: list[str] = []
    rest: list[str] = []
    waiting = iter(arguments)
    for word in waiting:
        if word == "--":
            rest += [word, *waiting]
            break
        if word in GLOBAL_FLAGS or (word.partition("=")[0] in GLOBAL_OPTIONS and "=" in word):
            front.append(word)
        elif word in GLOBAL_OPTIONS:
            front += [word, *(value for value in [next(waiting, None)] if value is not None)]
        else:
            rest.append(word)
    return front + rest


def main() -> None:
    """The entry point. Every exit code of DESIGN.md is decided here or by the command itself."""
    try:
        code = app(hoisted(sys.argv[1:]), standalone_mode=False)
    except typer.TyperException as error:
        show.problem(
            f"tradewarn: {getattr(error, 'format_message', error.__str__)()} (`tradewarn --help` lists what there is)"
        )
        code = USAGE
    except typer.Abort:
        code = USAGE
    except (UsageError, SourceError, ManifestError, QueryError, SubscriptionError) as error:
        show.problem(f"tradewarn: {error}")
        code = USAGE
    except StoreError as error:
        again = "; nothing was half done, the same command again goes on" if error.retry else ""
        show.problem(f"tradewarn: the search engine: {error}{again}")
        code = UNREACHABLE if error.retry else USAGE
    except WorkerError as error:
        show.problem(f"tradewarn: {error}. Nothing half-done was committed.")
        code = BUG
    except ValidationError as error:
        if error.title != "Settings":
            raise
        for item in error.errors():
            show.problem(f"tradewarn: TRADEWARN_{str(item['loc'][0]).upper()}: {item['msg']}")
        code = USAGE
    except KeyboardInterrupt:
        code = 130
    except BrokenPipeError:
        code = 0  # the reader (head, less) had enough
        sys.stderr.close()
    except Exception:
        traceback.print_exc()
        show.problem("tradewarn: this is our bug; the lines above say where. Nothing half-done was committed.")
        code = BUG
    sys.exit(code if isinstance(code, int) else 0)


if __name__ == "__main__":
    main()
