"""The whole demo, running, and a Chromium to look at it with. A database of its own: nothing here goes round the front door."""

import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx
import psycopg
import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect, sync_playwright

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
UNDO_SECONDS = 8  # long enough for a hand on the keyboard, short enough to wait for a label


_PATIENCE_MS = 30_000
_ids = count(1)


@dataclass
class World:
    """The running demo: its address, passwords by user name, API keys by name, its processes and what they run with."""

    url: str
    passwords: dict[str, str]
    keys: dict[str, str]
    programs: Programs
    environment: dict[str, str]

    def manage(self, *command: str) -> None:
        """A command of manage.py, as an administrator at the machine gives it."""
        _manage(self.environment, *command)

    def send(self, body: dict[str, Any], prefix: str) -> dict[str, Any]:
        """Send one prediction by HTTP under a number of its own, and wait until it is routed."""
        with self.api("intake") as api:
            answer = api.post(
                "/api/v1/predictions",
                json={**body, "external_id": f"{prefix}{next(_ids):05}"},
                headers={"Prefer": "wait=10"},
            )
            assert answer.status_code in (201, 202), answer.text
            return _routed(api, answer.json())

    def cases(self, bodies: Iterable[dict[str, Any]], prefix: str, *, wanted: int) -> list[dict[str, Any]]:
        """So many of these predictions that a person must see, in the first queue of their use case."""
        found = []
        for body in bodies:
            prediction = self.send(body, prefix)
            if prediction["case"] and prediction["case"]["queue"] == body["use_case"]:
                found.append(prediction)
            if len(found) == wanted:
                return found
        raise AssertionError("the held-out rows gave too few cases")

    def api(self, key: str) -> httpx.Client:
        return httpx.Client(base_url=self.url, headers={"Authorization": f"Bearer {self.keys[key]}"}, timeout=30)


def _routed(api: httpx.Client, prediction: dict[str, Any]) -> dict[str, Any]:
    deadline = time.monotonic() + _PATIENCE_MS / 1000
    while prediction["status"] == "pending" and time.monotonic() < deadline:
        time.sleep(0.2)
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


class Visitors:
    """Browsers of people: each person signs in once, through the form; more windows of theirs share that session."""

    def __init__(self, world: World, chromium: Browser, signed_in: dict[str, Any]) -> None:
        self._world, self._chromium, self._signed_in = world, chromium, signed_in
        self._opened: list[tuple[BrowserContext, Watched]] = []

    def open(self, username: str | None, **options: Any) -> Page:
        """A window on that person's start page; on the sign-in form for None. Other arguments are the browser context's."""
        state = self._signed_in.get(username) or (self._sign_in(username) if username else None)
        page = self._window(storage_state=state, **options)
        page.goto(f"{self._world.url}/")
        return page

    def open_anew(self, username: str, **options: Any) -> Page:
        """A window with a session of its own, which the test may end."""
        page = self._window(**options)
        self._fill(page, username)
        return page

    def faults(self) -> list[str]:
        """What went wrong on any page since last asked."""
        found = [fault for _, watched in self._opened for fault in watched.faults]
        for _, watched in self._opened:
            watched.faults.clear()
        return found

    def close(self) -> None:
        while self._opened:
            self._opened.pop()[0].close()

    def _sign_in(self, username: str) -> Any:
        page = self._window()
        self._fill(page, username)
        self._signed_in[username] = page.context.storage_state()
        page.context.close()
        return self._signed_in[username]

    def _window(self, **options: Any) -> Page:
        context = self._chromium.new_context(**{"viewport": {"width": 1440, "height": 1000}, **options})
        self._opened.append((context, Watched(context, self._world.url)))
        context.set_default_timeout(_PATIENCE_MS)
        return context.new_page()

    def _fill(self, page: Page, username: str) -> None:
        page.goto(f"{self._world.url}/sign-in/")
        fill_sign_in(page, username, self._world.passwords[username])
        page.wait_for_url(lambda url: "/sign-in/" not in url)


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
def signed_in() -> dict[str, Any]:
    """Cookies by user name: each person signs in once."""
    return {}


@pytest.fixture
def visitors(world: World, chromium: Browser, signed_in: dict[str, Any]) -> Iterator[Visitors]:
    found = Visitors(world, chromium, signed_in)
    yield found
    faults = found.faults()
    found.close()
    assert faults == []


@pytest.fixture
def person(visitors: Visitors) -> Callable[..., Page]:
    """`person("nurse")` is a window of the nurse's, signed in. Other arguments are the browser context's."""
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
