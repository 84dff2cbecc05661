"""Federal Register documents: rules and proposed rules of the agencies that regulate goods, and notices on the watch-list.

Beyond page × per_page = 10,000 the service silently answers page 1: the windows of the `.yml` keep far below it, and a
result that would need more is refused here rather than cut off.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterator
from typing import Any

from scrapy import Request
from scrapy.http import Response

from crawlers import moved_dates
from crawlers.reading import Drift, Parsed, Record, clean, day_of, each, json_of, need, required
from crawlers.wording import Labels, filled

LIMIT = 10_000
KINDS = {"Rule": "rule", "Proposed Rule": "proposed_rule"}
#: "Compliance with the standards in this rule is required on and after June 26, 2029." - the date that counts for makers.
COMPLIANCE = re.compile(
    rf"\b(?:compliance|comply|applicab|mandatory)(?:[^.;]|\.(?=\d))*?{moved_dates.MONTH_FIRST}", re.IGNORECASE
)
MOVED = moved_dates.pattern(moved_dates.MONTH_FIRST)


def parse(response: Response) -> Iterator[Parsed]:
    """A record for each document, then the next page. Raises Drift where the pages would pass the service's limit."""
    body: dict[str, Any] = json_of(response, dict)
    if "count" not in body or ("results" not in body and body["count"]):
        raise Drift(f"no count and results; the body has {', '.join(sorted(body)[:8])}: {_errors(body)}")
    if body["count"] > LIMIT:
        raise Drift(
            f"{body['count']} documents in one window: past {LIMIT} the service repeats page 1; narrow the window"
        )
    yield from each(body.get("results", []), lambda row: _record(response, row))
    if body.get("next_page_url"):
        yield Request(body["next_page_url"], callback=parse, dont_filter=True)


def _errors(body: dict[str, Any]) -> str:
    return clean(body.get("errors") or body.get("message"))[:200]


def _record(response: Response, row: dict[str, Any]) -> Record:
    kind, published = required(row, "type"), day_of(response, "publication_date", need(row, "publication_date"))
    comments, effective = (
        day_of(response, name, row[name]) if row.get(name) else None for name in ("comments_close_on", "effective_on")
    )
    action, dates = clean(row.get("action")), clean(row.get("dates"))
    agencies = [agency for agency in row.get("agencies") or [] if isinstance(agency, dict)]
    parents = {agency.get("parent_id") for agency in agencies}
    issuing = [
        clean(a.get("name") or a.get("raw_name")) for a in agencies if a.get("id") is None or a["id"] not in parents
    ]
    stated: Labels = {
        "type": kind,
        "subtype": clean(row.get("subtype")),
        "action": action,
        "dates": dates,
        "agencies": tuple(clean(a.get("name") or a.get("raw_name")) for a in agencies),
        "docket_ids": _texts(row, "docket_ids"),
        "regulation_id_numbers": _texts(row, "regulation_id_numbers"),
        "cfr_references": tuple(f"{r.get('title')} CFR {r.get('part')}" for r in row.get("cfr_references") or []),
        "topics": _texts(row, "topics"),
        "citation": clean(row.get("citation")),
        "significant": "true" if row.get("significant") else "",
    }
    corrected = re.search(r"/documents/(?:\d{4}/\d{2}/\d{2}/)?([A-Z0-9-]+)", clean(row.get("correction_of")))
    fields: dict[str, Any] = {
        "kind": KINDS.get(kind, "consultation" if comments else "news"),
        "stage": _stage(kind, f"{action} {clean(row.get('title'))}".casefold(), effective, published),
        "symbol": required(row, "document_number"),
        "parent_symbol": corrected[1] if corrected else "",
        "document_type": " - ".join(part for part in (kind, clean(row.get("subtype"))) if part),
        "title": required(row, "title"),
        "summary": clean(row.get("abstract")) or clean(row.get("excerpts")),
        "published": published,
        "milestones": _milestones(comments, effective, dates),
        "stated": filled(stated),
        "url": clean(row.get("html_url")),
        "documents": [
            {"url": clean(row[name]), "title": title}
            for name, title in (
                ("pdf_url", "PDF"),
                ("comment_url", "Submit a comment"),
                ("regulations_dot_gov_url", "Docket"),
            )
            if row.get(name)
        ],
    }
    if issuing:
        fields["authority"] = "; ".join(dict.fromkeys(issuing))
    return Record(required(row, "document_number"), fields)


def _texts(row: dict[str, Any], name: str) -> tuple[str, ...]:
    return tuple(clean(value) for value in row.get(name) or [] if clean(value))


def _stage(kind: str, action: str, effective: dt.date | None, published: dt.date) -> str | None:
    """By the type and the ACTION line of the document ("Final rule; delay of effective date.")."""
    if kind not in KINDS:
        return None
    if "withdraw" in action:
        return "withdrawn"
    if kind == "Proposed Rule":
        return "draft"
    if re.search(
        r"(delay|postpone\w*|stay) (?:of|in) (?:the )?(?:effective|effectiveness|compliance)|extension of (?:the )?(?:effective|compliance)",
        action,
    ):
        return "postponed"
    return "in_force" if effective and effective <= published else "published"


def _milestones(comments: dt.date | None, effective: dt.date | None, dates: str) -> list[dict[str, Any]]:
    """The two dates of the register's own fields, a compliance date from its DATES text, or that text where it is all."""
    found: list[dict[str, Any]] = []
    if comments:
        found.append({"kind": "comment_deadline", "date": comments})
    if effective:
        found.append({"kind": "entry_into_force", "date": effective})
    for change in moved_dates.moved(dates, MOVED):
        moved_dates.note(found, "application", change, any_kind=True)
    compliance = COMPLIANCE.search(MOVED.sub(" ", dates))
    if compliance and moved_dates.day(compliance[1]) not in (effective, comments):
        found.append({"kind": "application", "date": moved_dates.day(compliance[1])})
    if not found and dates:
        found.append({"kind": "other", "text": dates[:500]})
    return found
