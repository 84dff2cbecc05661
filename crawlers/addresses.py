"""Which addresses a crawl may go to: the hosts a source declares, never a private network.

A redirect, a link in a list and the first request are all judged here, by the URL the source asked for (a replay is
invisible at this point); names that resolve to a private address are refused where they are resolved.
"""

from __future__ import annotations

import ipaddress
from typing import Any
from urllib.parse import urlsplit

from scrapy import Request
from scrapy.crawler import Crawler
from scrapy.exceptions import IgnoreRequest
from scrapy.resolver import CachingThreadedResolver
from twisted.internet.defer import Deferred

from crawlers.source import Source


class AddressRefused(IgnoreRequest):
    """The request leads where this source may not go. The message names the URL and the reason."""


def hosts(source: Source) -> frozenset[str]:
    """The hosts a source declares: of its home, its requests, its attachments, and `allowed_hosts`."""
    attached = set(source.attachments.hosts) if source.attachments else set()
    urls = [source.home, *(template.url for template in source.requests)]
    return frozenset({host for url in urls if (host := urlsplit(url).hostname)} | set(source.allowed_hosts) | attached)


def refused(url: str, allowed: frozenset[str]) -> str | None:
    """Why `url` may not be asked for, or None. A subdomain of an allowed host is allowed."""
    try:
        parts = urlsplit(url)
        host, _ = (parts.hostname or "").rstrip(".").lower(), parts.port
    except ValueError as error:
        return f"is no address: {error}"
    if parts.scheme not in {"http", "https"}:
        return f"scheme {parts.scheme!r} is not http or https"
    if is_private(host):
        return "is a private address"
    if not any(host == name or host.endswith(f".{name}") for name in allowed):
        return f"host {host!r} is not declared (allowed_hosts of the source)"
    return None


def is_private(host: str) -> bool:
    """Whether a host (name or literal) is this machine or a network that is not the public one."""
    name = host.strip("[]").lower()
    if not name or name == "localhost" or name.endswith((".localhost", ".local", ".internal", ".home.arpa", ".lan")):
        return True
    try:
        return not ipaddress.ip_address(name).is_global
    except ValueError:
        # `2130706433`, `0x7f.1`: other spellings of an address that system libraries understand
        return name.replace(".", "").isdigit() or name.startswith("0x")


class AddressCheck:
    """Downloader middleware, nearest to the engine: every request passes, redirected ones and robots.txt too."""

    def __init__(self, allowed: frozenset[str]) -> None:
        self._allowed = allowed

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> AddressCheck:
        return cls(frozenset(crawler.settings.getlist("TRADEWARN_HOSTS")))

    def process_request(self, request: Request) -> None:
        reason = refused(request.url, self._allowed)
        if reason is not None:
            raise AddressRefused(f"refused: {request.url} {reason}")


class PublicResolver(CachingThreadedResolver):
    """Resolves names, and refuses those that lead to a private address (a public name can point there)."""

    def getHostByName(self, name: str, timeout: Any = ()) -> Deferred[str]:  # noqa: N802 - Twisted's name
        found = super().getHostByName(name, timeout)
        # A literal was judged by AddressCheck; the loopback server of a replay is one.
        return found if _is_literal(name) else found.addCallback(self._public, name)

    @staticmethod
    def _public(address: str, name: str) -> str:
        if is_private(address):
            raise AddressRefused(f"refused: {name} resolves to the private address {address}")
        return address


def _is_literal(name: str) -> bool:
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True
