"""The pages: search with facets, one alert, the sources, what this is. Every state of a page is its URL; no script is needed."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from functools import partial
from pathlib import Path
from typing import Annotated, Any
from urllib.parse import urlencode

from fastapi import APIRouter, HTTPException, Query, Request
from fastapi.responses import HTMLResponse
from fastapi.templating import Jinja2Templates

from crawlers import health, places
from crawlers import source as sources
from index.fields import Facet
from index.query import QueryError, parse
from index.store import Page
from index.suggest import suggest
from nlp import level, watchlist
from nlp.words import Lang, word
from reports.drafts import DIRECT
from reports.subscription import dotted
from tradewarn import query as queries
from tradewarn.portal import cards, review
from tradewarn.portal.clock import shop_of, today
from tradewarn.portal.labels import label
from tradewarn.portal.times import plain

router = APIRouter(include_in_schema=False)
templates = Jinja2Templates(directory=Path(__file__).parent / "templates")
templates.env.filters["web"] = cards.web
PER_PAGE = 20
TEXT_SHOWN = 20_000
#: Facets of the search page, in the order a person narrows down.
FACETS: tuple[Facet, ...] = (
    "level", "market", "industry", "kind", "hazard", "severity", "measure", "reach", "stage", "regulation", "source",
)  # fmt: skip
SHOWN = 6  # values of a facet before "more"
#: Queries to try, each with its language.
EXAMPLES = (
    ("锂电池 market:EU", "zh-CN"), ("hs:8507600090", "en"), ("小龙虾", "zh-CN"), ("deadline:<30d", "en"), ('"power bank" -toy', "en"),
    ("リチウム電池", "ja"),
)  # fmt: skip
_LEVELS = ("red", "yellow", "green")
#: What needs a person first, what never ran last.
_HEALTH_ORDER: tuple[health.State, ...] = ("down", "late", "ok", "never")


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
        return (dossier.nickname_zh if lang == "zh" else dossier.name_en) if dossier else value
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
        "place": lambda code, column="origin": places.name(code, lang, column),
        "dotted": dotted,
        "today": today(request),
        "twin": twin,
        "settings": shop.settings,
        "query_text": "",
        "filters": [],
        "asked_sort": "",
        "examples": EXAMPLES,
        **values,
    }
    return templates.TemplateResponse(request, template, context, status_code=status)


def problem(request: Request, status: int, detail: str) -> HTMLResponse:
    lang = language(request)
    title = label(f"problem_{status}" if status in {400, 404} else "problem_other", lang)
    return view(request, lang, "problem.html", status, code=status, title=title, detail=detail)


def language(request: Request) -> Lang:
    return "en" if request.url.path.startswith("/en/") else "zh"


@router.get("/{lang}/", response_class=HTMLResponse)
def search(
    request: Request,
    lang: Lang,
    q: Annotated[str, Query(max_length=2000)] = "",
    f: Annotated[list[str], Query(max_length=200)] = [],  # noqa: B006 - FastAPI copies the default
    sort: Annotated[str, Query(pattern="^(|relevance|date|deadline|level)$")] = "",
    page: Annotated[int, Query(ge=1, le=500)] = 1,
) -> HTMLResponse:
    """The search page. `f` are filters clicked in the facets; they join the query as if they were typed."""
    shop, day = shop_of(request), today(request)
    chosen = sort or ("relevance" if q.strip() else "date")
    text = " ".join([q, *f]).strip()
    common: dict[str, Any] = {"query_text": q, "filters": f, "sort": chosen, "asked_sort": sort}
    try:
        found = queries.search(
            shop,
            text,
            sort=chosen,
            limit=PER_PAGE,
            offset=(page - 1) * PER_PAGE,
            facets=FACETS,
            today=day,
            highlight=lang,
        )
    except QueryError as error:
        message = error.zh if lang == "zh" else error.en
        at = min(error.position, len(text))
        pointed = (text[:at], text[at : at + 1] or "␣", text[at + 1 :])
        return view(request, lang, "search.html", 400, **common, error=message, at=at, pointed=pointed)
    pages = max(1, -(-min(found.total, 10_000) // PER_PAGE))
    if page > pages:
        raise HTTPException(404, label("no_page", lang, n=page))
    link = partial(_link, q=q, f=f, sort=sort)
    other = None if found.total else suggest(parse(q), shop.store)
    return view(
        request,
        lang,
        "search.html",
        **common,
        home=not text and page == 1,
        total=found.total,
        missing=found.missing,
        hits=[cards.card(hit.alert, day, lang, hit.highlights) for hit in found.hits],
        facets=_facets(found, f, lang, link),
        shown=SHOWN,
        suggestion=(other, _link(q=other, f=f, sort=sort)) if other else None,
        active=[{"text": _filter_text(item, lang), "href": link(toggle=item)} for item in f],
        clear=_link(q=q, f=[], sort=sort),
        sorts=[(name, link(sort=name)) for name in queries.SORTS],
        page=page,
        pages=pages,
        page_link=lambda number: link(page=number),
    )


def _facets(found: Page, f: list[str], lang: Lang, link: Any) -> list[dict[str, Any]]:
    rows = []
    for name in FACETS:
        counts = list(found.facets.get(name, ()))
        if name == "level":  # by urgency, not by number
            counts.sort(key=lambda count: _LEVELS.index(count.value) if count.value in _LEVELS else len(_LEVELS))
        if not counts:
            continue
        # "items" would be the method of the mapping in a template.
        choices = [
            {
                "value": count.value,
                "text": value_name(name, count.value, lang),
                "n": count.n,
                "on": f"{name}:{count.value}" in f,
                "href": link(toggle=f"{name}:{count.value}"),
            }
            for count in counts
        ]
        rows.append({"name": name, "label": _facet_label(name, lang), "choices": choices})
    return rows


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


@router.get("/{lang}/alerts/{alert_id:path}", response_class=HTMLResponse)
def alert(request: Request, lang: Lang, alert_id: str) -> HTMLResponse:
    """One alert: what, whether it concerns you, from when, what to prepare, whom to tell, and the original."""
    shop, day = shop_of(request), today(request)
    found = shop.catalogue.get(alert_id)
    if found is None:
        raise HTTPException(404, label("no_alert", lang, id=alert_id))
    lead = dt.timedelta(days=shop.settings.comment_lead_days)
    facts = cards.card(found, day, lang)
    dossiers = watchlist.by_id()
    event = shop.catalogue.event(found.event)
    likely = shop.catalogue.possible(found.event)[: review.POSSIBLE_SHOWN]
    deadline = level.comment_deadline(found.notice)
    return view(
        request,
        lang,
        "alert.html",
        **facts,
        dues=cards.dues(found, day, lang, lead=lead),
        open_for_comments=deadline is not None and deadline >= day and not facts["withdrawn"],
        brief=cards.brief(found, lang),
        ground=level.grounds_text(facts["span"], lang) if facts["span"] else "",
        spans=[(span, level.grounds_text(span, lang)) for span in facts["opinion"].levels],
        review=review.review(found, lang),
        likely=[(cards.card(one, day, lang), review.because(event, one, lang)) for one in likely],
        timeline=[cards.card(one, day, lang) for one in event] if len(event) > 1 else [],
        dossiers=[dossiers[name] for name in facts["opinion"].regulations if name in dossiers],
        grounds=cards.grounds(found, lang),
        advice=cards.advice(found, lang),
        enquiry_point=shop.settings.enquiry_points[0 if lang == "zh" else 1] or label("unknown", lang),
        direct=DIRECT.get(found.notice.market),
        text_shown=TEXT_SHOWN,
    )


@router.get("/{lang}/sources", response_class=HTMLResponse)
def list_sources(request: Request, lang: Lang) -> HTMLResponse:
    """How every source is: what needs a person first."""
    shop = shop_of(request)
    rows = [(source, health.health(shop.engine, source, shop.as_of)) for source in sources.all_sources()]
    rows.sort(key=lambda row: (_HEALTH_ORDER.index(row[1].state), row[0].market or "", row[0].id))
    counts = Counter(state.state for _, state in rows)
    summary = [(name, word("health", name, lang), counts[name]) for name in _HEALTH_ORDER if counts[name]]
    return view(request, lang, "sources.html", rows=rows, summary=summary, plain=partial(plain, lang=lang))


@router.get("/{lang}/about", response_class=HTMLResponse)
def about(request: Request, lang: Lang) -> HTMLResponse:
    return view(request, lang, "about.html")
