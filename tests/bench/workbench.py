"""What a reviewer waits for at the workbench: the next case after an answer, the model's word on other inputs, a change seen by everybody."""

import json
from pathlib import Path

from django.conf import settings
from django.core.management import call_command

from reviewapp.cases.models import Case
from reviewapp.notifications import live
from tests.bench import sockets
from tests.bench.client import SLUG, decide_and_next, in_parallel, with_key
from tests.bench.machine import pss_mib
from tests.bench.measures import NAMES, Bench, item, p95, signed_in_browser, train_bench_model, wait_until

SOCKETS = 200


def decide_then_next(bench: Bench) -> None:
    """From sending an answer to having the page of the next case whole, by eight people who read each for a second."""
    cookies = [signed_in_browser(bench, user).headers["Cookie"] for user in bench.reviewers]
    found = in_parallel(decide_and_next, [(bench.port, cookie, 40) for cookie in cookies])
    bench.add(
        "decide and next, 8 reviewers, p95 ms",
        p95([one for times in found for one in times]),
        target="<= 150",
        most=150,
    )


def what_if(bench: Bench) -> None:
    """Asking the model worker by the API, among the work it has."""
    folder = Path(settings.DATA_DIR) / "what-if-model"
    train_bench_model(folder)
    call_command("register_model", SLUG, "scored-here", "1", folder)
    named = {"model": "scored-here", "model_version": "1", "external_id": "W-1", "explanation": None}
    with_key(bench.port, bench.sender).post("/api/v1/predictions", item(1) | named)
    case = Case.objects.get(external_id="W-1")
    client = with_key(bench.port, bench.tokens[0])
    path, body = f"/api/v1/cases/{case.pk}/what-if", json.dumps({"changes": {NAMES[0]: 900.5}}).encode()
    wait_until(lambda: client.send("POST", path, body)[0] == 200)  # the worker has loaded the model
    times = [client.timed("POST", path, body) for _ in range(40)]
    bench.add("what-if, p95 ms", p95(times), target="<= 1000", most=1000)


def many_sockets(bench: Bench) -> None:
    """How soon a change reaches 200 open pages, and what they cost the process that holds them."""
    cookies = [signed_in_browser(bench, user).headers["Cookie"].split("; ")[-1] for user in bench.reviewers]
    topic, process = f"queue:{bench.office.queue.pk}", bench.programs.supervisor._running["sockets"].process.pid
    before, during = pss_mib([process]), list[float]()

    def act() -> None:
        during.append(pss_mib([process]))  # before the clock of this event counts much: it takes a millisecond
        live.publish([topic])

    times = sockets.reach(
        url=f"ws://127.0.0.1:{bench.programs.socket_port}/live/", origin=bench.programs.url, cookies=cookies, topic=topic,
        act=act, sockets=SOCKETS, events=20,
    )  # fmt: skip
    bench.add(f"a change to {SOCKETS} open pages, p95 ms", p95(times), target="<= 150", most=150)
    bench.add(f"{SOCKETS} open pages, MiB", max(during) - before, target="<= 60", most=60)


MEASURES = (decide_then_next, what_if, many_sockets)
