"""The requests a crawl begins with: the templates of the `.yml`, or the parser's own `start(source, window)`."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Iterator
from urllib.parse import urlencode

from scrapy import Request

from crawlers.reading import Window
from crawlers.source import RequestTemplate, Source


def start(source: Source, window: Window) -> Iterator[Request]:
    """First requests of a crawl over `window`, each with `meta` of source and window."""
    module = source.parser()
    own = getattr(module, "start", None)
    made: Iterable[Request] = own(source, window) if own else _from_templates(source, window)
    for request in made:
        yield prepared(source, window, request)


def prepared(source: Source, window: Window, request: Request) -> Request:
    """`request` with what parsers read from `meta`: the source and the window (unless the parser narrowed it).

    A parser that reads other statuses than 2xx names them: `STATUSES = (404,)` in its module (openFDA answers 404
    where nothing matches), or `meta={"handle_httpstatus_list": [404]}` on one request.
    """
    request.meta["source"] = source
    statuses = getattr(source.parser(), "STATUSES", None)
    if statuses:
        request.meta.setdefault("handle_httpstatus_list", list(statuses))
    request.meta.setdefault("window", window)
    for name, value in source.headers.items():
        request.headers.setdefault(name, value)
    return request


def _from_templates(source: Source, window: Window) -> Iterator[Request]:
    module = source.parser()
    for template in source.requests:
        for part in windows(window, template.window):
            yield _request(template, part, getattr(module, template.callback))


def windows(window: Window, length: str | None) -> Iterator[Window]:
    """`window` cut into consecutive parts of at most `length` (`30d`); the whole where there is none."""
    if length is None:
        yield window
        return
    step, since = dt.timedelta(days=int(length[:-1])), window.since
    while since <= window.until:
        until = min(since + step - dt.timedelta(days=1), window.until)
        yield Window(since, until, window.first)
        since = until + dt.timedelta(days=1)


def _request(template: RequestTemplate, window: Window, callback: object) -> Request:
    days = {
        "since": window.since.strftime(template.dates),
        "until": window.until.strftime(template.dates),
        "until_next": (window.until + dt.timedelta(days=1)).strftime(template.dates),
    }

    def fill(text: str) -> str:
        for name, value in days.items():
            text = text.replace("{" + name + "}", value)
        return text

    headers, body = dict(template.headers), fill(template.body)
    if template.form:
        body = urlencode({name: fill(value) for name, value in template.form.items()})
        headers.setdefault("Content-Type", "application/x-www-form-urlencoded")
    return Request(
        fill(template.url),
        method=template.method,
        headers=headers,
        body=body,
        callback=callback,  # type: ignore[arg-type]
        meta={"window": window, "conditional": template.conditional},
        dont_filter=True,
    )
