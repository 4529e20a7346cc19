"""A client system: sends the held-out rows over HTTP with an API key and knows nothing of Countersign but its API.

A few hundred at once, then one every few seconds, until all are sent. Nothing is remembered here: every body is the same each time it is made,
so what was sent before is answered with 200 and skipped without waiting.
"""

import random
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import httpx

from reviewapp.demo.errors import DemoFailed
from reviewapp.demo.identities import person
from reviewapp.demo.scenario import Scenario
from reviewapp.demo.scorecard import score
from reviewapp.demo.split import Arrival

AT_ONCE = {"mortgage-underwriting": 200, "ward-triage": 80}
PAUSE_SECONDS = (3.0, 9.0)
_EVERY = 8  # one application in so many comes by a broker, with the broker's prediction
_BATCH = 100
TIMEOUT_SECONDS = 30.0
_LONGEST_BACK_OFF = 30.0


class Refused(DemoFailed):
    """The server will not take anything from this client, now or later."""


@dataclass(frozen=True, slots=True)
class Feed:
    """What one use case still has to send: the opening batch, then the rest."""

    slug: str
    opening: Sequence[dict[str, Any]]
    rest: Sequence[dict[str, Any]]


def feed_of(scenario: Scenario, arrivals: Sequence[Arrival]) -> Feed:
    bodies = [body(scenario, arrival, number) for number, arrival in enumerate(arrivals)]
    at_once = AT_ONCE[scenario.slug]
    return Feed(scenario.slug, bodies[:at_once], bodies[at_once:])


def body(scenario: Scenario, arrival: Arrival, number: int) -> dict[str, Any]:
    """A prediction as the API takes it, the same whenever it is made."""
    sent = {
        "use_case": scenario.slug,
        "external_id": arrival.external_id,
        "subject": person(arrival),
        "features": dict(arrival.case.record),
        "context": {"from": scenario.context[number % len(scenario.context)]},
    }
    return sent | (score(arrival.case.record) if _comes_by_broker(scenario, number) else {})


def _comes_by_broker(scenario: Scenario, number: int) -> bool:
    """One application in so many, after the opening."""
    return scenario.slug == "mortgage-underwriting" and number >= AT_ONCE[scenario.slug] and number % _EVERY == 0


class Client:
    """Sends and, while the server is away or busy, waits and sends again."""

    def __init__(
        self, http: httpx.Client, *, say: Callable[[str], object], sleep: Callable[[float], object] = time.sleep
    ) -> None:
        self.http = http
        self.say = say
        self.sleep = sleep
        self.answers: Counter[int] = Counter()

    def send_many(self, bodies: Sequence[Mapping[str, Any]]) -> None:
        """:raises Refused: if a batch as a whole is not taken."""
        for start in range(0, len(bodies), _BATCH):
            part = bodies[start : start + _BATCH]
            answer = self._post("/api/v1/predictions/batch", {"items": list(part)})
            if answer.status_code != 200:
                raise Refused(f"The server answered a batch with {answer.status_code}.")
            for item, result in zip(part, answer.json()["results"], strict=True):
                self._note(item, int(result["status"]), result.get("problem"))

    def send(self, one: Mapping[str, Any]) -> bool:
        """Whether it was new."""
        answer = self._post("/api/v1/predictions", one)
        self._note(one, answer.status_code, None if answer.is_success else answer.json())
        return answer.status_code in (201, 202)

    def _note(self, one: Mapping[str, Any], status: int, problem: object) -> None:
        self.answers[status] += 1
        if status >= 400:
            self.say(f"{one['external_id']} was not taken ({status}): {problem}")

    def _post(self, path: str, content: Mapping[str, Any]) -> httpx.Response:
        """:raises Refused: if the key is not accepted."""
        wait = 1.0
        while True:
            try:
                answer = self.http.post(path, json=content)
            except httpx.TransportError as error:
                self.say(f"The server does not answer ({type(error).__name__}); trying again in {wait:.0f} s.")
            else:
                if answer.status_code in (401, 403):
                    raise Refused(
                        f"The server does not accept the demo's key ({answer.status_code}). Run seed_demo again."
                    )
                if answer.status_code != 429 and answer.status_code < 500:
                    return answer
                wait = max(wait, float(answer.headers.get("Retry-After", 0)))
            self.sleep(wait)
            wait = min(2 * wait, _LONGEST_BACK_OFF)


def run(client: Client, feeds: Sequence[Feed]) -> None:
    """Send everything. Returns when nothing is left."""
    for feed in feeds:
        client.send_many(feed.opening)
        client.say(f"{feed.slug}: {len(feed.opening)} cases sent at once, {len(feed.rest)} to come.")
    for one in trickle(feeds):
        if client.send(one):
            client.sleep(random.uniform(*PAUSE_SECONDS))  # noqa: S311 -- the pace of arrivals, not a secret
    client.say(f"Every row was sent. Answers by status: {dict(client.answers)}.")


def trickle(feeds: Sequence[Feed]) -> Iterator[dict[str, Any]]:
    """What remains, one after the other, the use cases in turn while each has some left."""
    remaining = [iter(feed.rest) for feed in feeds]
    while remaining:
        for source in list(remaining):
            found = next(source, None)
            if found is None:
                remaining.remove(source)
            else:
                yield found
