"""A lean HTTP client on one kept-alive connection, and many of them at once, each in a process of its own."""

import http.client
import json
import random
import re
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from typing import Any
from urllib.parse import urlencode

SLUG = "bench"


class Client:
    def __init__(self, port: int, headers: dict[str, str]) -> None:
        self.connection = http.client.HTTPConnection("127.0.0.1", port, timeout=120)
        self.headers = headers

    def send(self, method: str, path: str, body: bytes | None = None, **headers: str) -> tuple[int, bytes]:
        kind = {"Content-Type": "application/json"} if body is not None else {}
        self.connection.request(method, path, body, {**self.headers, **kind, **headers})
        answer = self.connection.getresponse()
        return answer.status, answer.read()

    def post(self, path: str, value: object = None) -> tuple[int, Any]:
        status, body = self.send("POST", path, json.dumps({} if value is None else value).encode())
        return status, json.loads(body) if body else None

    def timed(self, method: str, path: str, body: bytes | None = None) -> float:
        """Milliseconds of one request that must succeed."""
        start = time.perf_counter()
        status, answer = self.send(method, path, body)
        took = (time.perf_counter() - start) * 1000
        assert status in (200, 201, 204), (status, answer[:300])
        return took


def with_key(port: int, token: str) -> Client:
    return Client(port, {"Authorization": f"Bearer {token}"})


def in_parallel(work: Callable[..., Any], arguments: Sequence[tuple[Any, ...]]) -> list[Any]:
    """`work(*arguments[i])` for each i, all at once, each in a fresh process; `work` is a module's function."""
    with ProcessPoolExecutor(len(arguments), mp_context=get_context("spawn")) as pool:
        return [waiting.result() for waiting in [pool.submit(work, *given) for given in arguments]]


def claim_some(port: int, token: str, n: int) -> list[float]:
    client = with_key(port, token)
    client.timed("GET", "/healthz")
    return [client.timed("POST", f"/api/v1/queues/{SLUG}/claim", b"{}") for _ in range(n)]


_HIDDEN = re.compile(r'name="(csrfmiddlewaretoken|lease|shown)" value="([^"]*)"')


def decide_and_next(port: int, cookie: str, n: int) -> list[float]:
    """Milliseconds from sending each answer to having the page of the next case, as a browser that follows the redirect has it.

    Between answers they read for about a second; without a pause the figure would be the server's throughput, which others measure.
    """
    client, times = Client(port, {"Cookie": cookie}), []
    path = _case_page(client, f"/queues/{SLUG}/next/", _fields(client.send("GET", f"/queues/{SLUG}/")[1]))
    page = client.send("GET", path)[1]
    for _ in range(n):
        fields = _fields(page) | {"choice": "agree", "note": "seen", "active_seconds": "2"}
        time.sleep(random.uniform(0.5, 1.5))
        start = time.perf_counter()
        path = _case_page(client, f"{path}review/", fields)
        status, page = client.send("GET", path)
        times.append((time.perf_counter() - start) * 1000)
        assert status == 200, status
        assert b'id="answer"' in page, path
    return times


def _fields(page: bytes) -> dict[str, str]:
    return dict(_HIDDEN.findall(page.decode()))


def _case_page(client: Client, path: str, fields: dict[str, str]) -> str:
    """Posts the form and returns where it leads."""
    kind = {"Content-Type": "application/x-www-form-urlencoded"}
    client.connection.request("POST", path, urlencode(fields), {**client.headers, **kind})
    answer = client.connection.getresponse()
    answer.read()
    assert answer.status == 302, (answer.status, path)
    return str(answer.headers["Location"])


def claim_and_review(port: int, token: str, n: int) -> tuple[list[float], float, float]:
    """Milliseconds of each review, and when this reviewer began and ended."""
    client, times = with_key(port, token), []
    client.timed("GET", "/healthz")
    start = time.time()
    for _ in range(n):
        _, case = client.post(f"/api/v1/queues/{SLUG}/claim")
        body = json.dumps(
            {"lease": case["lease"]["number"], "answer": "agree", "reason_codes": ["R01"], "note": "seen"}
        ).encode()
        times.append(client.timed("POST", f"/api/v1/cases/{case['id']}/review", body))
    return times, start, time.time()
