"""Firefox by WebDriver BiDi, which it speaks itself; nothing stands in between."""

from __future__ import annotations

import base64
import contextlib
import json
import os
import shutil
import subprocess
import time
from pathlib import Path

from tests.engines.bidi import BiDi
from tests.engines.driver import DriverError, Engine, Profile, Tab

NAMES = ("firefox-esr", "firefox")
_LISTENS = "WebDriver BiDi listening on "
# What lies beyond the window is not visible, however large a page is made later.
_WINDOW = {"MOZ_HEADLESS_WIDTH": "1600", "MOZ_HEADLESS_HEIGHT": "1200"}
_START_SECONDS = 60.0
_STOP_SECONDS = 20.0

# No first pages, no updates, no reports: a browser that only does what it is told.
_PREFERENCES = {
    "app.normandy.enabled": False,
    "app.update.enabled": False,
    "browser.aboutwelcome.enabled": False,
    "browser.contentblocking.features.standard": "",
    "browser.newtabpage.enabled": False,
    "browser.safebrowsing.downloads.remote.enabled": False,
    "browser.safebrowsing.malware.enabled": False,
    "browser.safebrowsing.phishing.enabled": False,
    "browser.shell.checkDefaultBrowser": False,
    "browser.startup.homepage_override.mstone": "ignore",
    "browser.startup.page": 0,
    "browser.tabs.unloadOnLowMemory": False,
    "datareporting.policy.dataSubmissionEnabled": False,
    "datareporting.policy.firstRunURL": "",
    "dom.ipc.processPrelaunch.enabled": False,
    "extensions.getAddons.cache.enabled": False,
    "media.gmp-manager.updateEnabled": False,
    "network.captive-portal-service.enabled": False,
    "network.connectivity-service.enabled": False,
    "services.settings.server": "data:,",
    "toolkit.telemetry.reportingpolicy.firstRun": False,
}


class Firefox(Engine):
    """A headless Firefox with a profile folder of its own."""

    name = "firefox"
    content_process = "-isForBrowser"

    def __init__(self, folder: Path) -> None:
        program = next(filter(None, map(shutil.which, NAMES)), None)
        assert program, "no Firefox on the PATH; `make browsers` installs it"
        settings = folder / "firefox"
        settings.mkdir()
        lines = [f"user_pref({_js(key)}, {_js(value)});" for key, value in _PREFERENCES.items()]
        (settings / "user.js").write_text("\n".join(lines))
        log = folder / "firefox.log"
        with log.open("wb") as output:
            self._process = subprocess.Popen(
                [program, "--headless", "--remote-debugging-port", "0", "--profile", settings],
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                env={
                    **os.environ,
                    **_WINDOW,
                    "HOME": str(settings),
                    "MOZ_CRASHREPORTER_DISABLE": "1",
                },
            )
        self._bidi = BiDi(self._address(log))

    def _address(self, log: Path) -> str:
        deadline = time.monotonic() + _START_SECONDS
        while time.monotonic() < deadline and self._process.poll() is None:
            _, found, rest = log.read_text(errors="replace").partition(_LISTENS)
            if found and "\n" in rest:
                return rest.partition("\n")[0].strip()
            time.sleep(0.05)
        raise AssertionError(f"Firefox does not start:\n{log.read_text(errors='replace')[-2000:]}")

    def profile(self) -> Profile:
        return FirefoxProfile(self._bidi)

    def processes(self) -> list[int]:
        return [self._process.pid]

    def stop(self) -> None:
        with contextlib.suppress(DriverError, OSError):
            self._bidi.close()
        self._process.terminate()
        try:
            self._process.wait(_STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()


class FirefoxProfile(Profile):
    """A user context: storage apart from all others."""

    def __init__(self, bidi: BiDi) -> None:
        self._bidi = bidi
        self._context: str | None = bidi.send("browser.createUserContext")["userContext"]

    def open(self, url: str) -> Tab:
        created = self._bidi.send(
            "browsingContext.create", type="tab", userContext=self._context, background=False
        )
        tab = FirefoxTab(self._bidi, created["context"])
        self._bidi.send("browsingContext.navigate", context=tab.context, url=url, wait="complete")
        return tab

    def close(self) -> None:
        context, self._context = self._context, None
        if context is not None:
            with contextlib.suppress(DriverError, OSError):
                self._bidi.send("browser.removeUserContext", userContext=context)


class FirefoxTab(Tab):
    def __init__(self, bidi: BiDi, context: str) -> None:
        self._bidi = bidi
        self.context = context

    def _run(self, script: str, *, inside: bool) -> str:
        answer = self._bidi.send(
            "script.evaluate",
            expression=script,
            target={"context": self._frame() if inside else self.context},
            awaitPromise=True,
            userActivation=False,
        )
        if answer["type"] == "exception":
            raise DriverError(answer["exceptionDetails"]["text"])
        return str(answer["result"]["value"])

    def _frame(self) -> str:
        tree = self._bidi.send("browsingContext.getTree", root=self.context)["contexts"][0]
        for child in tree["children"]:
            if "/frame?" in child["url"]:
                return str(child["context"])
        raise DriverError("the page holds no frame of the hub")

    def click(self, selector: str) -> None:
        x, y = self.evaluate(
            f"""(() => {{
                const box = document.querySelector({_js(selector)}).getBoundingClientRect();
                return [box.x + box.width / 2, box.y + box.height / 2].map(Math.floor);
            }})()""",
            inside=True,
        )
        actions = [
            {"type": "pointerMove", "x": x, "y": y},
            {"type": "pointerDown", "button": 0},
            {"type": "pointerUp", "button": 0},
        ]
        mouse = {"type": "pointer", "id": "mouse", "actions": actions}
        self._bidi.send("input.performActions", context=self._frame(), actions=[mouse])

    def size(self, width: int, height: int) -> None:
        viewport = {"width": width, "height": height}
        self._bidi.send("browsingContext.setViewport", context=self.context, viewport=viewport)

    def screenshot(self, path: Path) -> None:
        shot = self._bidi.send("browsingContext.captureScreenshot", context=self.context)
        path.write_bytes(base64.b64decode(shot["data"]))

    def close(self) -> None:
        self._bidi.send("browsingContext.close", context=self.context, promptUnload=False)


def _js(value: object) -> str:
    return json.dumps(value)
