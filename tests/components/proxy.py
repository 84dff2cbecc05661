"""A loopback proxy before a real server that spoils some answers: throttling, lost answers, another product's manners."""

from __future__ import annotations

import http.client
import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

#: (method, path, body) → (status, headers, body) to answer instead; "lost": forwarded, then the answer is dropped; None: forwarded.
Spoil = Callable[[str, str, bytes], "tuple[int, dict[str, str], bytes] | str | None"]


class Proxy:
    """Listens on `url`; `spoil` may be changed at any time. `port` is the real server's (0: there is none)."""

    def __init__(self, port: int = 0, spoil: Spoil | None = None) -> None:
        self.spoil: Spoil = spoil or (lambda *_: None)
        self.asked: list[tuple[str, str]] = []
        proxy = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def log_message(self, *_: object) -> None:
                """Nothing to the terminal."""

            def _serve(self) -> None:
                body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
                proxy.asked.append((self.command, self.path))
                spoilt = proxy.spoil(self.command, self.path, body)
                if isinstance(spoilt, tuple):
                    self._answer(*spoilt)
                    return
                upstream = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
                headers = {name: value for name, value in self.headers.items() if name.lower() != "host"}
                upstream.request(self.command, self.path, body, headers)
                answer = upstream.getresponse()
                content = answer.read()
                upstream.close()
                if spoilt == "lost":
                    self.close_connection = True
                    return
                kept = {
                    n: v for n, v in answer.getheaders() if n.lower() not in {"content-length", "transfer-encoding"}
                }
                self._answer(answer.status, kept, content)

            def _answer(self, status: int, headers: dict[str, str], content: bytes) -> None:
                self.send_response(status)
                for name, value in headers.items():
                    self.send_header(name, value)
                self.send_header("Content-Length", str(len(content)))
                self.end_headers()
                if self.command != "HEAD":
                    self.wfile.write(content)

            do_GET = do_POST = do_PUT = do_HEAD = do_DELETE = _serve  # noqa: N815 - the names http.server calls

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)
        self._thread.start()

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()
