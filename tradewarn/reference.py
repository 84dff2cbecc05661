"""Generated pages under `docs/`: the command line, the settings, the sources, the records. A test fails when one is stale."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import typer
from pydantic import BaseModel

from crawlers import source as sources
from crawlers.notice import Notice
from index.alert import Alert
from nlp.assessment import Assessment
from tradewarn.settings import defaults

HEAD = "<!-- made by `make docs` from the code; edit that, not this -->\n"


def cli() -> str:
    """Every command with its arguments and options, from the command line itself."""
    from tradewarn.cli import app

    root = typer.main.get_command(app)  # typer keeps click's classes private: only what all of them have is used
    parts = ["# The command line\n", HEAD, _help(root, "tradewarn")]
    parts += [_help(command, f"tradewarn {name}") for name, command in sorted(root.commands.items())]  # type: ignore[attr-defined]
    return "\n".join(parts)


def _help(command: Any, title: str) -> str:
    lines = [f"## `{title}`\n", (command.help or "").strip() + "\n"]
    rows = []
    for parameter in command.params:
        if parameter.param_type_name == "option":
            names = ", ".join(f"`{name}`" for name in [*parameter.opts, *parameter.secondary_opts])
            value = f" {parameter.metavar}" if parameter.metavar else "" if parameter.is_flag else " VALUE"
            rows.append(f"| {names}{value} | {parameter.help or ''} |")
        else:
            name = parameter.metavar or parameter.name.upper()
            shown = name if parameter.required else f"[{name}]"
            rows.append(f"| `{shown}` | {getattr(parameter, 'help', '') or ''} |")
    if rows:
        lines += ["| argument or option | meaning |", "|---|---|", *rows, ""]
    return "\n".join(lines)


def settings() -> str:
    """Every `TRADEWARN_*` setting with its default."""
    rows = [
        f"| `{name}` | `{default}` | {what} |" if default else f"| `{name}` | | {what} |"
        for name, (default, what) in defaults().items()
    ]
    return "\n".join(["# Settings\n", HEAD, "| setting | default | what it is |", "|---|---|---|", *rows, ""])


def source_table() -> str:
    """Every source: what, how often, checked against what; then what is known of each."""
    all_sources = sources.all_sources()
    lines = [
        "# Sources\n",
        HEAD,
        f"{len(all_sources)} sources. *Checked against* says honestly what a parser has seen: a `recording` of the",
        "authority's own response, a page `constructed` by us from descriptions, or the `live` service. *Conf.*: how sure the address and",
        "format are (H several independent users or official code, M one or two, L a guess to be checked with `tradewarn record`).\n",
    ]
    lines += [
        "| source | market | kinds | schedule (UTC) | checked against | conf. | expects |",
        "|---|---|---|---|---|---|---|",
    ]
    for s in all_sources:
        expects = (
            f"{s.expect.min}-{s.expect.max if s.expect.max is not None else '…'} per {s.expect.per}"
            if s.expect
            else "-"
        )
        lines.append(
            f"| [{s.id}](#{s.id}) | {s.market or 'WTO members'} | {', '.join(s.kinds)} | `{s.schedule}` | {s.checked_against} | {s.confidence} | {expects} |"
        )
    for s in all_sources:
        lines += [
            f"\n## {s.id}\n",
            f"**{s.name}** · {s.name_zh} · {s.authority}\n",
            f"Home: <{s.home}> · register `{s.register_name}` · language {s.language} · time zone {s.timezone}\n",
        ]
        lines += [
            f"Terms: {s.terms.licence}"
            + (f" (<{s.terms.url}>)" if s.terms.url else "")
            + f". Attribution: {s.terms.attribution}\n"
        ]
        if s.notes:
            lines.append(s.notes.strip() + "\n")
    return "\n".join(lines)


def data_model() -> str:
    """The records as JSON Schema."""
    parts = [
        "# The records\n",
        HEAD,
        "JSON Schema of the three records; in files they are JSON Lines. What each field means: `DESIGN`'s Records, and the docstrings.\n",
    ]
    models: list[type[BaseModel]] = [Notice, Assessment, Alert]
    for model in models:
        schema = json.dumps(model.model_json_schema(), ensure_ascii=False, indent=1)
        parts.append(f"## {model.__name__}\n\n```json\n{schema}\n```\n")
    return "\n".join(parts)


PAGES: dict[str, Callable[[], str]] = {
    "cli.md": cli,
    "settings.md": settings,
    "sources.md": source_table,
    "data-model.md": data_model,
}


def main() -> None:
    """Write every page into the folder named by the argument."""
    folder = Path(sys.argv[1])
    for name, page in PAGES.items():
        (folder / name).write_text(page(), encoding="utf-8")
        print(f"wrote {folder / name}")


if __name__ == "__main__":
    main()
