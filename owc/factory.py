"""Builds the web application: every part made here, none at import.

Under gevent's monkey patch the app serves thousands of sockets in one process; without it
everything works in threads, for tests and small hubs.
"""

from __future__ import annotations

import atexit
import sys
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from flask import Flask
from flask_cors import CORS
from flask_socketio import SocketIO
from socketio import WSGIApp

import jobspec
from owc.embedded import EmbeddedServices
from owc.errors import NotFound
from owc.services import loaders
from owc.services.hub import Hub, open_hub
from owc.settings import Settings, load_secret_key
from owc.store.migrate import migrate
from owc.web import (
    assets,
    blobs,
    embedding,
    farewells,
    headers,
    jobs,
    pages,
    problem_json,
    site_pages,
    visitors,
)
from owc.web.background import Background
from owc.web.build import client_build
from owc.web.front_door import LOOPBACK_NAMES, FrontDoor, host_name, networks_of
from owc.web.lanes import open_lane
from owc.web.rates import RateLimits
from owc.web.runtime import EXTENSION, Runtime
from owc.web.tokens import TokenSigner
from owc.web.volunteer_events import VolunteerEvents
from owc.web.watch_events import WatchEvents
from owc.web.websocket import SocketServer

_PING_INTERVAL_SECONDS = 20
_PING_TIMEOUT_SECONDS = 15
_CHECK_SECONDS = 1.0
_READERS = 4
_COMPUTERS = 2


@dataclass(frozen=True, kw_only=True)
class WebHub:
    """A web process: the Flask app, its Socket.IO server, what runs beside the requests."""

    app: Flask
    socketio: Any
    runtime: Runtime
    background: Background
    volunteers: VolunteerEvents
    watchers: WatchEvents
    services: EmbeddedServices | None

    def start(self) -> None:
        """Start what runs beside the requests: own Redis and worker if embedded, upkeep.

        A plugin that cannot be used is an error now, not in the first job that calls it. The
        database is brought up to date first.
        """
        jobspec.check_plugins()
        if self.services is not None:
            self.services.start()
            self.background.add(self.services.check, _CHECK_SECONDS)
        else:
            migrate(self.runtime.settings)
        self.runtime.write(loaders.keep, self.runtime.hub, assets.loader_script())
        self.background.start()

    def close(self) -> None:
        """Stop it again: results that have arrived are stored first."""
        self.background.stop()
        self.runtime.close()
        if self.services is not None:
            self.services.stop()


def start_app(settings: Settings | None = None) -> Flask:
    """Build and start a hub for a server of others (gunicorn); it ends with the process."""
    web_hub = create_web_hub(settings or Settings.from_env())
    web_hub.start()
    atexit.register(web_hub.close)
    return web_hub.app


def create_app(settings: Settings, *, hub: Hub | None = None) -> Flask:
    """The Flask app of a hub, with nothing started."""
    return create_web_hub(settings, hub=hub).app


def create_web_hub(settings: Settings, *, hub: Hub | None = None) -> WebHub:
    """Build everything and start nothing.

    Without a Redis in the settings this is the hub of one machine: `start` brings its own, and
    loopback may post without a token. A `hub` that is given is used as it is.
    """
    runtime = _runtime(settings, hub or open_hub(settings))
    app = _flask_app(settings, runtime)
    socketio = SocketIO()  # holds the server, whose class it would choose itself
    socketio.server = SocketServer(
        async_mode="gevent" if _gevent_has_patched() else "threading",
        async_handlers=False,
        max_http_buffer_size=settings.message_bytes,
        ping_interval=_PING_INTERVAL_SECONDS,
        ping_timeout=_PING_TIMEOUT_SECONDS,
    )
    app.wsgi_app = WSGIApp(socketio.server, app.wsgi_app)  # type: ignore[method-assign]  # as below
    volunteers = VolunteerEvents(runtime, socketio.server)
    watchers = WatchEvents(runtime, socketio.server)
    volunteers.register()
    watchers.register()
    app.wsgi_app = FrontDoor(  # type: ignore[method-assign]  # how Flask takes middleware
        app=app.wsgi_app,
        allowed_hosts=_allowed_hosts(settings),
        trusted_proxies=networks_of(settings.trusted_proxies),
        sockets_per_address=settings.connections_per_address,
    )
    web_hub = WebHub(
        app=app,
        socketio=socketio,
        runtime=runtime,
        background=Background(runtime, socketio.server, volunteers, watchers),
        volunteers=volunteers,
        watchers=watchers,
        services=EmbeddedServices(settings) if settings.redis_url is None and not hub else None,
    )
    app.extensions["web_hub"] = web_hub
    return web_hub


def _runtime(settings: Settings, hub: Hub) -> Runtime:
    patched = _gevent_has_patched()
    key = load_secret_key(settings)
    return Runtime(
        settings=settings,
        hub=hub,
        writer=open_lane(gevent=patched, threads=1, name="writer"),
        reader=open_lane(gevent=patched, threads=_READERS, name="reader"),
        computer=open_lane(gevent=patched, threads=_COMPUTERS, name="computer"),
        tokens=TokenSigner(key, hub.clock, session_seconds=settings.frame_token_seconds),
        rates=_rate_limits(settings),
        open_to_loopback=settings.redis_url is None,
    )


def _flask_app(settings: Settings, runtime: Runtime) -> Flask:
    app = Flask("owc.web", static_folder=None)
    app.config["MAX_CONTENT_LENGTH"] = settings.document_bytes
    app.config["MAX_FORM_MEMORY_SIZE"] = settings.document_bytes
    app.url_map.merge_slashes = False  # a file has one address, and none redirects elsewhere
    app.json.sort_keys = False  # type: ignore[attr-defined]  # of the default provider
    app.extensions[EXTENSION] = runtime
    app.jinja_env.globals["client_build"] = client_build
    for part in (assets, blobs, farewells, jobs, pages, site_pages, visitors):
        app.register_blueprint(part.blueprint)
    app.url_value_preprocessor(_check_names)
    problem_json.register(app)
    if embedding.is_open(settings):
        shared = {"origins": "*", "methods": ["GET"], "send_wildcard": True}
        CORS(app, resources=dict.fromkeys(embedding.PUBLIC_READS, shared))
    else:
        app.after_request(embedding.share)
    app.after_request(headers.secure)
    return app


def _check_names(_endpoint: str | None, values: dict[str, Any] | None) -> None:
    """What an address names is sound text: not every database takes the others. Raises NotFound."""
    if not all(str(value).isprintable() for value in (values or {}).values()):
        raise NotFound


def _rate_limits(settings: Settings) -> RateLimits:
    return RateLimits(
        {
            "submit": f"{settings.submissions_per_minute}/minute",
            "upload": f"{settings.uploads_per_minute}/minute",
            "check": f"{2 * settings.submissions_per_minute}/minute",
            "hello": f"{settings.hellos_per_minute}/minute",
            "output": f"{settings.outputs_per_minute}/minute",
            "output_of_address": f"{10 * settings.outputs_per_minute}/minute",
            "volunteer_token": "60/minute",
            "farewell": "60/minute",
            "bad_token": "30/minute",
        },
        redis_url=settings.redis_url,
    )


def _allowed_hosts(settings: Settings) -> frozenset[str]:
    names = set(LOOPBACK_NAMES) | {host_name(name) or name for name in settings.allowed_hosts}
    names.add(host_name(settings.host))
    if settings.public_url:
        names.add((urlsplit(settings.public_url).hostname or "").lower())
    return frozenset(names)


def _gevent_has_patched() -> bool:
    monkey = sys.modules.get("gevent.monkey")
    return bool(monkey and monkey.is_module_patched("socket"))
