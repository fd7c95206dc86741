"""Serves pages that a test writes itself, each with the Content-Security-Policy that it wants."""

from __future__ import annotations

import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class PageServer:
    """Pages on http://localhost: a site of its own beside a hub on 127.0.0.1."""

    def __init__(self) -> None:
        pages: dict[str, tuple[bytes, str]] = {}

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                body, policy = pages.get(self.path, (b"", ""))
                self.send_response(200 if self.path in pages else 404)
                self.send_header("Content-Type", "text/html; charset=utf-8")
                self.send_header("Content-Length", str(len(body)))
                if policy:
                    self.send_header("Content-Security-Policy", policy)
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *args: object) -> None:
                """Quiet: the tests look at the browser's side."""

        self._pages = pages
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._thread = threading.Thread(target=self._server.serve_forever)
        self._thread.start()

    def add(self, path: str, body: str, policy: str = "") -> str:
        """Serve `body` as a page; returns its address."""
        head = "<!doctype html><meta charset=utf-8><link rel=icon href='data:,'>"
        self._pages[path] = (f"{head}{body}".encode(), policy)
        return f"http://localhost:{self._server.server_port}{path}"

    def close(self) -> None:
        """Stop serving."""
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()
