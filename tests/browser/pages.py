"""Serves pages that a test writes itself, each with the Content-Security-Policy that it wants.

Policies may name `/reports`: what browsers report there is kept.
"""

from __future__ import annotations

import json
import queue
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


class PageServer:
    """Pages on http://localhost: a site of its own beside a hub on 127.0.0.1."""

    def __init__(self) -> None:
        pages: dict[str, tuple[bytes, str, str]] = {}
        reports: queue.Queue[dict[str, Any]] = queue.Queue()
        asked: list[str] = []

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                path = self.path.partition("?")[0]
                asked.append(path)
                body, kind, policy = pages.get(path, (b"", "text/html", ""))
                self.send_response(200 if path in pages else 404)
                self.send_header("Content-Type", kind)
                self.send_header("Content-Length", str(len(body)))
                if policy:
                    self.send_header("Content-Security-Policy", policy)
                self.end_headers()
                self.wfile.write(body)

            def do_POST(self) -> None:
                asked.append(self.path)
                body = self.rfile.read(int(self.headers["Content-Length"]))
                if self.path == "/reports":
                    reports.put(json.loads(body)["csp-report"])
                self.send_response(204)
                self.end_headers()

            def log_message(self, *args: object) -> None:
                """Quiet: the tests look at the browser's side."""

        self._pages = pages
        self._reports = reports
        self._asked = asked
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._thread = threading.Thread(target=self._server.serve_forever)
        self._thread.start()

    def add(self, path: str, body: str, policy: str = "") -> str:
        """Serve `body` as a page; returns its address."""
        head = "<!doctype html><meta charset=utf-8><link rel=icon href='data:,'>"
        self._pages[path] = (f"{head}{body}".encode(), "text/html; charset=utf-8", policy)
        return self.url(path)

    def add_file(self, path: str, body: bytes, kind: str, policy: str = "") -> str:
        """Serve a file as it is; returns its address."""
        self._pages[path] = (body, kind, policy)
        return self.url(path)

    def url(self, path: str) -> str:
        return f"http://localhost:{self._server.server_port}{path}"

    def asked(self, *paths: str) -> list[str]:
        """Which of these addresses were asked for, each as often as it was."""
        return [path for path in self._asked if path in paths]

    def asked_under(self, folder: str) -> list[str]:
        """Which addresses in a folder were asked for, each as often as it was."""
        return [path for path in self._asked if path.startswith(folder)]

    def forget_asked(self) -> None:
        """Begin a new list of what is asked for."""
        self._asked.clear()

    def next_report(self, seconds: float) -> dict[str, Any]:
        """The next violation of a policy that a browser reports; queue.Empty if there is none."""
        return self._reports.get(timeout=seconds)

    def close(self) -> None:
        """Stop serving."""
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()
