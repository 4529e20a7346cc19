"""The whole demo, running, and a Chromium to look at it with. A database of its own: nothing here goes round the front door."""

import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from itertools import count, islice
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx
import psycopg
import pytest
from playwright.sync_api import Browser, BrowserContext, Page, ViewportSize, expect, sync_playwright

from reviewapp.standalone import processes
from tests.programs import Programs, running

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
DESK: ViewportSize = {"width": 1440, "height": 1000}
UNDO_SECONDS = 8  # long enough for a hand on the keyboard, short enough to wait for a label


_PATIENCE_MS = 30_000
_ids = count(1)
Kind = tuple[Any, ...]  # whose window it is, and the options of its context


@dataclass
class World:
    """The running demo: its address, passwords by user name, API keys by name, its processes and what they run with."""

    url: str
    passwords: dict[str, str]
    keys: dict[str, str]
    programs: Programs
    environment: dict[str, str]
    unseen: set[str] = field(default_factory=set)  # bodies of predictions that the policy kept from people

    def manage(self, *command: str) -> None:
        """A command of manage.py, as an administrator at the machine gives it."""
        _manage(self.environment, *command)

    def send(self, body: dict[str, Any], prefix: str) -> dict[str, Any]:
        """Send one prediction by HTTP under a number of its own, and wait until it is routed."""
        with self.api("intake") as api:
            answer = api.post("/api/v1/predictions", json=_numbered(body, prefix), headers={"Prefer": "wait=10"})
            assert answer.status_code in (201, 202), answer.text
            return _routed(api, answer.json())

    def send_all(self, bodies: list[dict[str, Any]], prefix: str) -> list[dict[str, Any]]:
        """The same for several at once, in their order."""
        with self.api("intake") as api:
            answer = api.post("/api/v1/predictions/batch", json={"items": [_numbered(body, prefix) for body in bodies]})
            results = answer.json()["results"]
            assert {result["status"] for result in results} <= {201, 202}, answer.text
            return [_routed(api, {"id": result["id"], "status": "pending"}) for result in results]

    def cases(self, bodies: Iterable[dict[str, Any]], prefix: str, *, wanted: int) -> list[dict[str, Any]]:
        """So many of these predictions that a person must see, in the first queue of their use case.

        Where one was met before that nobody must see, it is not sent again: tests share the rows, and the policy stays.
        """
        found: list[dict[str, Any]] = []
        rest = (body for body in bodies if json.dumps(body) not in self.unseen)
        while len(found) < wanted:
            sent = list(islice(rest, wanted - len(found)))
            assert sent, "the held-out rows gave too few cases"
            predictions = self.send_all(sent, prefix) if len(sent) > 1 else [self.send(sent[0], prefix)]
            for body, prediction in zip(sent, predictions, strict=True):
                if prediction["case"] and prediction["case"]["queue"] == body["use_case"]:
                    found.append(prediction)
                else:
                    self.unseen.add(json.dumps(body))
        return found

    def api(self, key: str) -> httpx.Client:
        """By plain HTTP; without `verify=False` the client reads the certificates of the world first, each time."""
        headers = {"Authorization": f"Bearer {self.keys[key]}"}
        return httpx.Client(base_url=self.url, headers=headers, timeout=30, verify=False)


def _numbered(body: dict[str, Any], prefix: str) -> dict[str, Any]:
    return {**body, "external_id": f"{prefix}{next(_ids):05}"}


def _routed(api: httpx.Client, prediction: dict[str, Any]) -> dict[str, Any]:
    deadline = time.monotonic() + _PATIENCE_MS / 1000
    while prediction["status"] == "pending" and time.monotonic() < deadline:
        time.sleep(0.1)
        prediction = api.get(f"/api/v1/predictions/{prediction['id']}").json()
    assert prediction["status"] == "routed", prediction
    return prediction


@pytest.fixture(scope="package")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    folder = tmp_path_factory.mktemp("demo")
    url = _new_database(f"browser_{os.getpid()}")
    environment = {"DATABASE_URL": url, "DATA_DIR": str(folder)}
    whole = _environment(environment)
    _manage(whole, "migrate", "--verbosity", "0")
    _manage(whole, "seed_demo")
    with running(folder, path="/readyz", **environment, UNDO_SECONDS=str(UNDO_SECONDS)) as programs:
        access = json.loads((folder / "access.json").read_text())
        passwords = {account["username"]: account["password"] for account in access["accounts"]}
        yield World(programs.url, passwords, access["api_keys"], programs, whole)


def _manage(environment: dict[str, str], *command: str) -> None:
    done = subprocess.run(
        [sys.executable, str(processes.HOME / "manage.py"), *command],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, (done.stdout + done.stderr)[-2000:]


def _environment(more: dict[str, str]) -> dict[str, str]:
    return {
        **os.environ,
        "DJANGO_SETTINGS_MODULE": "reviewapp.config.settings",
        "STATIC_ROOT": more["DATA_DIR"] + "/static",
        **more,
    }


def _new_database(name: str) -> str:
    head, _, query = os.environ["DATABASE_URL"].partition("?")
    server = head.rpartition("/")[0]
    with psycopg.connect(f"{server}/postgres?{query}", autocommit=True) as connection:
        connection.execute(f'create database "{name}"')
    return f"{server}/{name}?{query}"


# Until the last of these tests, and not of all: Playwright's event loop runs in this thread, and beside one Django refuses the database.
@pytest.fixture(scope="package")
def chromium() -> Iterator[Browser]:
    assert CHROMIUM, "Install Chromium: apt-get install chromium"
    expect.set_options(timeout=_PATIENCE_MS / 2)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield browser
        browser.close()


class Watched:
    """What must never happen on any page: a policy violation, a script error, an answer of 5xx."""

    def __init__(self, context: BrowserContext, url: str) -> None:
        self.faults: list[str] = []
        self._host = urlsplit(url).hostname
        context.on("console", lambda message: self._console(message.type, message.text))
        context.on("weberror", lambda error: self.faults.append(f"script: {error.error}"))
        context.on("response", lambda response: self._response(response.status, response.url))
        context.on("request", lambda request: self._request(request.url))

    def _console(self, kind: str, text: str) -> None:
        if "Content Security Policy" in text:
            self.faults.append(text)

    def _response(self, status: int, url: str) -> None:
        if status >= 500:
            self.faults.append(f"{status} {url}")

    def _request(self, url: str) -> None:
        if urlsplit(url).scheme not in {"data", "blob"} and urlsplit(url).hostname != self._host:
            self.faults.append(f"a request to elsewhere: {url}")


class Windows:
    """Windows that stay open from test to test: a new one costs the machine a second and has an empty cache, one that is there nothing.

    Each person signs in once, through the form; windows of one person that differ in nothing else share session and cache.
    """

    def __init__(self, world: World, chromium: Browser) -> None:
        self.world, self._chromium = world, chromium
        self._signed_in: dict[str, Any] = {}
        self._contexts: dict[Kind, BrowserContext] = {}
        self._idle: dict[Kind, list[Page]] = {}
        self._made: set[Page] = set()
        self._watched: list[Watched] = []

    def take(self, kind: Kind) -> Page:
        """A window of that person with those options of the browser's context, on no page of theirs."""
        if idle := self._idle.get(kind):
            return idle.pop()
        if kind not in self._contexts:
            username, options = kind[0], dict(kind[1:])
            state = self._signed_in.get(username) or self._sign_in(username)
            self._contexts[kind] = self.context(storage_state=state, **options)
        page = self._contexts[kind].new_page()
        self._made.add(page)
        return page

    def give_back(self, kind: Kind, page: Page) -> None:
        """As it was: connected, of the size of a desk, and away from the page, whose script must ask for nothing more."""
        page.unroute_all()
        page.context.set_offline(False)
        page.set_viewport_size(DESK)
        page.emulate_media(color_scheme="light")
        page.goto(f"{self.world.url}/healthz")
        self._idle.setdefault(kind, []).append(page)

    def close_others(self) -> None:
        """Windows that a test opened beside its own."""
        for context in self._contexts.values():
            for page in set(context.pages) - self._made:
                page.close()

    def context(self, **options: Any) -> BrowserContext:
        made = self._chromium.new_context(**{"viewport": DESK, **options})
        made.set_default_timeout(_PATIENCE_MS)
        self._watched.append(Watched(made, self.world.url))
        return made

    def sign_in(self, context: BrowserContext, username: str) -> Page:
        page = context.new_page()
        page.goto(f"{self.world.url}/sign-in/")
        fill_sign_in(page, username, self.world.passwords[username])
        page.wait_for_url(lambda url: "/sign-in/" not in url)
        return page

    def faults(self) -> list[str]:
        """What went wrong on any page since last asked."""
        found = [fault for watched in self._watched for fault in watched.faults]
        for watched in self._watched:
            watched.faults.clear()
        return found

    def _sign_in(self, username: str) -> Any:
        context = self.context()
        self._signed_in[username] = self.sign_in(context, username).context.storage_state()
        context.close()
        return self._signed_in[username]


class Visitors:
    """The windows of one test, or of one module."""

    def __init__(self, windows: Windows) -> None:
        self._windows = windows
        self._taken: list[tuple[Kind, Page]] = []
        self._own: list[BrowserContext] = []

    def open(self, username: str, **options: Any) -> Page:
        """A window of that person, signed in, who looks at nothing yet. Other arguments are the browser context's."""
        kind = (username, *sorted(options.items()))
        page = self._windows.take(kind)
        self._taken.append((kind, page))
        return page

    def open_anew(self, username: str) -> Page:
        """A window on the start page, with a session of its own, which the test may end."""
        return self._windows.sign_in(self._own_context(), username)

    def open_unknown(self) -> Page:
        """A window of nobody, on the sign-in form."""
        page = self._own_context().new_page()
        page.goto(f"{self._windows.world.url}/")
        return page

    def faults(self) -> list[str]:
        return self._windows.faults()

    def close(self) -> None:
        while self._own:
            self._own.pop().close()
        while self._taken:
            self._windows.give_back(*self._taken.pop())
        self._windows.close_others()

    def _own_context(self) -> BrowserContext:
        self._own.append(self._windows.context())
        return self._own[-1]


def fill_sign_in(page: Page, username: str, password: str) -> None:
    page.fill("[name=username]", username)
    page.fill("[name=password]", password)
    page.locator("main button[type=submit]").click()


def take(page: Page, url: str) -> None:
    """Hold that case and no other: "and take next" leaves a person with more than a test wants."""
    origin = "/".join(url.split("/")[:3])
    page.goto(f"{origin}/my-work/")
    release = page.locator("main form[action$='/release/'] button")
    while left := release.count():
        release.first.click()
        expect(release).to_have_count(left - 1)
    page.goto(url)
    page.get_by_role("button", name="Take this case").click()
    expect(page.locator("#answer")).to_be_visible()


@pytest.fixture(scope="package")
def windows(world: World, chromium: Browser) -> Windows:
    return Windows(world, chromium)


@pytest.fixture
def visitors(windows: Windows) -> Iterator[Visitors]:
    found = Visitors(windows)
    yield found
    faults = found.faults()
    found.close()
    assert faults == []


@pytest.fixture
def person(visitors: Visitors) -> Callable[..., Page]:
    """`person("nurse")` is a window of the nurse's, signed in, on no page yet. Other arguments are the browser context's."""
    return visitors.open


@pytest.fixture(scope="package")
def held_out(world: World, tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[dict[str, Any]]]:
    """By use case, bodies of real held-out rows, as the demo's client sends them."""
    from reviewapp.demo import data, mortgage, triage
    from reviewapp.demo.split import arrivals

    folder = data.install(Path(tmp_path_factory.mktemp("data")))
    found = {}
    for scenario in (mortgage.SCENARIO, triage.SCENARIO):
        rows = arrivals(scenario, scenario.read(folder))
        found[scenario.slug] = [{"use_case": scenario.slug, "features": row.case.record} for row in rows]
    return found
