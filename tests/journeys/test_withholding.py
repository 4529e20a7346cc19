"""Nothing of what the model said of a blind case leaves the server before the answer: every byte of every page and API answer is read.

Two ways to look. Marks: the case's model output is made of values that stand nowhere else. Twins: two such cases that differ only in what the
model said must get the same answers, byte for byte, once ids, tokens and times are taken out; so a hint that nobody thought of is found, too.
"""

import re
from base64 import urlsafe_b64decode
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.contrib.auth.models import Group
from django.db import transaction
from django.db.models import Q
from django.test import Client

from reviewapp.access.models import User
from reviewapp.access.rules import MANAGE, READ_LABELS, READ_PREDICTIONS, SUBMIT, VIEW_QUEUE, Role, Scope
from reviewapp.audit.models import AuditEvent
from reviewapp.cases import comments, serializers, withheld_words
from reviewapp.cases.actions import write_comment
from reviewapp.cases.models import Case, Queue
from reviewapp.quality import sample_queries, sampling
from reviewapp.quality.models import QaSample
from tests import factories
from tests.factories import Office
from tests.journeys.test_authorization import API, PAGES, address

pytestmark = [pytest.mark.django_db, pytest.mark.timeout(300)]

ZEBRA, OKAPI = "Zebra rule", "Okapi rule"
RULES = [
    {"name": name, "when": {"field": "margin", "op": op, "value": 0.5}, "then": {"result": "review", "queue": "loans", "priority": priority}}
    for name, op, priority in ((ZEBRA, "gt", 77), (OKAPI, "le", 66))
]  # fmt: skip
# What the model says of the two twins. Their facts are the same.
SURE = {
    "prediction": {"outcome": "deny", "probabilities": {"approve": 0.168317, "deny": 0.831683}},
    "contributions": {"debt_ratio": 0.951177, "income": 0.246733, "loan_amount": 0.7},
}
UNSURE = {
    "prediction": {"outcome": "approve", "probabilities": {"approve": 0.618811, "deny": 0.381189}},
    "contributions": {"debt_ratio": -0.272919, "income": 0.088443, "loan_amount": 0.0},
}
MARKS = {
    "probability": "831683|168317|83 of 100|83 were|83,? (very|fairly) sure|confidence_count",
    "contribution": r"951177|246733|(?<![\d.])(0[.]95|0[.]25|1[.]60)(?!\d)",
    "rule": ZEBRA,
    "priority": r"(?<![\w.:-])77(?![\w.:%-])",
    "outcome": r'advises (deny|approve)|advised (deny|approve)|deny, 8|The model advises</h2>|name="choice" value="(agree|correct)'
    r'|data-record="Record (deny|approve) and|"advised": ?"|"outcome": ?"deny"',
}
# What a policy says to everybody who may read it is not what it said of this case.
OF_THE_POLICY = re.compile(r"^/policies/")
_IDS = re.compile(
    rb'[0-9a-f]{8}-[0-9a-f-]{27}|[0-9a-f]{16,}|csrfmiddlewaretoken" value="\w+|\d{4}-\d\d-\d\d[T ][\d:.+Z]+'
)
# Ids, digests and cursors; tokens; times of day, dates and what counts them; case numbers.
_VOLATILE = re.compile(
    rb"[0-9a-f]{8}-[0-9a-f-]{27}|[A-Za-z0-9_=%-]{20,}"
    rb"|(csrfmiddlewaretoken|nonce)[^>]*|request <code>\w+|<code>[0-9a-f-]{11,13}\xe2|\d{4}-\d\d-\d\d[T ][\d:.+Z]+"
    rb"|\d\d:\d\d(:\d\d)?|\d+(:\d\d| min| s|\.\d+ s)\b|since=\d+|APP-\w+|csk_\w+|\"?seconds_left\"?[^,]*|value=\"\d+\" max=\"\d+\""
)


class Reader:
    """A worker's browser and key: what each answers to everything."""

    def __init__(self, user: User, browser: Client) -> None:
        self.user, self.browser = user, browser
        self.key = Client(headers={"Authorization": f"Bearer {factories.make_key(user, *Scope)}"})

    def get(self, path: str) -> Any:
        return (self.key if path.startswith("/api/") else self.browser).get(path)

    def post(self, path: str, sent: Any) -> Any:
        if path.startswith("/api/"):
            return self.key.post(path, sent, content_type="application/json")
        return self.browser.post(path, sent)


@pytest.fixture
def zoo(office: Office) -> Office:
    factories.make_policy(office.use_case, office.queue, rules=RULES, confidence_threshold=0.97)
    Queue.objects.update(blind_share=1)
    return office


@pytest.fixture
def readers(zoo: Office, sign_in: Callable[[User], Client]) -> dict[str, Reader]:
    """Everybody who may work on the queue: plainly, as its lead, and with every other role and right there is."""
    everything = factories.make_reviewer("omar", zoo)
    everything.groups.add(*Group.objects.filter(name__in=[Role.AUDITOR, Role.ADMIN, Role.ML, Role.LEAD]))
    for right in (MANAGE, READ_LABELS, READ_PREDICTIONS, SUBMIT):
        factories.grant(everything, right, zoo.use_case)
    factories.grant(everything, VIEW_QUEUE, zoo.lead_queue)
    people = {
        "reviewer": factories.make_reviewer("alice", zoo),
        "lead": factories.make_lead("carol", zoo),
        "all": everything,
    }
    return {name: Reader(user, sign_in(user)) for name, user in people.items()}


def send(zoo: Office, said: dict[str, Any], *, external_id: str = "APP-ZOO") -> Case:
    explained = {
        "method": "tree-shap",
        "output_space": "log_odds",
        "base_value": -0.3,
        "contributions": said["contributions"],
    }
    return zoo.send(external_id=external_id, prediction=said["prediction"], explanation=explained)


def send_and_talk(zoo: Office, said: dict[str, Any]) -> Case:
    """With what an auditor, who sees all, wrote to everybody about what the model says."""
    case = send(zoo, said)
    frank = User.objects.filter(username="frank").first() or factories.make_auditor("frank", zoo)
    prediction = said["prediction"]
    text = f"@alice @carol @omar it advises {prediction['outcome']}: {prediction['probabilities']['deny']}, {case.why}"
    write_comment(case_id=case.pk, text=text, actor=factories.actor_of(frank), at=factories.now())
    return case


def names_of(zoo: Office, case: Case) -> dict[str, str]:
    """What stands for the parts of addresses; the events of the trail are those of this case and its prediction."""
    return {
        "slug": zoo.use_case.slug, "case_id": str(case.pk), "correction_id": str(uuid4()), "document_id": str(uuid4()),
        "prediction_id": str(case.prediction_id), "number": "2",
        "section": "blind",
        "name": "nothing", "role": "reviewer",
    }  # fmt: skip


MORE_QUERIES = {
    "/queues/<slug:slug>/": ["sort=confidence", "sort=due", "sort=oldest", "confidence=90", "confidence=75", "state=held", "q=APP", "page_size=1"],
    "/api/v1/cases": ["status=open", "external_id=APP-ZOO", "page_size=1"],
    "/api/v1/predictions": ["external_id=APP-ZOO"],
    "/audit/": ["object_type=cases.case", "object_type=predictions.prediction"],
    "/board/": ["state=held", "state=waiting"],
    "/reviews/": ["answer=refer"],
}  # fmt: skip


def addresses(zoo: Office, case: Case) -> Iterator[str]:
    """Every address that is read by GET, from the URLconf by way of the table that is held against it, with the filters that matter here."""
    names = names_of(zoo, case)
    events = AuditEvent.objects.filter(object_id__in=[names["case_id"], names["prediction_id"]]).order_by("id")
    table = PAGES | {place: row for place, (_, row) in API.items()}
    for (method, route), row in table.items():
        if (
            method != "GET"
            or set(re.findall(r"<\w+:(\w+)>", route)) & {"pk", "version_id", "dataset_id"}
            or route == "/readyz"
        ):
            continue
        if "event_uuid" in route:
            yield from (address(route, names | {"event_uuid": str(event.event_uuid)}) for event in events)
            continue
        path = address(route, names)
        for query in (row.query.format(**names), *MORE_QUERIES.get(route, ())):
            yield f"{path}?{query}" if query else path


def posts(case: Case, lease: int) -> list[tuple[str, Any]]:
    """Everything that may be asked for about the case before it is answered, refused or not."""
    page, api = f"/cases/{case.pk}/", f"/api/v1/cases/{case.pk}/"
    form = {"lease": str(lease), "choice": "cannot_tell", "note": "n"}
    bulk = {"act": "prioritise", "cases": [str(case.pk)], "priority": 5, "reason": "r"}
    return [
        (f"{page}claim/", {}), (f"{page}draft/", form), (f"{page}heartbeat/", form), (f"{page}review/", form),
        (f"{page}review/", form | {"choice": "agree"}),
        (f"{page}review/", form | {"choice": "outcome:perhaps"}), (f"{page}review/", form | {"shown": "1.x.x"}),
        (f"{page}review/", form | {"lease": "99"}), (f"{page}review/", form | {"choice": "refer"}),
        (f"{page}pend/", {"lease": str(lease), "follow_up": "2h", "awaited": "payslip"}), (f"{page}pend/", {"lease": str(lease)}),
        (f"{page}comments/", {"text": "Seen"}), (f"{page}comments/", {"text": "@nobody"}), (f"{api}comments", {"text": "@frank: why?"}),
        (f"{page}ask-reopening/", {"reason": "r"}), (f"{api}reopen-requests", {"reason": "r"}),
        (f"{page}release/", form), (f"{page}undo/", {}), (f"{page}what-if/", {"input-income": "1"}),
        ("/board/preview/", {"act": "prioritise", "case": str(case.pk), "priority": "5", "reason": "r"}),
        ("/board/act/", {"act": "prioritise", "case": str(case.pk), "priority": "5", "reason": "r"}),
        (f"{api}claim", {}), (f"{api}heartbeat", {"lease": lease}), (f"{api}review", {"lease": lease, "answer": "agree"}),
        (f"{api}review", {"lease": lease, "answer": "correct", "outcome": "approve"}), (f"{api}review", {"lease": lease, "answer": "refer"}),
        (f"{api}review", {"lease": lease, "answer": "blind"}), (f"{api}release", {"lease": lease}), (f"{api}undo", {}),
        (f"{api}what-if", {"changes": {"income": 1}}),
        (f"{api}pend", {"lease": lease, "follow_up_at": "2099-01-01T00:00:00Z", "awaited": "x"}),
        ("/api/v1/cases/bulk", bulk), ("/api/v1/cases/bulk", bulk | {"priority": 77}), ("/api/v1/cases/bulk", bulk | {"act": "release"}),
        ("/queues/loans/next/", {}), ("/api/v1/queues/loans/claim", {}),
    ]  # fmt: skip


def heard(reader: Reader, zoo: Office, case: Case) -> Iterator[tuple[str, bytes]]:
    """(what was asked, all that was said) while the case waits and then in the reader's own hands; nothing of it stays."""
    for stage in ("waits", "held"):
        lease = 0
        if stage == "held":
            taken = reader.post(f"/api/v1/cases/{case.pk}/claim", {})
            assert taken.status_code == 200, taken.content
            lease = taken.json()["lease"]["number"]
        for path in addresses(zoo, case):
            yield f"{stage} GET {path}", said(reader.get(path))
        for path, sent in posts(case, lease):
            point = transaction.savepoint()
            yield f"{stage} POST {path} {sorted(sent)}", said(reader.post(path, sent))
            yield f"{stage} page after POST {path}", said(reader.get(f"/cases/{case.pk}/"))  # with the notice it left
            transaction.savepoint_rollback(point)


def said(answer: Any) -> bytes:
    """Status, headers and body."""
    body = b"".join(answer.streaming_content) if answer.streaming else answer.content
    head = "".join(f"{name}: {value}\n" for name, value in sorted(answer.headers.items()))
    return f"{answer.status_code}\n{head}".encode() + body


def leaks(asked: str, answer: bytes) -> list[str]:
    path, text = asked.rsplit(" GET ", maxsplit=1)[-1], _IDS.sub(b"", answer).decode(errors="replace")
    found = []
    for name, mark in MARKS.items():
        if not (name in {"rule", "priority"} and OF_THE_POLICY.match(path)) and (hit := re.search(mark, text)):
            found.append(f"{name}: {asked}: …{text[max(hit.start() - 60, 0) : hit.end() + 40]}…")
    return found


@pytest.mark.parametrize("name", ["reviewer", "lead", "all"])
def test_nothing_that_is_sent_before_the_answer_tells_what_the_model_said(zoo, readers, name):
    told = []
    for output in (SURE, UNSURE):
        point = transaction.savepoint()
        case = send_and_talk(zoo, output)
        assert (case.is_blind, case.why, case.priority) in {(True, ZEBRA, 77), (True, OKAPI, 66)}
        told.append(list(heard(readers[name], zoo, case)))
        transaction.savepoint_rollback(point)
    assert [leak for asked, answer in told[0] for leak in leaks(asked, answer)] == []
    assert len(told[0]) == len(told[1]) > 150
    pairs = [(asked, _same(one), _same(other)) for (asked, one), (_, other) in zip(*told, strict=True)]
    assert [(*_apart(one, other), asked[:160]) for asked, one, other in pairs if one != other] == []


@pytest.mark.parametrize("name", ["reviewer", "lead", "all"])
def test_no_cursor_tells_what_the_model_said(zoo, readers, name):
    """They are masked above, since no two are the same, and a list goes by the priority."""
    told = []
    for output in (SURE, UNSURE):
        point = transaction.savepoint()
        for external_id in ("APP-ZOO", "APP-ANT"):
            send(zoo, output, external_id=external_id)
        pages = [readers[name].get(f"{path}?page_size=1").content for path in ("/queues/loans/", "/api/v1/cases")]
        told.append([_as_read(re.search(rb'(?:cursor=|"next":")([\w-]+)', page)[1]) for page in pages])
        transaction.savepoint_rollback(point)
    assert told[0] == told[1]


def _as_read(cursor: bytes) -> tuple[int, list[bytes]]:
    """Its length, and the numbers in it for whoever decodes it, but for what chance makes of a sealed one."""
    raw = urlsafe_b64decode(cursor + b"=" * (-len(cursor) % 4))
    return len(cursor), re.findall(rb"(?<=,)[0-9.]+(?=,)", raw)


TELLING = [
    {"when": [{"field": field, "op": op, "value": value}], "minutes": minutes}
    for field, op, value, minutes in (("outcome", "eq", "deny", 11), ("confidence", "lt", 0.7, 22), ("priority", "ge", 70, 33))
]  # fmt: skip


@pytest.mark.parametrize("name", ["reviewer", "lead", "all"])
def test_no_due_time_tells_what_the_model_said(zoo, readers, name):
    """A queue may have had such rules before it had a blind share."""
    Queue.objects.update(sla_rules=TELLING)
    told = []
    for output in (SURE, UNSURE):
        point = transaction.savepoint()
        case = send(zoo, output)
        (line,) = readers[name].get("/api/v1/cases?external_id=APP-ZOO").json()["results"]
        told += [
            _spans(read) for read in (line, readers[name].get(f"/api/v1/cases/{case.pk}").json()) if read["withheld"]
        ]
        transaction.savepoint_rollback(point)
    assert told == 4 * [(timedelta(minutes=45), timedelta(minutes=60))]


def _spans(line: dict[str, Any]) -> tuple[timedelta, timedelta]:
    opened, risk, due = (datetime.fromisoformat(line[name]) for name in ("opened_at", "risk_at", "due_at"))
    return risk - opened, due - opened


def _same(answer: bytes) -> bytes:
    """Without what differs between any two answers."""
    return re.sub(rb"Content-Length: \d+", b"", _VOLATILE.sub(b"*", answer))


def _apart(one: bytes, other: bytes) -> tuple[str, str]:
    start = next(
        (n for n, pair in enumerate(zip(one, other, strict=False)) if pair[0] != pair[1]), min(len(one), len(other))
    )
    return tuple(text[max(start - 60, 0) : start + 60].decode(errors="replace") for text in (one, other))


def test_the_auditor_and_the_sender_are_told_as_before(zoo, readers, sign_in, api):
    """Else the looking above might find nothing because nothing is there."""
    case = send_and_talk(zoo, SURE)
    frank = User.objects.get(username="frank")
    page = sign_in(frank).get(f"/cases/{case.pk}/").content.decode()
    sent = api(zoo.sender).get(f"/api/v1/predictions/{case.prediction_id}").content.decode()
    for text in (page, sent):
        assert ZEBRA in text
    assert "@alice @carol @omar it advises deny" in page
    assert re.search(MARKS["contribution"], page)
    assert re.search(MARKS["probability"], sent)


def one_decided(zoo: Office) -> Case:
    """A case that somebody who is gone decided blind, as the model advised; it has digits to make another number of."""
    case = send(zoo, SURE, external_id="APP-104729")
    bob = Reader(factories.make_reviewer("bob", zoo), Client())
    lease = bob.post(f"/api/v1/cases/{case.pk}/claim", {}).json()["lease"]["number"]
    for answer in ({"answer": "blind", "outcome": "deny", "sure": 3}, {"answer": "agree"}):
        assert bob.post(f"/api/v1/cases/{case.pk}/review", {"lease": lease, **answer}).status_code == 200
    return case


@pytest.mark.parametrize("name", ["reviewer", "lead"])
def test_a_qa_sample_is_told_byte_by_byte_as_a_case_that_arrived(zoo, readers, monkeypatch, settings, name):
    settings.UNDO_SECONDS = 0
    Queue.objects.filter(pk=zoo.queue.pk).update(qa_human_share=0.01)
    monkeypatch.setattr(sample_queries, "draw", lambda *_: bytes(32))
    monkeypatch.setattr(sample_queries, "delay", lambda _: 0.0)
    original, told = one_decided(zoo), []
    for is_sample in (True, False):
        point = transaction.savepoint()
        if is_sample:
            assert sampling.draw_samples(at=factories.now()) == 1
            case = QaSample.objects.get(source=original.prediction).case
        else:
            case = send(zoo, SURE, external_id="APP-130363")
        assert case.is_blind
        # The trail is not theirs to read, and has one event more of an arrival; what is measured counts arrivals alone.
        told.append([said for said in heard(readers[name], zoo, case) if not re.search("/audit/0|/metrics", said[0])])
        transaction.savepoint_rollback(point)
    pairs = [(asked, _same(one), _same(other)) for (asked, one), (_, other) in zip(*told, strict=True)]
    assert len(pairs) > 150
    assert [(*_apart(one, other), asked[:160]) for asked, one, other in pairs if one != other] == []


def _shows_why(monkeypatch) -> None:
    monkeypatch.setattr(withheld_words, "ROW", {name: "withheld" for name in withheld_words.ROW if name != "why"})


def _shows_confidence(monkeypatch) -> None:
    kept = tuple(name for name in serializers.MODELS_PART if name != "confidence")
    monkeypatch.setattr(serializers, "MODELS_PART", kept)


def _tells_all_in_the_trail(monkeypatch) -> None:
    from reviewapp.audit import queries as trail

    monkeypatch.setattr(trail, "_withheld", [])


def _tells_the_rule_in_the_timeline(monkeypatch) -> None:
    monkeypatch.setattr(withheld_words, "sentence", lambda *_, **__: None)


def _shows_what_the_auditor_wrote(monkeypatch) -> None:
    monkeypatch.setattr(comments, "_tells_advice", lambda _: Q(pk__in=[]))


def _forgets_who_asks(monkeypatch) -> None:
    """Whoever may see the case sees all of it."""

    def reveal(cases, actor) -> None:
        for case in cases:
            case.is_revealed = True

    for module in ("actions.viewing", "views.case", "views.queue", "views.board", "api.cases", "api.leading"):
        monkeypatch.setattr(f"reviewapp.cases.{module}.reveal", reveal)


@pytest.mark.parametrize(
    ("broken", "name"),
    [
        (_shows_why, "rule"),
        (_shows_confidence, "probability"),
        (_tells_all_in_the_trail, "outcome"),
        (_tells_the_rule_in_the_timeline, "rule"),
        (_forgets_who_asks, "contribution"),
        (_shows_what_the_auditor_wrote, "probability"),
    ],
)
def test_a_product_that_shows_it_is_found_out(zoo, readers, monkeypatch, broken, name):
    case = send_and_talk(zoo, SURE)
    broken(monkeypatch)
    found = (leak for asked, answer in heard(readers["all"], zoo, case) for leak in leaks(asked, answer))
    assert any(leak.startswith(name) for leak in found)
