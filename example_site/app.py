"""The site of a fictional astronomy club: one page, one style sheet, one script tag of the hub.

Its Content-Security-Policy allows the hub's script and frame and nothing else from outside, which
is all that embedding needs.
"""

from __future__ import annotations

from urllib.parse import urlsplit

from flask import Flask, Response, render_template


def create_app(hub: str) -> Flask:
    """Build the site; `hub` is the address of the hub, such as https://hub.example.

    Raises ValueError if the address is not http or https.
    """
    parts = urlsplit(hub)
    if parts.scheme not in ("http", "https") or not parts.netloc:
        raise ValueError(f"the hub's address is http:// or https:// and a name, not {hub!r}")
    origin = f"{parts.scheme}://{parts.netloc}"
    policy = (
        "default-src 'none'; style-src 'self'; img-src 'self'; "
        f"script-src {origin}; frame-src {origin}; base-uri 'none'; form-action 'none'"
    )
    app = Flask(__name__)

    @app.get("/")
    def front() -> str:
        return render_template("index.html", hub=origin)

    @app.after_request
    def secure(response: Response) -> Response:
        response.headers["Content-Security-Policy"] = policy
        response.headers["X-Content-Type-Options"] = "nosniff"
        return response

    return app
