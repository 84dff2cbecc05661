"""The next page of a list: the same address with another number in its query."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any

from scrapy import Request
from scrapy.http import Response

from crawlers.reading import Drift, Parsed

Reader = Callable[[Response], Iterator[Parsed]]


def number_in(response: Response, name: str) -> int:
    """The number of parameter `name` in the address that was asked. Raises Drift where there is none."""
    found = re.search(rf"[?&]{re.escape(name)}=(\d+)", response.url)
    if found is None:
        raise Drift(f"the address has no number {name}=: {response.url}")
    return int(found[1])


def page(response: Response, name: str, number: int, callback: Reader, **meta: Any) -> Request:
    """The request for the page with `number` in parameter `name`; it accepts what the first one accepted."""
    url = re.sub(rf"(?<=[?&]){re.escape(name)}=\d+", f"{name}={number}", response.url)
    accepted = response.request.headers.get("Accept") if response.request is not None else None
    headers = {"Accept": accepted} if accepted else None
    return Request(url, callback=callback, headers=headers, meta=meta, dont_filter=True)
