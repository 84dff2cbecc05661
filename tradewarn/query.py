"""One way to ask the index, for the command line, the pages and the API alike."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import Any, get_args

from index import finding
from index.alert import Alert
from index.fields import Facet
from index.query import parse
from index.store import Page, Sort
from nlp import level
from nlp.words import Lang
from tradewarn.workshop import UsageError, Workshop

SORTS: tuple[Sort, ...] = get_args(Sort)


def search(
    shop: Workshop,
    text: str,
    *,
    sort: str = "relevance",
    offset: int = 0,
    limit: int = 20,
    facets: Sequence[Facet] = (),
    today: dt.date | None = None,
    highlight: Lang | None = None,
) -> Page:
    """`highlight`: the reader's language, for marked passages. Raises QueryError (it points at the character) and UsageError (an unknown sort)."""
    if sort not in SORTS:
        raise UsageError(f"sort {sort!r}: one of {', '.join(SORTS)}")
    return finding.find(
        shop.store,
        parse(text),
        as_of=today or shop.today,
        sort=sort,
        offset=offset,
        limit=limit,
        facets=tuple(facets),
        highlight_lang=highlight,
    )


def as_json(page: Page, today: dt.date) -> dict[str, Any]:
    """A page of hits for a program: the effective values, the level of the day with its grounds, the source link."""
    return {
        "total": page.total,
        "missing": page.missing,
        "as_of": today.isoformat(),
        "hits": [{"score": hit.score, **summary(hit.alert, today)} for hit in page.hits],
        "facets": {name: [{"value": c.value, "n": c.n} for c in counts] for name, counts in page.facets.items()},
    }


def summary(alert: Alert, today: dt.date) -> dict[str, Any]:
    """What a list shows of an alert."""
    notice, opinion = alert.notice, alert.effective
    span = level.at(opinion.levels, today)
    deadline = level.comment_deadline(notice)
    return {
        "id": alert.id,
        "version": alert.version,
        "event": alert.event,
        "published": notice.published.isoformat(),
        "market": notice.market,
        "kind": notice.kind,
        "stage": notice.stage,
        "symbol": notice.symbol,
        "title": notice.title,
        "title_zh": opinion.title_zh,
        "language": notice.language,
        "level": span.level if span else None,
        "grounds": level.grounds_text(span, "zh") if span else "",
        "severity": opinion.severity.value,
        "measure": opinion.measure.value,
        "reach": opinion.reach.value,
        "hs": [{"hs": p.hs, "method": p.method, "probability": p.probability} for p in opinion.products],
        "industries": [
            {"industry": i.industry, "probability": i.probability, "method": i.method} for i in opinion.industries
        ],
        "hazards": [h.hazard for h in opinion.hazards],
        "regulations": list(opinion.regulations),
        "comment_deadline": deadline.isoformat() if deadline else None,
        "days_left": (deadline - today).days if deadline else None,
        "withdrawn": notice.withdrawn,
        "url": notice.url,
        "source": notice.source,
        "attribution": notice.provenance.attribution,
    }
