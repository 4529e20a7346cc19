"""What people set for themselves."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from uuid import UUID

from reviewapp.access import rules
from reviewapp.access.idempotency import durable
from reviewapp.access.models import User
from reviewapp.audit import actions as audit
from reviewapp.lib.actor import Actor
from reviewapp.lib.errors import Invalid, Problem


@durable
def set_theme(*, user_id: UUID, theme: str, actor: Actor, at: datetime) -> None:
    """Light, dark or as the device; the one preference that follows the person."""
    if User.objects.filter(pk=user_id).exclude(theme=theme).update(theme=theme):
        audit.record("user.theme_changed", subject=User(pk=user_id), actor=actor, at=at, data={"theme": theme})


@durable
def set_own_keys(*, user_id: UUID, own: Mapping[str, str], actor: Actor, at: datetime) -> None:
    """What this person presses for the keys of the product; an empty mapping gives all of them back.

    :raises Invalid: with a pointer for each key that cannot be.
    """
    changed = {key: pressed for key, pressed in own.items() if key in rules.KEY_WORDS and pressed != key}
    if faults := rules.own_key_faults(changed):
        problems = [Problem(f"/{key}", "bad_key", detail) for key, detail in faults.items()]
        raise Invalid("These keys are not saved: " + " ".join(faults.values()), errors=problems)
    if User.objects.filter(pk=user_id).exclude(own_keys=changed).update(own_keys=changed):
        audit.record("user.keys_changed", subject=User(pk=user_id), actor=actor, at=at, data={"own_keys": changed})


LONGEST_AWAY = timedelta(days=366)


@durable
def set_away(*, user_id: UUID, until: datetime | None, actor: Actor, at: datetime) -> None:
    """The person is out of office until then, or back where it is None. They may still take cases; nobody gives them one.

    :raises Invalid: for a time that is over, or more than a year ahead.
    """
    if until is not None and not at < until <= at + LONGEST_AWAY:
        fault = Problem("/until", "out_of_range", "Choose a time to come, within a year.")
        raise Invalid(fault.detail, errors=[fault])
    if User.objects.filter(pk=user_id).update(away_until=until):
        data = {"until": until.isoformat() if until else None}
        audit.record("user.absence_changed", subject=User(pk=user_id), actor=actor, at=at, data=data)
