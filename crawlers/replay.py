"""Recorded answers, served over loopback HTTP through the ordinary downloader (DESIGN.md, "Replay").

`ReplayServer` serves a folder in the parent's process, which needs no Scrapy for it; `crawlers.replay_handler` turns the
requests of the crawl's own process there.
"""

from __future__ import annotations

import datetime as dt
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from crawlers.manifest import Manifest

#: How the downloader tells the server what was asked for, and the server when that was recorded. Neither reaches a spider.
URL_HEADER, FETCHED_HEADER = "X-Tradewarn-Url", "X-Tradewarn-Fetched-At"


@dataclass
class Reply:
    """What the server answers. `headers` are sent as they are; Content-Length is added.

    `send`, where given, writes the whole answer itself: how a test makes a server that stalls, trickles or hangs up.
    """

    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b""
    send: Callable[[BaseHTTPRequestHandler], None] | None = None


class ReplayServer:
    """Serves a replay folder on a free loopback port while the `with` block lasts. `url` is where."""

    def __init__(self, folder: Path) -> None:
        self.manifest = Manifest.read(folder)
        self.asked: list[str] = []  # method and URL, in the order they came
        self._server = _Server(("127.0.0.1", 0), _Handler)
        self._server.replay = self
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    def __enter__(self) -> ReplayServer:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def answer(self, method: str, url: str, headers: dict[str, str], body: bytes) -> Reply:
        """The recorded answer, or 404. A recorded ETag is honoured: the same validator gives 304."""
        self.asked.append(f"{method} {url}")
        found = self.manifest.find(method, url, body)
        if found is None:
            return Reply(404, {"Content-Type": "text/plain"}, b"not in the replay folder\n")
        known = {name.lower(): value for name, value in found.headers.items()}
        extra = {FETCHED_HEADER: found.fetched_at.isoformat()} if found.fetched_at else {}
        if known.get("etag") and headers.get("if-none-match") == known["etag"]:
            return Reply(304, {"ETag": known["etag"]} | extra)
        kept = {k: v for k, v in found.headers.items() if k.lower() not in _HOP_BY_HOP}
        return Reply(found.status, kept | extra, found.body())


#: Of the recorded transfer, not of the content: the body on disk is whole and unpacked.
_HOP_BY_HOP = {"content-length", "transfer-encoding", "connection", "keep-alive", "content-encoding"}


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    replay: ReplayServer

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that went away in mid-answer (a time-out, a body too large) is no fault of the server's."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    wbufsize = -1  # head and body in one packet: unbuffered, each response waits 40 ms for a delayed ACK
    disable_nagle_algorithm = True
    server: _Server

    def do_GET(self) -> None:
        length = int(self.headers.get("Content-Length") or 0)
        body = self.rfile.read(length) if length else b""
        url = self.headers.get(URL_HEADER) or f"http://{self.headers.get('Host', '')}{self.path}"
        sent = {name.lower(): value for name, value in self.headers.items()}
        self.send(self.server.replay.answer(self.command, url, sent, body))

    do_POST = do_GET  # noqa: N815 - http.server calls it so
    do_HEAD = do_GET  # noqa: N815

    def send(self, reply: Reply) -> None:
        if reply.send is not None:
            self.close_connection = True
            reply.send(self)
            return
        self.send_response_only(reply.status)
        for name, value in reply.headers.items():
            self.send_header(name, value)
        if reply.status != 304 and "content-length" not in {name.lower() for name in reply.headers}:
            self.send_header("Content-Length", str(len(reply.body)))
        self.end_headers()
        if reply.status != 304 and self.command != "HEAD":
            self.wfile.write(reply.body)
        self.wfile.flush()

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the base names it so
        """No log: the spider's report says what was asked and what failed."""


def as_of(folder: Path) -> dt.datetime:
    """The clock of a replay folder. Raises ManifestError."""
    return Manifest.read(folder).as_of


def __getattr__(name: str) -> Any:
    """`crawlers.replay.ReplayHandler`, as Scrapy's settings name it, without loading Scrapy for those who only serve."""
    if name == "ReplayHandler":
        from crawlers.replay_handler import ReplayHandler

        return ReplayHandler
    raise AttributeError(name)
