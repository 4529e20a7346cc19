"""The whole demo, running, and a Chromium to look at it with. A database of its own: nothing here goes round the front door."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx
import psycopg
import pytest
from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright

from reviewapp.standalone import processes
from tests.programs import running

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync"]


@dataclass
class World:
    """The running demo: its address, passwords by user name, and API keys by name."""

    url: str
    passwords: dict[str, str]
    keys: dict[str, str]

    def api(self, key: str) -> httpx.Client:
        return httpx.Client(base_url=self.url, headers={"Authorization": f"Bearer {self.keys[key]}"}, timeout=30)


@pytest.fixture(scope="session")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    folder = tmp_path_factory.mktemp("demo")
    url = _new_database(f"browser_{os.getpid()}")
    environment = {"DATABASE_URL": url, "DATA_DIR": str(folder)}
    for command in (["migrate", "--verbosity", "0"], ["seed_demo"]):
        done = subprocess.run([sys.executable, str(processes.HOME / "manage.py"), *command], env=_environment(environment), capture_output=True, text=True)
        assert done.returncode == 0, done.stderr[-2000:]
    with running(folder, path="/readyz", **environment) as programs:
        access = json.loads((folder / "access.json").read_text())
        passwords = {account["username"]: account["password"] for account in access["accounts"]}
        yield World(programs.url, passwords, access["api_keys"])


def _environment(more: dict[str, str]) -> dict[str, str]:
    return {**os.environ, "DJANGO_SETTINGS_MODULE": "reviewapp.config.settings", "STATIC_ROOT": more["DATA_DIR"] + "/static", **more}


def _new_database(name: str) -> str:
    head, _, query = os.environ["DATABASE_URL"].partition("?")
    server = head.rpartition("/")[0]
    with psycopg.connect(f"{server}/postgres?{query}", autocommit=True) as connection:
        connection.execute(f'create database "{name}"')
    return f"{server}/{name}?{query}"


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    assert CHROMIUM, "Install Chromium: apt-get install chromium"
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


@pytest.fixture
def person(world: World, chromium: Browser) -> Iterator[Callable[..., Page]]:
    """`person("nurse")` is a page on which the nurse has just signed in. Other arguments are the browser context's."""
    opened: list[tuple[BrowserContext, Watched]] = []

    def signed_in(username: str, **options: Any) -> Page:
        context = chromium.new_context(**{"viewport": {"width": 1440, "height": 1000}, **options})
        opened.append((context, Watched(context, world.url)))
        page = context.new_page()
        page.set_default_timeout(20_000)
        page.goto(f"{world.url}/sign-in/")
        page.fill("[name=username]", username)
        page.fill("[name=password]", world.passwords[username])
        page.locator("main button[type=submit]").click()
        page.wait_for_url(f"{world.url}/work/")
        return page

    yield signed_in
    for context, _ in opened:
        context.close()
    assert [fault for _, watched in opened for fault in watched.faults] == []


@pytest.fixture(scope="session")
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
