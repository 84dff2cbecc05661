"""The pages: search with facets, one alert, the sources, what this is. Every state of a page is its URL; no script is needed."""

from __future__ import annotations

import datetime as dt
from functools import partial
from pathlib import Path
from typing import Annotated, Any
from urllib.parse import urlencode

from fastapi import APIRouter, HTTPException, Query, Request
from fastapi.responses import HTMLResponse
from fastapi.templating import Jinja2Templates

from crawlers import health, places
from crawlers import source as sources
from index.alert import Alert
from index.fields import Facet
from index.query import QueryError
from nlp import hs, level, watchlist
from nlp.words import Lang, word
from tradewarn import query as queries
from tradewarn.portal.clock import shop_of, today
from tradewarn.portal.labels import label

router = APIRouter(include_in_schema=False)
templates = Jinja2Templates(directory=Path(__file__).parent / "templates")
PER_PAGE = 20
#: Facets of the search page, in the order a person narrows down.
FACETS: tuple[Facet, ...] = (
    "level", "market", "industry", "kind", "hazard", "severity", "measure", "reach", "stage", "regulation", "source",
)  # fmt: skip
SHOWN = 8  # values of a facet before "more"
EXAMPLES = ("锂电池 market:EU", "hs:8507600090", "小龙虾", "deadline:<30d", "“power bank” -toy", "リチウム電池")


def value_name(facet: str, value: str, lang: Lang) -> str:
    """What a person reads for a value of a facet."""
    if facet in {"market", "origin"}:
        return places.name(value, lang, "member" if facet == "market" else "origin")
    if facet == "market_group":
        return places.GROUP_NAMES[value][lang] if value in places.GROUP_NAMES else value
    if facet == "source":
        found = _source_names().get(value)
        return found[0 if lang == "zh" else 1] if found else value
    if facet == "regulation":
        dossier = watchlist.by_id().get(value)
        return (dossier.nickname_zh if lang == "zh" else dossier.official_name) if dossier else value
    return word(facet, value, lang)


def _source_names() -> dict[str, tuple[str, str]]:
    return {source.id: (source.name_zh, source.name) for source in sources.all_sources()}


def view(request: Request, lang: Lang, template: str, status: int = 200, **values: Any) -> HTMLResponse:
    """A page with what every page needs: language, words, the day, and its twin in the other language."""
    shop = shop_of(request)
    other = "en" if lang == "zh" else "zh"
    twin = str(request.url.path).replace(f"/{lang}/", f"/{other}/", 1)
    if request.url.query:
        twin += f"?{request.url.query}"
    context = {
        "lang": lang,
        "t": partial(label, lang=lang),
        "word": partial(word, lang=lang),
        "value_name": partial(value_name, lang=lang),
        "place": lambda code, column="origin": places.name(code, lang, column),
        "hs_name": lambda code: hs.name(code, lang),
        "today": today(request),
        "twin": twin,
        "settings": shop.settings,
        "query_text": "",
        **values,
    }
    return templates.TemplateResponse(request, template, context, status_code=status)


def problem(request: Request, status: int, detail: str) -> HTMLResponse:
    lang: Lang = "en" if request.url.path.startswith("/en") else "zh"
    return view(request, lang, "problem.html", status, code=status, detail=detail)


@router.get("/{lang}/", response_class=HTMLResponse)
def search(
    request: Request,
    lang: Lang,
    q: Annotated[str, Query(max_length=2000)] = "",
    f: Annotated[list[str], Query(max_length=200)] = [],  # noqa: B006 - FastAPI copies the default
    sort: Annotated[str, Query(pattern="^(relevance|date|deadline|level)$")] = "",
    page: Annotated[int, Query(ge=1, le=500)] = 1,
) -> HTMLResponse:
    """The search page. `f` are filters clicked in the facets; they join the query as if they were typed."""
    shop, day = shop_of(request), today(request)
    chosen = sort or ("relevance" if q.strip() else "date")
    text = " ".join([q, *f])
    common: dict[str, Any] = {"query_text": q, "filters": f, "sort": chosen, "examples": EXAMPLES}
    try:
        found = queries.search(
            shop, text, sort=chosen, limit=PER_PAGE, offset=(page - 1) * PER_PAGE, facets=FACETS, today=day
        )
    except QueryError as error:
        message = error.zh if lang == "zh" else error.en
        return view(request, lang, "search.html", 400, **common, error=message, at=error.position, text=text)
    link = partial(_link, q=q, f=f, sort=sort)
    facets = [
        {
            "name": name,
            "label": _facet_label(name, lang),
            "values": [
                {
                    "value": count.value,
                    "text": value_name(name, count.value, lang),
                    "n": count.n,
                    "on": f"{name}:{count.value}" in f,
                    "href": link(toggle=f"{name}:{count.value}"),
                }
                for count in found.facets.get(name, ())
            ],
        }
        for name in FACETS
        if found.facets.get(name)
    ]
    return view(
        request,
        lang,
        "search.html",
        **common,
        total=found.total,
        hits=[card(hit.alert, day, hit.highlights) for hit in found.hits],
        facets=facets,
        shown=SHOWN,
        active=[{"text": _filter_text(item, lang), "href": link(toggle=item)} for item in f],
        sorts=[(name, link(sort=name)) for name in queries.SORTS],
        page=page,
        pages=max(1, -(-min(found.total, 10_000) // PER_PAGE)),
        page_link=lambda number: link(page=number),
    )


def _facet_label(name: str, lang: Lang) -> str:
    names = {"industry": "industries", "hazard": "hazards", "regulation": "regulations"}
    return label(names.get(name, name), lang)


def _filter_text(item: str, lang: Lang) -> str:
    name, _, value = item.partition(":")
    return f"{_facet_label(name, lang)}：{value_name(name, value, lang)}" if name in FACETS else item


def _link(*, q: str, f: list[str], sort: str, toggle: str = "", page: int = 1) -> str:
    filters = [item for item in f if item != toggle]
    if toggle and toggle not in f:
        filters.append(toggle)
    pairs = [("q", q)] if q else []
    pairs += [("f", item) for item in filters]
    pairs += [("sort", sort)] if sort else []
    pairs += [("page", str(page))] if page > 1 else []
    return "?" + urlencode(pairs)


def card(alert: Alert, day: dt.date, highlights: Any = None) -> dict[str, Any]:
    """What a list shows of an alert; every value the analyst's where there is one."""
    opinion = alert.effective
    deadline = level.comment_deadline(alert.notice)
    return {
        "alert": alert,
        "notice": alert.notice,
        "opinion": opinion,
        "span": level.at(opinion.levels, day),
        "deadline": deadline,
        "days": (deadline - day).days if deadline else None,
        "applies": level.application_dates(alert.notice),
        "highlights": highlights or {},
    }


@router.get("/{lang}/alerts/{alert_id:path}", response_class=HTMLResponse)
def alert(request: Request, lang: Lang, alert_id: str) -> HTMLResponse:
    """One alert: what, whether it concerns you, from when, what to prepare, whom to tell, and the original."""
    shop, day = shop_of(request), today(request)
    found = shop.catalogue.get(alert_id)
    if found is None:
        raise HTTPException(404, f"没有这条记录 / no such alert: {alert_id}")
    facts = card(found, day)
    lead = dt.timedelta(days=shop.settings.comment_lead_days)
    dossiers = [watchlist.by_id()[name] for name in facts["opinion"].regulations if name in watchlist.by_id()]
    return view(
        request,
        lang,
        "alert.html",
        **facts,
        internal=facts["deadline"] - lead if facts["deadline"] else None,
        grounds=[(span, level.grounds_text(span, lang)) for span in facts["opinion"].levels],
        ground=level.grounds_text(facts["span"], lang) if facts["span"] else "",
        siblings=[card(other, day) for other in shop.catalogue.event(found.event) if other.id != found.id],
        dossiers=dossiers,
        evidence=_evidence(found),
    )


def _evidence(alert: Alert) -> list[dict[str, Any]]:
    """Every ground of every opinion, flat: which opinion, which words, of which field, and why they count."""
    opinion = alert.effective
    groups: list[tuple[str, str, Any]] = [("products", p.hs, p) for p in opinion.products]
    groups += [("industries", i.industry, i) for i in opinion.industries]
    groups += [("hazards", h.hazard, h) for h in opinion.hazards]
    groups += [
        ("severity", opinion.severity.value, opinion.severity),
        ("measure", opinion.measure.value, opinion.measure),
    ]
    groups += [("reach", opinion.reach.value or "", opinion.reach)]
    return [
        {"group": group, "value": value, "of": item, "evidence": item.evidence}
        for group, value, item in groups
        if item.evidence
    ]


@router.get("/{lang}/sources", response_class=HTMLResponse)
def list_sources(request: Request, lang: Lang) -> HTMLResponse:
    shop = shop_of(request)
    rows = [(source, health.health(shop.engine, source, shop.as_of)) for source in sources.all_sources()]
    return view(request, lang, "sources.html", rows=rows)


@router.get("/{lang}/about", response_class=HTMLResponse)
def about(request: Request, lang: Lang) -> HTMLResponse:
    return view(request, lang, "about.html", examples=EXAMPLES)
