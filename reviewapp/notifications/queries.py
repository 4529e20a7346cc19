"""Who is still signed in and may still hear what, for all sockets of a process together."""

from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from django.contrib.auth import SESSION_KEY
from django.contrib.sessions.backends.db import SessionStore
from django.contrib.sessions.models import Session

from reviewapp.access.middleware import EPOCH, is_timely
from reviewapp.access.models import User
from reviewapp.cases.models import Case, Review
from reviewapp.cases.queries import case_readers, hidden_answerers, queue_readers
from reviewapp.lib.actor import Actor
from reviewapp.notifications.rules import CASE, PERSON, PRESENCE, QUEUE, split_topic


def signed_in(session_keys: Collection[str], *, now: datetime) -> dict[str, UUID]:
    """Session key -> user for those that are good, by the rules that pages go by: two statements for all."""
    rows = Session.objects.filter(session_key__in=session_keys, expire_date__gt=now).values_list(
        "session_key", "session_data"
    )
    store = SessionStore()
    sessions = {key: store.decode(data) for key, data in rows}
    timely = {key: session for key, session in sessions.items() if is_timely(session, now=now.timestamp())}
    epochs = _epochs({UUID(session[SESSION_KEY]) for session in timely.values() if session.get(SESSION_KEY)})
    return {key: user for key, session in timely.items() if (user := _owner(session, epochs)) is not None}


def _epochs(users: Collection[UUID]) -> Mapping[UUID, int]:
    people = User.objects.filter(pk__in=users, is_active=True, is_service=False, must_change_password=False)
    return dict(people.values_list("pk", "session_epoch"))


def _owner(session: Mapping[str, Any], epochs: Mapping[UUID, int]) -> UUID | None:
    if not session.get(SESSION_KEY):
        return None
    user = UUID(session[SESSION_KEY])
    return user if user in epochs and epochs[user] == session.get(EPOCH) else None


def audible(wanted: Collection[tuple[UUID, str]]) -> set[tuple[UUID, str]]:
    """Those pairs of user and topic where the user may see the queue or case, or is the person: four statements at most."""
    split = {(user, topic): found for user, topic in wanted if (found := split_topic(topic)) is not None}
    users = {user for user, _ in split}
    cases = {pk for kind, pk in split.values() if kind in {CASE, PRESENCE}}
    readers = {(QUEUE, *pair) for pair in queue_readers(users)} if users else set()
    readers |= {(PERSON, user, user) for user in users}
    if cases:
        readers |= {(kind, *pair) for pair in case_readers(users, cases) for kind in (CASE, PRESENCE)}
    return {(user, topic) for (user, topic), (kind, pk) in split.items() if (kind, user, pk) in readers}


def answered(places: Collection[tuple[UUID, UUID]]) -> set[tuple[UUID, UUID]]:
    """Those pairs of user and case where the user has answered the case at some time: one statement."""
    users, cases = {user for user, _ in places}, {case for _, case in places}
    rows = Review.objects.filter(reviewer__in=users, case__in=cases).values_list("reviewer", "case")
    return set(places) & set(rows)


def shown_people(case: Case, actor: Actor, present: Collection[UUID]) -> list[User]:
    """Whom of those present the actor may know of, by name: neither themself nor whom the case hides from them, and nobody who may see it no more.

    No statement where nobody else is present.
    """
    others = set(present) - {actor.user_id}
    if not others:
        return []
    readers = {user for user, _ in case_readers(others, [case.pk])} - hidden_answerers(case, actor)
    return list(User.objects.filter(pk__in=readers, is_active=True).order_by("display_name", "pk"))
