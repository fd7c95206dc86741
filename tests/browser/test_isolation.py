"""From inside the frame and its workers outwards: the page and the network stay out of reach.

Each attempt is made twice: where nothing should stop it, to show that it is one that can succeed,
and from the hub's frame or worker at work, where none may.
"""

from __future__ import annotations

import time
from collections.abc import Callable

import pytest
from playwright.sync_api import Frame, Page, Worker

from owc.cli import demo_jobs
from tests.browser.asking import Asker
from tests.browser.pages import PageServer
from tests.browser.visit import Visitor

pytestmark = pytest.mark.browser

# An attempt that reads gives the word "secret"; one that sends is heard of by the other origin.
# They run in a task of their own, so that no right of the test's tool to evaluate code is theirs.
SHARED_ATTEMPTS = """
    const soon = (ms) => new Promise((done) => setTimeout(done, ms));
    const names = async (them) => (await them).map(({name}) => name).find((it) => it === 'secret');
    const attempts = {
        eval: () => (0, eval)('"secret"'),
        function_of_text: () => new Function('return "secret"')(),
        timer_of_text: async () => {
            setTimeout('self.timed = "secret"');
            await soon(300);
            return self.timed;
        },
        worker_of_text: () => new Promise((done) => {
            const text = new Blob(['postMessage("secret")'], {type: 'text/javascript'});
            const worker = new Worker(URL.createObjectURL(text));
            worker.onmessage = ({data}) => done(data);
        }),
        databases: () => names(indexedDB.databases()),
        caches: async () => (await caches.has('secret')) && 'secret',
        import: () => import(elsewhere + '/taken/import'),
        fetch: () => fetch(elsewhere + '/taken/fetch', {mode: 'no-cors'}),
        request: () => {
            const request = new XMLHttpRequest();
            request.open('GET', elsewhere + '/taken/request');
            request.send();
        },
        socket: () => { new WebSocket(elsewhere.replace('http', 'ws') + '/taken/socket'); },
        events: () => { new EventSource(elsewhere + '/taken/events'); },
    };
"""
RUN = """
    return new Promise((done) => setTimeout(async () => {
        const reached = [];
        await Promise.all(Object.entries(attempts).map(async ([name, attempt]) => {
            try {
                if (await Promise.race([attempt(), soon(3000)]) === 'secret') reached.push(name);
            } catch {}
        }));
        done(reached);
    }));
"""
FROM_A_FRAME = f"""([elsewhere, home]) => {{
    {SHARED_ATTEMPTS}
    const add = (tag, properties) =>
        document.body.appendChild(Object.assign(document.createElement(tag), properties));
    Object.assign(attempts, {{
        title: () => parent.document.title,
        cookies: () => top.document.cookie.slice(0, 6),
        storage: () => parent.localStorage.secret,
        session: () => top.sessionStorage.secret,
        global: () => parent.secret,
        address: () => parent.location.pathname.slice(1),
        name: () => parent.name,
        call: () => parent.tell(),
        element_of_ours: () => frameElement.getRootNode().title,
        own_cookies: () => document.cookie.slice(0, 6),
        own_storage: () => localStorage.secret,
        own_session: () => sessionStorage.secret,
        navigation: () => {{ top.location = home + '#moved'; }},
        inline_script: () => {{
            add('script', {{textContent: 'window.inlined = "secret"'}});
            return window.inlined;
        }},
        inline_handler: () => {{
            const button = add('button');
            button.setAttribute('onclick', 'window.handled = "secret"');
            button.click();
            return window.handled;
        }},
        inline_address: async () => {{
            const frame = add('iframe', {{src: 'javascript:void(parent.addressed = "secret")'}});
            await soon(300);
            return window.addressed;
        }},
        inline_style: () => {{
            add('style', {{textContent: 'html {{ --word: secret }}'}});
            return getComputedStyle(document.documentElement).getPropertyValue('--word').trim();
        }},
        base: () => {{
            const base = document.head.appendChild(document.createElement('base'));
            base.href = 'http://base.example/secret/';
            const moved = document.baseURI === base.href;
            base.remove();
            return moved && 'secret';
        }},
        beacon: () => {{ navigator.sendBeacon(elsewhere + '/taken/beacon', 'x'); }},
        script: () => {{ add('script', {{src: elsewhere + '/taken/script'}}); }},
        image: () => {{ add('img', {{src: elsewhere + '/taken/image'}}); }},
        style: () => {{ add('link', {{rel: 'stylesheet', href: elsewhere + '/taken/style'}}); }},
        ahead: () => {{ add('link', {{rel: 'prefetch', href: elsewhere + '/taken/ahead'}}); }},
        sound: () => {{ add('audio', {{src: elsewhere + '/taken/sound', preload: 'auto'}}); }},
        object: () => {{ add('object', {{data: elsewhere + '/taken/object'}}); }},
        frame: () => {{ add('iframe', {{src: elsewhere + '/taken/frame'}}); }},
        form: () => {{
            add('iframe', {{name: 'sink'}});
            add('form', {{action: elsewhere + '/taken/form', target: 'sink'}}).submit();
        }},
    }});
    {RUN}
}}"""
FROM_A_WORKER = f"""([elsewhere, hub]) => {{
    {SHARED_ATTEMPTS}
    Object.assign(attempts, {{
        imported_script: () => importScripts(elsewhere + '/taken/imported_script'),
        of_its_own_hub: async () => (await fetch('/robots.txt')) && 'secret',
    }});
    {RUN}
}}"""

SECRETS = """<script>
    document.title = window.name = window.secret = 'secret';
    window.tell = () => 'secret';
    document.cookie = 'secret=1';
    localStorage.secret = sessionStorage.secret = 'secret';
    indexedDB.open('secret');
    caches.open('secret');
    </script>"""


@pytest.fixture(scope="module", autouse=True)
def waiting_job(asker: Asker) -> str:
    return asker.submit(demo_jobs.collatz_document(stop=100_000_000, rows=10_000))


@pytest.fixture
def elsewhere(pages: PageServer) -> str:
    """The same server by another name, which makes it an origin of its own; it keeps no list of
    what it was asked before."""
    pages.forget_asked()
    return pages.url("").replace("localhost", "127.0.0.1")


@pytest.fixture
def at_work(visitor: Visitor, pages: PageServer, hub_url: str) -> Page:
    """A page with secrets, whose visitor has said yes."""
    tag = f"<script src='{hub_url}/openwebcompute.js'></script>"
    page = visitor.meet_question(pages.add("/secret", f"<body>{SECRETS}{tag}"))
    visitor.say_yes(page)
    visitor.await_done(page, 1)
    return page


@pytest.fixture
def unguarded(visitor: Visitor, pages: PageServer) -> Page:
    """A page with secrets, with a frame and a worker of its own that nothing holds back."""
    pages.add("/frame", "<body>")
    pages.add_file("/worker.js", b"onmessage = () => 0", "text/javascript")
    started = "<script>window.started = new Worker('/worker.js')</script>"
    frame = "<iframe src='/frame'></iframe>"
    page = visitor.open(pages.add("/secret", f"<body>{SECRETS}{started}{frame}"))
    page.wait_for_function("frames[0]?.document.body && frames[0].location.pathname === '/frame'")
    return page


def reach(
    scope: Frame | Worker, attempts: str, page: Page, pages: PageServer, elsewhere: str
) -> set[str]:
    """Make the attempts; returns those that reached what they should not."""
    home = page.url
    reached = set(scope.evaluate(attempts, [elsewhere, home]))
    time.sleep(1)  # for what is on its way
    sent = {path.removeprefix("/taken/") for path in pages.asked_under("/taken/")}
    return reached | sent | ({"navigation"} if page.url != home else set())


def attempts_in(page: Page, attempts: str) -> set[str]:
    """The names of all attempts."""
    names = attempts.replace("return new Promise", "return Object.keys(attempts); new Promise")
    return set(page.evaluate(names, ["", ""]))


def test_the_frame_reaches_nothing_of_the_page_and_no_other_origin(
    visitor: Visitor, at_work: Page, pages: PageServer, elsewhere: str
) -> None:
    frame = visitor.card(at_work)
    assert reach(frame, FROM_A_FRAME, at_work, pages, elsewhere) == set()
    assert at_work.title() == "secret"
    visitor.await_done(at_work, at_work.evaluate("OpenWebCompute.subJobsDone") + 1)


def test_a_workers_scope_reaches_no_network_and_runs_no_other_code(
    visitor: Visitor, at_work: Page, pages: PageServer, elsewhere: str
) -> None:
    assert reach(at_work.workers[0], FROM_A_WORKER, at_work, pages, elsewhere) == set()
    visitor.await_done(at_work, at_work.evaluate("OpenWebCompute.subJobsDone") + 1)


@pytest.mark.parametrize(
    ("attempts", "scope"),
    [
        (FROM_A_FRAME, lambda page: page.frames[1]),
        (FROM_A_WORKER, lambda page: page.workers[0]),
    ],
    ids=["frame", "worker"],
)
def test_each_attempt_succeeds_where_nothing_stops_it(
    unguarded: Page,
    pages: PageServer,
    elsewhere: str,
    attempts: str,
    scope: Callable[[Page], Frame | Worker],
) -> None:
    every = attempts_in(unguarded, attempts)
    assert len(every) > 10
    assert reach(scope(unguarded), attempts, unguarded, pages, elsewhere) == every
