"""`/api`: what the pages show, for programs. Every answer names its day, its query as understood, and its grounds."""

from __future__ import annotations

import hashlib
from typing import Annotated, Any

from fastapi import APIRouter, HTTPException, Query, Request, Response
from fastapi.responses import JSONResponse

from crawlers import health
from crawlers import source as sources
from index.fields import FACETS
from index.query import QueryError
from tradewarn import query as queries
from tradewarn.commands.ask import described
from tradewarn.portal.clock import shop_of, today
from tradewarn.workshop import UsageError

router = APIRouter()


def query_problem(error: QueryError) -> dict[str, Any]:
    """Where the query went wrong, for the reader of either language."""
    return {"error": str(error), "position": error.position, "zh": error.zh, "en": error.en}


@router.get("/api/alerts", tags=["alerts"], summary="Search the alerts")
def alerts(
    request: Request,
    q: Annotated[str, Query(max_length=2000, description="The analysts' syntax; empty: everything.")] = "",
    sort: Annotated[str, Query(pattern="^(relevance|date|deadline|level)$")] = "relevance",
    limit: Annotated[int, Query(ge=1, le=200)] = 20,
    offset: Annotated[int, Query(ge=0, le=10_000)] = 0,
    facets: Annotated[str, Query(max_length=300, description="Names of facets, comma-separated.")] = "",
) -> JSONResponse:
    shop = shop_of(request)
    names = [name for name in FACETS if name in facets.split(",")]
    unknown = {name for name in facets.split(",") if name} - set(names)
    if unknown:
        raise UsageError(f"no such facet: {', '.join(sorted(unknown))}; there are {', '.join(FACETS)}")
    found = queries.search(shop, q, sort=sort, limit=limit, offset=offset, facets=names, today=today(request))
    return JSONResponse(queries.as_json(found, today(request)))


@router.get("/api/alerts/{alert_id:path}", tags=["alerts"], summary="One alert, whole")
def alert(request: Request, alert_id: str) -> Response:
    found = shop_of(request).catalogue.get(alert_id)
    if found is None:
        raise HTTPException(404, f"no alert {alert_id}")
    day = today(request)
    body = found.model_dump(mode="json") | {"summary": queries.summary(found, day)}
    response = JSONResponse(body)
    return with_etag(request, response, f"{found.id}:{found.version}:{day}")


@router.get("/api/sources", tags=["sources"], summary="Every source and how it is")
def list_sources(request: Request) -> list[dict[str, Any]]:
    shop = shop_of(request)
    return [
        described(source) | {"health": health.health(shop.engine, source, shop.as_of).model_dump(mode="json")}
        for source in sources.all_sources()
    ]


@router.get("/health", tags=["operation"], summary="Is the platform well? 503 when it is not")
def is_well(request: Request) -> JSONResponse:
    """Which sources are late or down is told but is no failure of the platform: 200. A broken index or state is: 503."""
    shop = shop_of(request)
    states = {s.id: health.health(shop.engine, s, shop.as_of) for s in sources.all_sources()}
    held, known = shop.store.count(), shop.catalogue.count()
    body = {
        "ok": held == known,
        "alerts": held,
        "alerts_in_state": known,
        "sources": {name: state.model_dump(mode="json") for name, state in states.items()},
    }
    return JSONResponse(body, status_code=200 if held == known else 503)


def with_etag(request: Request, response: Response, of: str) -> Response:
    """`response`, or 304 when the reader already has it."""
    tag = '"' + hashlib.sha256(of.encode()).hexdigest()[:24] + '"'
    if request.headers.get("if-none-match") == tag:
        return Response(status_code=304, headers={"ETag": tag})
    response.headers["ETag"] = tag
    return response
