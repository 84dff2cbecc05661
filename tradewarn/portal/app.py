"""The application: pages for people, `/api` for programs, `/feed` for the platform, `/health` for the operator."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from pathlib import Path

from fastapi import FastAPI, Request, Response
from fastapi.exception_handlers import request_validation_exception_handler
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, RedirectResponse
from fastapi.staticfiles import StaticFiles
from starlette.exceptions import HTTPException

from index.query import QueryError
from tradewarn import __version__
from tradewarn.portal import api, feed, pages
from tradewarn.portal.labels import label
from tradewarn.workshop import UsageError, Workshop

HERE = Path(__file__).parent


def create(shop: Workshop) -> FastAPI:
    """The portal over one workshop. Nothing in it reads the clock: `shop.as_of` does, once a request."""
    app = FastAPI(
        title="tradewarn 技贸预警",
        version=__version__,
        description="Alerts on technical trade measures, with grounds. What is counted and what is not covered: /zh/about.",
        docs_url=None,
        redoc_url=None,
    )
    app.state.shop = shop
    app.mount("/static", StaticFiles(directory=HERE / "static"), name="static")
    app.include_router(api.router)
    app.include_router(feed.router)
    app.include_router(pages.router)
    embed = " ".join(origin.strip() for origin in shop.settings.embed_origins.split(",") if origin.strip())
    policy = (
        "default-src 'none'; style-src 'self'; img-src 'self' data:; font-src 'self'; form-action 'self'; base-uri 'none'; "
        f"frame-ancestors {embed or chr(39) + 'none' + chr(39)}"
    )

    @app.middleware("http")
    async def headers(request: Request, call_next: Callable[[Request], Awaitable[Response]]) -> Response:
        response = await call_next(request)
        response.headers.setdefault("Content-Security-Policy", policy)
        response.headers.setdefault("X-Content-Type-Options", "nosniff")
        response.headers.setdefault("Referrer-Policy", "strict-origin-when-cross-origin")
        if not embed:
            response.headers.setdefault("X-Frame-Options", "DENY")
        return response

    @app.exception_handler(HTTPException)
    async def not_found(request: Request, error: HTTPException) -> Response:
        if _for_program(request):
            return JSONResponse({"error": error.detail}, status_code=error.status_code)
        plain = error.detail == "Not Found"  # Starlette's own word for no route: the page's heading says it already
        return pages.problem(request, error.status_code, "" if plain else str(error.detail))

    @app.exception_handler(RequestValidationError)
    async def wrong_parameter(request: Request, error: RequestValidationError) -> Response:
        """A person gets a page that names the parameter; a language that is not ours is a page that does not exist."""
        if _for_program(request):
            return await request_validation_exception_handler(request, error)
        where = [item["loc"] for item in error.errors()]
        if ("path", "lang") in where:
            return pages.problem(request, 404, "")
        name = str(where[0][-1]) if where else ""
        return pages.problem(request, 400, label("wrong_parameter", pages.language(request), name=name))

    @app.exception_handler(QueryError)
    async def bad_query(_: Request, error: QueryError) -> Response:
        return JSONResponse(api.query_problem(error), status_code=400)

    @app.exception_handler(UsageError)
    async def bad_usage(request: Request, error: UsageError) -> Response:
        if _for_program(request):
            return JSONResponse({"error": str(error)}, status_code=400)
        return pages.problem(request, 400, str(error))

    @app.get("/", include_in_schema=False)
    def root(request: Request) -> RedirectResponse:
        """Chinese first; English for a reader whose browser asks for it and not for Chinese."""
        wanted = request.headers.get("accept-language", "").lower()
        english = "zh" not in wanted and wanted.startswith("en")
        return RedirectResponse("/en/" if english else "/zh/", status_code=302)

    return app


def _for_program(request: Request) -> bool:
    return request.url.path.startswith(("/api", "/feed", "/health"))
