"""WebKitGTK by its own WebDriver server, in a window on a screen that nobody sees (Xvfb)."""

from __future__ import annotations

import base64
import contextlib
import json
import os
import shutil
import signal
import subprocess
from pathlib import Path
from typing import Any

import requests

from owc.cli.processes import free_port
from tests.engines.driver import WAIT_SECONDS, DriverError, Engine, Profile, Tab

_BROWSERS = "/usr/lib/*/webkit2gtk-4.*/MiniBrowser"
_ELEMENT = "element-6066-11e4-a52e-4f735466cecf"  # the key of element references in WebDriver
_PATIENCE_SECONDS = 120.0
_SCREEN = "1600x1200x24"


class WebKit(Engine):
    """A screen; each visitor has a browser of its own on it."""

    name = "webkit"
    content_process = "WebKitWebProcess"

    def __init__(self, folder: Path) -> None:
        for program in ("WebKitWebDriver", "Xvfb"):
            assert shutil.which(program), f"no {program} on the PATH; `make browsers` installs it"
        self._folder = folder
        self._profiles: list[WebKitProfile] = []
        receive, send = os.pipe()
        self._screen = subprocess.Popen(
            ["Xvfb", "-displayfd", str(send), "-screen", "0", _SCREEN, "-nolisten", "tcp"],
            pass_fds=[send],
            stderr=subprocess.DEVNULL,
        )
        os.close(send)
        with os.fdopen(receive) as display:
            self._display = f":{display.readline().strip()}"
        assert self._display != ":", "Xvfb does not start"

    def profile(self) -> Profile:
        made = WebKitProfile(self._folder, self._display, len(self._profiles))
        self._profiles.append(made)
        return made

    def processes(self) -> list[int]:
        return [each.pid for each in self._profiles if each.runs]

    def stop(self) -> None:
        for each in self._profiles:
            each.close()
        self._screen.terminate()
        self._screen.wait()


class WebKitProfile(Profile):
    """A browser in its automated mode, which keeps nothing, and the server that drives it."""

    def __init__(self, folder: Path, display: str, number: int) -> None:
        browser = next(Path("/").glob(_BROWSERS.lstrip("/")), None)
        assert browser, f"no {_BROWSERS}; `make browsers` installs it"
        port = free_port(0)
        home = folder / f"webkit-{number}"
        home.mkdir()
        with (folder / f"webkit-{number}.log").open("wb") as output:
            self._process = subprocess.Popen(
                ["WebKitWebDriver", f"--port={port}"],
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                env={
                    **os.environ,
                    "DISPLAY": display,
                    "HOME": str(home),
                    "GDK_BACKEND": "x11",
                    "GTK_A11Y": "none",
                    "LIBGL_ALWAYS_SOFTWARE": "1",
                    "NO_AT_BRIDGE": "1",
                },
                start_new_session=True,
            )
        options = {"binary": str(browser), "args": ["--automation"]}
        self._wire = _Wire(f"http://127.0.0.1:{port}", self._process)
        self._wire.begin({"alwaysMatch": {"webkitgtk:browserOptions": options}})
        self._is_fresh = True

    @property
    def pid(self) -> int:
        return self._process.pid

    @property
    def runs(self) -> bool:
        return self._process.poll() is None

    def open(self, url: str) -> Tab:
        if self._is_fresh:
            handle = self._wire.get("/window")
        else:
            handle = self._wire.post("/window/new", type="tab")["handle"]
        self._is_fresh = False
        self._wire.post("/window", handle=handle)
        self._wire.post("/url", url=url)
        return WebKitTab(self._wire, handle)

    def close(self) -> None:
        if self.runs:
            with contextlib.suppress(DriverError, requests.RequestException):
                self._wire.end()
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait()


class WebKitTab(Tab):
    def __init__(self, wire: _Wire, handle: str) -> None:
        self._wire = wire
        self._handle = handle

    def _enter(self, *, inside: bool) -> None:
        self._wire.post("/window", handle=self._handle)
        self._wire.post("/frame", id=None)
        if inside:
            frame = self._find('iframe[src*="/frame?"]')
            self._wire.post("/frame", id={_ELEMENT: frame})

    def _find(self, selector: str) -> str:
        found = self._wire.post("/element", using="css selector", value=selector)
        return str(found[_ELEMENT])

    def _run(self, script: str, *, inside: bool) -> str:
        self._enter(inside=inside)
        text = (
            "const done = arguments[arguments.length - 1];"
            f"{script}.then((value) => done({{ value }}),"
            " (error) => done({ error: String(error) }))"
        )
        answer = self._wire.post("/execute/async", script=text, args=[])
        if "error" in answer:
            raise DriverError(answer["error"])
        return str(answer["value"])

    def click(self, selector: str) -> None:
        self._enter(inside=True)
        self._wire.post(f"/element/{self._find(selector)}/click")

    def size(self, width: int, height: int) -> None:
        """The window's bars take their part: measured, then added."""
        self._enter(inside=False)
        for _ in range(2):
            outer = self._wire.get("/window/rect")
            inner = self.evaluate("[innerWidth, innerHeight]")
            bars = (outer["width"] - inner[0], outer["height"] - inner[1])
            self._wire.post("/window/rect", width=width + bars[0], height=height + bars[1])

    def screenshot(self, path: Path) -> None:
        self._enter(inside=False)
        path.write_bytes(base64.b64decode(self._wire.get("/screenshot")))

    def close(self) -> None:
        self._enter(inside=False)
        self._wire.delete("/window")


class _Wire:
    """WebDriver over HTTP: one session."""

    def __init__(self, url: str, process: subprocess.Popen[bytes]) -> None:
        self._url = url
        self._process = process
        self._http = requests.Session()

    def begin(self, capabilities: dict[str, Any]) -> None:
        session = self._send("POST", "/session", {"capabilities": capabilities}, starting=True)
        self._url += f"/session/{session['sessionId']}"
        timeouts = {"script": int(WAIT_SECONDS * 1000), "pageLoad": int(WAIT_SECONDS * 1000)}
        self.post("/timeouts", **timeouts)

    def get(self, path: str) -> Any:
        return self._send("GET", path, None)

    def post(self, path: str, **body: Any) -> Any:
        return self._send("POST", path, body)

    def delete(self, path: str) -> Any:
        return self._send("DELETE", path, None)

    def end(self) -> None:
        self._send("DELETE", "", None)
        self._http.close()

    def _send(self, method: str, path: str, body: object, *, starting: bool = False) -> Any:
        data = None if body is None else json.dumps(body)
        while True:
            try:
                answer = self._http.request(
                    method, self._url + path, data=data, timeout=_PATIENCE_SECONDS
                )
                break
            except requests.ConnectionError:  # the server is not there yet
                if not starting or self._process.poll() is not None:
                    raise
        value = answer.json()["value"]
        if not answer.ok:
            raise DriverError(f"{path}: {value['error']}: {value['message']}")
        return value
