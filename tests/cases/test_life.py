"""The life of cases as a state machine: whatever people, machines and failures do in whatever order, the promises hold after every step.

Steps call the actions, as thousands of them must fit; `LIFE_EXAMPLES` in the environment asks for more examples than CI takes.
"""

import hashlib
import os
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import timedelta
from typing import Any
from unittest.mock import patch

import pytest
from django.conf import settings
from django.db import connection, transaction
from django.utils import timezone
from guardian.shortcuts import remove_perm
from hypothesis import HealthCheck, seed
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule, run_state_machine_as_test

from reviewapp.access.idempotency import KeyReused, Once, Replayed
from reviewapp.access.rules import WORK_QUEUE
from reviewapp.audit import actions as audit
from reviewapp.cases import actions
from reviewapp.cases.actions import Given, Order
from reviewapp.cases.feedback import label_decisions
from reviewapp.cases.models import Case, Decision, Outbox, Queue, Review
from reviewapp.cases.rules import LeadAct
from reviewapp.lib.errors import CountersignError
from reviewapp.predictions.models import Label
from tests import factories

pytestmark = [pytest.mark.django_db, pytest.mark.timeout(1800)]
CASES, WINDOW, PARTS = 2, 60, 4
PEOPLE, CASE = st.sampled_from(["alice", "bob", "carol", "dave"]), st.integers(0, CASES - 1)
# What asks for a second answer: a correction, any answer, or none
POLICIES = st.sampled_from([{"override": True}, {"always": True}, {}])
ANSWERS = st.sampled_from(
    [
        Given("agree"),
        Given("agree", note="seen"),
        Given("correct", outcome="approve", note="seen"),
        Given("correct", outcome="approve", note="seen", reason_codes=["R01"]),
        Given("refer"),
        Given("cannot_tell", note="papers missing"),
    ]
)


# The answers that count
COUNTED = """cases_review r join cases_case k on k.id = r.case_id and r.round >= k.counted_from
    where not exists(select from cases_reversal v where v.review_id = r.id)"""

# What must hold after every step, each with a statement that counts what breaks it
PROMISES = {
    "a case has one live decision if and only if it is decided": """
        select count(*) from cases_case c where (c.state = 'decided')::int
            <> (select count(*) from cases_decision d where d.case_id = c.id and d.round = c.round)""",
    "the live decision is what the case says": """
        select count(*) from cases_case c join cases_decision d on d.case_id = c.id and d.round = c.round where d.outcome <> c.outcome""",
    "nobody answers twice in a round": """
        select count(*) - count(distinct (case_id, round, reviewer_id)) from cases_review""",
    "of the answers that count, no two are the same person's": f"""
        select count(*) - count(distinct (r.case_id, r.reviewer_id)) from {COUNTED}""",
    "of the answers that count, one is the second and one the adjudicator's at most": f"""
        select count(*) - count(distinct (r.case_id, r.stage)) from {COUNTED} and r.stage <> 'first'""",
    "what needs a second answer is decided by two that are the same, or by a lead": f"""
        select count(*) from cases_case c join cases_decision d on d.case_id = c.id and d.round = c.round
        where exists(select from {COUNTED} and r.case_id = c.id and r.second_because <> '')
            and (select count(*) from {COUNTED} and r.case_id = c.id and r.outcome = d.outcome and r.stage in ('first', 'second')) <> 2
            and not exists(select from {COUNTED} and r.case_id = c.id and r.stage = 'adjudication' and r.outcome = d.outcome
                and r.reviewer_id = (select u.id from access_user u where u.username = 'carol'))""",
    "no second answer was taken back": """
        select count(*) from cases_reversal v join cases_review r on r.id = v.review_id where r.stage = 'second'""",
    "a decision has one label": """
        select count(*) - count(distinct decision_id) from predictions_label""",
    "what was taken back is no label, and what was reopened is none that counts": """
        select count(*) from predictions_label l join cases_decision d on d.id = l.decision_id
            join cases_reversal r on r.case_id = d.case_id and r.round = d.round
        where r.kind = 'undo' or not exists(select from predictions_supersededlabel s where s.label_id = l.id)""",
}
_EVENTS = """
    select json_object_agg(action, n) from (select action, count(*) n from audit_auditevent
        where action like 'case.%' group by action) e"""
_STATES = "select json_object_agg(id, state || case when stage = 'adjudication' then ' differing' else '' end) from cases_case"
_BROKEN = "select json_build_array(" + ", ".join(f"({sql})" for sql in [*PROMISES.values(), _EVENTS, _STATES]) + ")"
# Planning it takes three times as long as running it. A function keeps its plan; a prepared statement would go with every refusal's rollback.
_FUNCTION = f"create function pg_temp.broken() returns json language plpgsql as $$ begin return ({_BROKEN}); end $$"


def when(state: str) -> Callable[[Any], Any]:
    """The rule is drawn only where a case is in `state`, so that steps are spent on what can happen."""
    return precondition(lambda self: self.those(state))


LED = {
    LeadAct.RELEASE: "case.taken_back",
    LeadAct.REASSIGN: "case.reassigned",
    LeadAct.PRIORITISE: "case.reprioritised",
    LeadAct.MOVE: "case.moved",
}


class Crash(Exception):
    """The process is gone in the middle of an act."""


class World:
    """One office with three reviewers, a lead and two cases; every example begins with it as it was."""

    def __init__(self) -> None:
        office = factories.make_office()
        self.queue = office.queue
        self.users = {name: factories.make_reviewer(name, office) for name in ("alice", "bob", "dave")}
        self.users["carol"] = factories.make_lead("carol", office)
        self.actors = {name: factories.actor_of(user) for name, user in self.users.items()}
        self.ids = [office.send().pk for _ in range(CASES)]
        Queue.objects.filter(pk=self.queue.pk).update(review_policy={"override": True})
        with connection.cursor() as cursor:
            cursor.execute(_FUNCTION)


class Life(RuleBasedStateMachine):
    """`done` counts what succeeded, by the name of its event; `answered` holds what was sent with an Idempotency-Key."""

    world: World

    def __init__(self) -> None:
        super().__init__()
        self.outer = transaction.atomic()
        self.outer._from_testcase = True  # a durable action may run inside, as in every test
        self.outer.__enter__()
        self.queue, self.users = self.world.queue, self.world.users
        self.actors, self.ids = self.world.actors, self.world.ids
        self.answered: list[tuple[str, int, int, Given, str]] = []
        self.keys, self.revoked = 0, set[str]()
        self.done: Counter[str] = Counter()
        self.states = [""] * CASES

    def teardown(self) -> None:
        transaction.set_rollback(True)
        self.outer.__exit__(None, None, None)

    # What people and machines do

    @rule(who=PEOPLE)
    def claim(self, who: str) -> None:
        for slug in (self.queue.slug, f"{self.queue.slug}-lead")[: 1 + (who == "carol")]:
            case = self.act("case.claimed", actions.claim_next, who, slug=slug)
            assert case is None or case.holder_id == self.actors[who].user_id
            assert case is None or self.is_new_to(who, case.pk)

    @when("open differing")
    @rule(who=st.sampled_from(["carol", "alice", "dave"]))
    def adjudicate(self, who: str) -> None:
        """Take a case on which two answers differ."""
        case = self.act("case.claimed", actions.claim_next, who, slug=self.queue.slug, adjudicates=True)
        assert case is None or (who == "carol" and self.is_new_to(who, case.pk))

    @rule(who=PEOPLE, n=CASE)
    def pick(self, who: str, n: int) -> None:
        case = self.act("case.claimed", actions.claim_case, who, case_id=self.ids[n])
        assert case is None or self.is_new_to(who, case.pk)

    def _answer_next(self, who: str, given: Given) -> None:
        """Take the next case and answer it, as most do: three of the rules, so that it is drawn more often than any other."""
        self.claim(who)
        self.answer_what_is_held(who, given)

    answer_next = rule(who=PEOPLE, given=ANSWERS)(_answer_next)
    answer_one = rule(who=PEOPLE, given=ANSWERS)(_answer_next)
    answer_two = rule(who=PEOPLE, given=ANSWERS)(_answer_next)

    @when("open differing")
    @rule(given=ANSWERS)
    def decide_between(self, given: Given) -> None:
        self.adjudicate("carol")
        self.answer_what_is_held("carol", given)

    @when("leased")
    @rule(data=st.data())
    def heartbeat(self, data: Any) -> None:
        n = data.draw(self.one("leased"))
        who, lease = self.held()[n]
        self.act("", actions.heartbeat, who, case_id=self.ids[n], lease=lease)

    @when("leased")
    @rule(data=st.data())
    def stall(self, data: Any) -> None:
        """The lease runs out."""
        n = data.draw(self.one("leased"))
        Case.objects.filter(pk=self.ids[n], state="leased").update(lease_until=timezone.now() - timedelta(minutes=1))

    @when("leased")
    @rule(data=st.data())
    def release(self, data: Any) -> None:
        n = data.draw(self.one("leased"))
        who, lease = self.held()[n]
        self.act("case.released", actions.release, who, case_id=self.ids[n], lease=lease)

    @when("leased")
    @rule(data=st.data(), given=ANSWERS)
    def review(self, data: Any, given: Given) -> None:
        n = data.draw(self.one("leased"))
        self.answer_held(n, *self.held()[n], given)

    def answer_what_is_held(self, who: str, given: Given) -> None:
        for n, (holder, lease) in enumerate(self.held()):
            if holder == who:
                self.answer_held(n, who, lease, given)

    def answer_held(self, n: int, holder: str, lease: int, given: Given) -> None:
        self.keys += 1
        key = f"key-{self.keys}"
        if self.answer(holder, n, lease, given, key):
            self.answered.append((holder, n, lease, given, key))

    @rule(n=CASE, given=ANSWERS, act=st.sampled_from(["review", "heartbeat", "release"]), back=st.integers(1, 3))
    def stale(self, n: int, given: Given, act: str, back: int) -> None:
        """A lease number of before changes nothing, whoever sends it."""
        before = self.row(n)
        who, lease = self.holder_of(before) or "alice", before["lease"]
        more = {"given": given} if act == "review" else {}
        call = actions.review_case if act == "review" else getattr(actions, act)
        with pytest.raises(CountersignError):
            call(case_id=self.ids[n], lease=max(lease - back, 0), actor=self.actors[who], at=timezone.now(), **more)
        assert self.row(n) == before

    @precondition(lambda self: self.answered)
    @rule(data=st.data(), is_changed=st.booleans())
    def replay(self, data: Any, is_changed: bool) -> None:
        """The same key again changes nothing, with the same answer and with another."""
        who, n, lease, given, key = data.draw(st.sampled_from(self.answered))
        before = self.row(n), Review.objects.count()
        with pytest.raises(KeyReused if is_changed else Replayed):
            self.send(who, n, lease, Given("agree", note="other") if is_changed else given, key)
        assert (self.row(n), Review.objects.count()) == before

    @when("leased")
    @rule(data=st.data())
    def pend(self, data: Any) -> None:
        n = data.draw(self.one("leased"))
        wait = {"follow_up_at": timezone.now() + timedelta(hours=1), "awaited": "payslip"}
        who, lease = self.held()[n]
        self.act("case.pended", actions.pend_case, who, case_id=self.ids[n], lease=lease, **wait)

    @when("pended")
    @rule(data=st.data())
    def follow_up(self, data: Any) -> None:
        """The follow-up time comes, and the sweep runs."""
        n = data.draw(self.one("pended"))
        Case.objects.filter(pk=self.ids[n], state="pended").update(follow_up_at=timezone.now() - timedelta(minutes=1))
        self.done["case.returned"] += actions.return_due(at=timezone.now())

    @rule(
        n=CASE,
        act=st.sampled_from(list(LeadAct)),
        to=PEOPLE,
        high=st.integers(0, 2),
    )
    def lead(self, n: int, act: LeadAct, to: str, high: int) -> None:
        """The lead takes the case back, gives it to somebody, changes its priority or moves it."""
        target = {LeadAct.REASSIGN: to, LeadAct.MOVE: f"{self.queue.slug}{'-lead' if high else ''}"}.get(act, "")
        order = Order(act, [self.ids[n]], to=target, priority=high, reason="The shift ends.")
        for result in self.act("", actions.lead_cases, "carol", order=order) or []:
            self.done[LED[act]] += result.problem is None

    @precondition(lambda self: self.answered)
    @rule(
        who=st.sampled_from(["last", "last", "alice", "carol"]), n=CASE, is_in_time=st.sampled_from([True, True, False])
    )
    def undo(self, who: str, n: int, is_in_time: bool) -> None:
        """Mostly by whoever answered last: anybody else is refused."""
        if who == "last":
            last = Review.objects.filter(case=self.ids[n]).order_by("round", "slot").last()  # taken back or not
            who = next((name for name, user in self.users.items() if last and user.pk == last.reviewer_id), "alice")
        with patch.object(settings, "UNDO_SECONDS", WINDOW if is_in_time else 0):
            done = self.act("case.undone", actions.undo_review, who, case_id=self.ids[n])
        assert done is None or is_in_time

    @when("decided")
    @rule(who=st.sampled_from(["carol", "carol", "alice"]), data=st.data())
    def reopen(self, who: str, data: Any) -> None:
        n = data.draw(self.one("decided"))
        done = self.act("case.reopened", actions.reopen_case, who, case_id=self.ids[n], reason="Looked at again.")
        assert done is None or who == "carol"

    @rule(policy=POLICIES, again=st.booleans(), who=st.sampled_from(["", "alice", "bob", "dave"]))
    def manage(self, policy: dict[str, Any], again: bool, who: str) -> None:
        """The queue gets another review policy and people may answer again or not, or somebody loses their right or gets it back."""
        if not who:
            Queue.objects.filter(pk=self.queue.pk).update(review_policy=policy)
            Queue.objects.update(answers_again=again)
            return
        if who in self.revoked:
            factories.grant(self.users[who], WORK_QUEUE, self.queue)
        else:
            remove_perm(WORK_QUEUE, self.users[who], self.queue)
        self.revoked ^= {who}

    @when("leased")
    @rule(data=st.data(), given=ANSWERS)
    def crash(self, data: Any, given: Given) -> None:
        """The process dies while it answers, before its audit event is written: nothing of the answer remains."""
        n = data.draw(self.one("leased"))
        holder, lease = self.held()[n]
        if holder in self.revoked:
            return
        before = self.row(n), Review.objects.count(), Outbox.objects.count()
        with (
            suppress(CountersignError),
            patch.object(audit, "record", side_effect=Crash),
            pytest.raises(Crash),
        ):
            actions.review_case(
                case_id=self.ids[n], lease=lease, given=given, actor=self.actors[holder], at=timezone.now()
            )
        assert (self.row(n), Review.objects.count(), Outbox.objects.count()) == before

    @rule(waits=st.booleans())
    def relay(self, waits: bool) -> None:
        """The relay runs, within or after the window."""
        label_decisions(at=timezone.now() + timedelta(seconds=2 * WINDOW if waits else 0))
        if waits:
            live = Decision.objects.filter(case__state="decided").values_list("case_id", "round", "pk", "case__round")
            wanted = {pk for _, number, pk, now in live if number == now}
            assert wanted <= set(Label.objects.values_list("decision_id", flat=True))

    # What holds after every step

    @invariant()
    def every_promise_holds(self) -> None:
        with connection.cursor() as cursor:
            cursor.execute("select pg_temp.broken()")
            *broken, events, states = cursor.fetchone()[0]
        assert dict(zip(PROMISES, broken, strict=True)) == dict.fromkeys(PROMISES, 0)
        assert Counter(events or {}) == +self.done
        self.states = [states[str(pk)] for pk in self.ids]

    # How

    def those(self, state: str) -> list[int]:
        return [n for n, now in enumerate(self.states) if now.startswith(state)]

    def one(self, state: str) -> Any:
        return st.sampled_from(self.those(state))

    def act(self, event: str, action: Callable[..., Any], who: str, **given: Any) -> Any:
        """The action's result, or None where it was refused; a refusal changes nothing."""
        with self.refusable():
            result = action(actor=self.actors[who], at=timezone.now(), **given)
            if event and result is not None:
                self.done[event] += 1
            return result
        return None

    @contextmanager
    def refusable(self) -> Iterator[None]:
        before = self.rows()
        try:
            yield
        except CountersignError:
            assert self.rows() == before

    def answer(self, who: str, n: int, lease: int, given: Given, key: str) -> bool:
        with self.refusable():
            self.send(who, n, lease, given, key)
            self.done["case.reviewed"] += 1
            return True
        return False

    def send(self, who: str, n: int, lease: int, given: Given, key: str) -> None:
        once = Once(
            self.actors[who].user_id,
            key,
            f"/{n}",
            hashlib.sha256(f"{given}".encode()).digest(),
            lambda case: str(case.pk),
            lambda _: 200,
        )
        actions.review_case(
            case_id=self.ids[n], lease=lease, given=given, actor=self.actors[who], at=timezone.now(), once=once
        )

    def is_new_to(self, who: str, case_id: Any) -> bool:
        """Whether they have given no answer that counts, nor any before a reopening where people do not answer again."""
        case = Case.objects.select_related("queue").get(pk=case_id)
        given = Review.objects.filter(case=case, reviewer=self.users[who], reversal=None)
        return not given.filter(round__gte=case.counted_from if case.queue.answers_again else 1).exists()

    def held(self) -> list[tuple[str, int]]:
        """Whose each case is, or "", and the number of its lease."""
        return [(self.holder_of(row), row["lease"]) for row in self.rows()]

    def holder_of(self, row: dict[str, Any]) -> str:
        return next((name for name, actor in self.actors.items() if actor.user_id == row["holder_id"]), "")

    def row(self, n: int) -> dict[str, Any]:
        return self.rows()[n]

    def rows(self) -> list[dict[str, Any]]:
        with connection.cursor() as cursor:
            cursor.execute("select c.* from cases_case c order by c.opened_at, c.id")  # as `ids` were made
            names = [column.name for column in cursor.description]
            return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]


@pytest.mark.parametrize("part", range(PARTS))
def test_the_promises_hold_whatever_happens_to_a_case(part):
    """In parts of a seed each, so that the processes of a test run share them."""
    examples = int(os.environ.get("LIFE_EXAMPLES", "500")) // PARTS
    checks = [HealthCheck.too_slow, HealthCheck.data_too_large]
    Life.world = World()
    run = hypothesis_settings(
        max_examples=examples,
        stateful_step_count=50,
        deadline=None,
        database=None,
        suppress_health_check=checks,
    )
    with patch.object(settings, "UNDO_SECONDS", WINDOW):
        run_state_machine_as_test(seed(part)(Life), settings=run)
