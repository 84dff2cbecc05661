"""What a person gets who types words: alerts that have them all and, when few do, those that lack some of them.

A program, a subscription and an export get exactly what was asked: this is for search pages only.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

from index.fields import Facet
from index.query import Query
from index.store import Language, Page, Sort, Store

#: Fewer hits than this and alerts that lack a word are shown too: the first screen of a page.
ENOUGH = 10


def find(
    store: Store,
    query: Query,
    *,
    as_of: dt.date,
    sort: Sort = "relevance",
    offset: int = 0,
    limit: int = 20,
    facets: Sequence[Facet] = (),
    highlight_lang: Language | None = None,
    histogram: bool = False,
) -> Page:
    """As `Store.search`; `Page.missing` says how many words a hit may lack.

    One word more may be missing as long as fewer than `ENOUGH` alerts were found, up to half of the words, and more than half only
    when nothing was. By relevance those with more of the words come first. The same query gives the same answer on every page of it. Raises what `Store.search` raises.
    """

    def ask(missing: int) -> Page:
        return store.search(
            query.model_copy(update={"missing": missing}),
            as_of=as_of,
            sort=sort,
            offset=offset,
            limit=limit,
            facets=facets,
            highlight_lang=highlight_lang,
            histogram=histogram,
        )

    def total(missing: int) -> int:
        return store.search(query.model_copy(update={"missing": missing}), as_of=as_of, limit=0).total

    page = ask(0)
    if page.total >= ENOUGH:
        return page
    together = store.together(query)
    best, most = 0, page.total
    for missing in range(1, together):
        if most >= (ENOUGH if 2 * missing <= together else 1):
            break
        count = total(missing)
        if count > most:
            best, most = missing, count
    return ask(best) if best else page
