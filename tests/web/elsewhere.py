"""Servers of files that are elsewhere: HTTPS with a certificate of a test's authority, and FTP."""

from __future__ import annotations

import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import trustme

Answer = Callable[[BaseHTTPRequestHandler], None]


class HttpsServer:
    """Answers the paths that `answers` has; `requests` are those that came."""

    def __init__(self, authority: trustme.CA) -> None:
        self.answers: dict[str, Answer] = {}
        self.requests: list[str] = []
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        authority.issue_cert("localhost", "127.0.0.1").configure_cert(context)
        answers, requests = self.answers, self.requests

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self) -> None:
                requests.append(self.path)
                answers[self.path](self)

            def log_message(self, format: str, *args: object) -> None:  # noqa: A002
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.handle_error = lambda *_: None  # type: ignore[method-assign]
        self._server.socket = context.wrap_socket(self._server.socket, server_side=True)
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)
        self._thread.start()

    def url(self, path: str, host: str = "localhost") -> str:
        return f"https://{host}:{self._server.server_port}{path}"

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


def content(data: bytes, *, status: int = 200, length: int | None = None, **headers: str) -> Answer:
    """An answer with these bytes, whatever length it claims."""

    def answer(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(status)
        handler.send_header("Content-Length", str(len(data) if length is None else length))
        for name, value in headers.items():
            handler.send_header(name.replace("_", "-"), value)
        handler.send_header("Connection", "close")
        handler.end_headers()
        handler.wfile.write(data)
        handler.close_connection = True

    return answer


@contextmanager
def ftp_server(files: dict[str, bytes], welcome: str = "220 ready") -> Iterator[str]:
    """The address of a server that speaks as much FTP as reading a file takes."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=_serve_ftp, args=(listener, files, welcome), daemon=True)
        thread.start()
        yield f"ftp://127.0.0.1:{listener.getsockname()[1]}"
        listener.shutdown(socket.SHUT_RDWR)
        thread.join()


def _serve_ftp(listener: socket.socket, files: dict[str, bytes], welcome: str) -> None:
    while True:
        try:
            connection, _ = listener.accept()
        except OSError:
            return
        with connection, connection.makefile("rwb", buffering=0) as control:
            _converse(control, files, welcome)


def _converse(control: socket.SocketIO, files: dict[str, bytes], welcome: str) -> None:
    def say(line: str) -> None:
        control.write(f"{line}\r\n".encode())

    data = socket.create_server(("127.0.0.1", 0))
    say(welcome)
    while line := control.readline().decode().strip():
        command, _, argument = line.partition(" ")
        match command:
            case "USER":
                say("230 welcome")
            case "TYPE":
                say("200 binary")
            case "PASV":  # a lie: that machine is another one
                port = data.getsockname()[1]
                say(f"227 Entering Passive Mode (10,0,0,1,{port >> 8},{port & 255})")
            case "RETR" if argument in files:
                say("150 here it comes")
                with data.accept()[0] as transfer:
                    transfer.sendall(files[argument])
                say("226 done")
            case "QUIT":
                say("221 bye")
                break
            case _:
                say("550 no")
    data.close()
