"""The demo's client: what it sends is taken by the API, is the same each time, and outlives a server that is away."""

import json
from typing import Any

import httpx
import pytest

from reviewapp.demo import feeding
from reviewapp.demo.feeding import Client, Feed, Refused
from reviewapp.demo.scenario import PastCase, Scenario
from reviewapp.demo.split import Arrival, arrivals


class Server:
    """Answers from a list, then says 201; keeps what it was sent."""

    def __init__(self, *answers: httpx.Response | Exception) -> None:
        self.answers = list(answers)
        self.seen: list[dict[str, Any]] = []
        self.slept: list[float] = []
        self.said: list[str] = []

    def __call__(self, request: httpx.Request) -> httpx.Response:
        answer = self.answers.pop(0) if self.answers else httpx.Response(201, json={})
        if isinstance(answer, Exception):
            raise answer
        self.seen.append(json.loads(request.content))
        return answer

    def client(self) -> Client:
        http = httpx.Client(base_url="http://countersign.test", transport=httpx.MockTransport(self))
        return Client(http, say=self.said.append, sleep=self.slept.append)


@pytest.fixture
def some(scenario: Scenario, cases: list[PastCase]) -> list[Arrival]:
    return arrivals(scenario, cases)[:60]


def test_a_body_is_the_same_each_time_it_is_made(scenario: Scenario, some: list[Arrival]) -> None:
    once = [feeding.body(scenario, arrival, number) for number, arrival in enumerate(some)]
    again = [feeding.body(scenario, arrival, number) for number, arrival in enumerate(some)]
    assert once == again


def test_a_body_carries_an_invented_person_and_never_the_answer(scenario: Scenario, some: list[Arrival]) -> None:
    for number, arrival in enumerate(some):
        sent = feeding.body(scenario, arrival, number)
        assert set(sent["subject"]) == {"reference", "name", "date_of_birth", "contact"}
        assert sent["subject"]["contact"].split("@")[1] in {"example.com", "example.net", "example.org"}
        assert sent["features"] == arrival.case.record
        assert "outcome" not in sent
        assert sent["external_id"] == arrival.external_id


def test_a_patient_is_as_old_as_the_record_says(cases: list[PastCase], scenario: Scenario, some: list[Arrival]) -> None:
    if scenario.slug != "ward-triage":
        assert all("age" not in arrival.case.record for arrival in some)
        return
    for arrival in some:
        born = int(feeding.body(scenario, arrival, 0)["subject"]["date_of_birth"][:4])
        assert 2026 - born - arrival.case.record["age"] in (0, 1, 2)


def test_some_applications_bring_a_prediction_whose_reasons_add_up(scenario: Scenario, some: list[Arrival]) -> None:
    bodies = [feeding.body(scenario, arrival, number) for number, arrival in enumerate(some, start=200)]
    brought = [sent for sent in bodies if "prediction" in sent]
    assert len(brought) == (8 if scenario.slug == "mortgage-underwriting" else 0)
    for sent in brought:
        shares = sent["prediction"]["probabilities"]
        reached = sent["explanation"]["base_value"] + sum(sent["explanation"]["contributions"].values())
        assert sum(shares.values()) == pytest.approx(1)
        assert shares[sent["prediction"]["outcome"]] == pytest.approx(1 / (1 + 2.718281828459045**-reached))
        assert max(shares, key=shares.get) == sent["prediction"]["outcome"]


def test_a_few_hundred_go_at_once_and_the_rest_one_by_one() -> None:
    feeds = [
        Feed("a", [_one(n) for n in range(230)], [_one(n) for n in range(230, 233)]),
        Feed("b", [_one(900)], [_one(901)]),
    ]
    server = Server(*(httpx.Response(200, json={"results": [{"status": 202}] * size}) for size in (100, 100, 30, 1)))
    feeding.run(server.client(), feeds)
    batches, singles = server.seen[:4], server.seen[4:]
    assert [len(batch["items"]) for batch in batches] == [100, 100, 30, 1]
    assert [sent["external_id"] for sent in singles] == ["X-230", "X-901", "X-231", "X-232"]
    assert len(server.slept) == 4
    assert all(3 <= pause <= 9 for pause in server.slept)


def test_what_was_sent_before_is_skipped_without_waiting() -> None:
    server = Server(*(httpx.Response(200, json={}) for _ in range(5)))
    feeding.run(server.client(), [Feed("a", [], [_one(n) for n in range(6)])])
    assert len(server.seen) == 6
    assert len(server.slept) == 1


def test_the_client_outlives_a_restart_of_the_server() -> None:
    away = [httpx.ConnectError("refused"), httpx.ReadError("reset"), httpx.Response(503, json={})]
    server = Server(*away)
    assert server.client().send(_one(1))
    assert server.slept == [1, 2, 4]
    assert "does not answer" in server.said[0]


def test_the_client_waits_as_long_as_a_busy_server_asks() -> None:
    server = Server(httpx.Response(429, json={}, headers={"Retry-After": "10"}))
    assert server.client().send(_one(1))
    assert server.slept == [10]


def test_one_refused_row_does_not_stop_the_others() -> None:
    server = Server(httpx.Response(422, json={"code": "invalid"}))
    feeding.run(server.client(), [Feed("a", [], [_one(1), _one(2)])])
    assert [sent["external_id"] for sent in server.seen] == ["X-1", "X-2"]
    assert any("X-1 was not taken (422)" in line for line in server.said)


def test_a_key_that_is_not_accepted_ends_the_client() -> None:
    with pytest.raises(Refused, match="seed_demo"):
        Server(httpx.Response(401, json={})).client().send(_one(1))


def test_a_batch_that_is_not_taken_as_a_whole_ends_the_client() -> None:
    with pytest.raises(Refused, match="301"):
        Server(httpx.Response(301)).client().send_many([_one(1)])


def _one(number: int) -> dict[str, Any]:
    return {"external_id": f"X-{number}"}
