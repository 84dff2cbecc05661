"""EUR-Lex through CELLAR's SPARQL service: acts that touch the watch-list (the query and the list stand in the `.yml`)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from scrapy.http import Response

from crawlers.reading import Drift, FieldError, Parsed, Record, clean, day_of, each, json_of, need

VARIABLES = {"celex", "date", "title", "type", "force", "relation", "base"}
#: The year by which CELLAR says "no date yet" or "open-ended".
OPEN = ("9999", "1001", "1003")


def parse(response: Response) -> Iterator[Parsed]:
    """The answer: rows of one act joined, then a record for each act."""
    answer = json_of(response, dict)
    gone = VARIABLES - set(need(need(answer, "head"), "vars"))
    if gone:
        raise Drift(f"the answer lacks the variables {', '.join(sorted(gone))}")
    acts: dict[str, dict[str, list[str]]] = {}
    for binding in need(need(answer, "results"), "bindings"):
        row = {name: clean(cell.get("value")) for name, cell in binding.items()}
        act = acts.setdefault(row.get("celex", ""), {name: [] for name in VARIABLES})
        for name, value in row.items():
            if value and value not in act.setdefault(name, []):
                act[name].append(value)

    def read(act: dict[str, Any]) -> Record:
        for name in ("celex", "date", "title"):
            if not act[name]:
                raise FieldError(name, act, "is missing")
        celex, relations = act["celex"][0], tuple(act["relation"])
        kinds = tuple(value.rpartition("/")[2] for value in act["type"])
        proposal = celex.startswith("5")
        days = sorted(day_of(response, "force", value[:10]) for value in act["force"] if not value.startswith(OPEN))
        return Record(
            celex,
            {
                "kind": "proposed_rule" if proposal else "rule",
                "stage": "draft" if proposal else "published",
                "symbol": celex,
                "parent_symbol": act["base"][0] if act["base"] and act["base"][0] != celex else "",
                "document_type": " ".join(kinds),
                "title": act["title"][0].replace("#", " "),
                "published": day_of(response, "date", act["date"][0][:10]),
                "milestones": [
                    {"kind": "entry_into_force" if i == 0 else "application", "date": d} for i, d in enumerate(days)
                ],
                "stated": {"relation": relations, "base": tuple(act["base"]), "type": kinds},
                "url": f"https://eur-lex.europa.eu/legal-content/EN/TXT/?uri=CELEX:{celex}",
                "documents": [{"url": f"https://publications.europa.eu/resource/celex/{celex}", "language": "en"}],
            },
        )

    yield from each(acts.values(), read)
