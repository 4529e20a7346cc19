"""A lean HTTP client on one kept-alive connection, and many of them at once, each in a process of its own."""

import http.client
import json
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from typing import Any

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
