"""API keys."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from uuid import UUID

from reviewapp.access import rules
from reviewapp.access.actions.accounts import locked
from reviewapp.access.actions.refusals import NameTaken
from reviewapp.access.idempotency import durable
from reviewapp.access.models import ApiKey
from reviewapp.audit import actions as audit
from reviewapp.lib.actor import SYSTEM, Actor
from reviewapp.lib.errors import Invalid, NotAllowed, NotFound, Problem


@durable
def create_api_key(
    *, owner_id: UUID, name: str, scopes: Iterable[str], expires_at: datetime, actor: Actor, at: datetime
) -> tuple[ApiKey, str]:
    """A key of a service account, and its text `csk_<prefix>_<secret>`, which exists only in this answer.

    :raises Invalid: for no or unknown scopes, or an expiry that is past or over a year away.
    :raises NameTaken: if a usable key of this owner has the name; so a page sent twice makes one key.
    :raises NotAllowed: for a person's account: nobody makes a key that acts as somebody else.
    """
    owner = locked(owner_id)
    if not owner.is_service and actor.kind != SYSTEM:
        raise NotAllowed("Keys belong to service accounts.", code="not-a-service-account")
    chosen = _known_scopes(scopes)
    if not at < expires_at <= at + timedelta(days=rules.LONGEST_KEY_DAYS):
        fault = "A key ends in the future, at most one year from now."
        raise Invalid(fault, errors=[Problem("/expires_at", "bad_expiry", fault)])
    if ApiKey.objects.filter(owner=owner, name=name, revoked_at=None, expires_at__gt=at).exists():
        raise NameTaken("This account has a key of this name. Choose another name, or revoke that key first.")
    prefix, text = rules.new_key()
    key = ApiKey.objects.create(
        owner=owner, name=name, prefix=prefix, digest=rules.key_digest(text), scopes=chosen,
        created_at=at, created_by_id=actor.user_id, expires_at=expires_at,
    )  # fmt: skip
    data = {"owner": str(owner.pk), "scopes": chosen, "expires_at": expires_at.isoformat()}
    audit.record("api_key.created", subject=key, actor=actor, at=at, data=data)
    return key, text


def _known_scopes(scopes: Iterable[str]) -> list[str]:
    chosen = sorted(set(scopes))
    if not chosen or not set(chosen) <= set(rules.Scope):
        fault = "Choose at least one scope, of those listed."
        raise Invalid(fault, errors=[Problem("/scopes", "bad_scopes", fault)])
    return chosen


@durable
def revoke_api_key(*, key_id: UUID, actor: Actor, at: datetime) -> bool:
    """End a key now, for good. Returns False if it was revoked before; :raises NotFound: if there is none."""
    key = ApiKey.objects.select_for_update(no_key=True).filter(pk=key_id).first()
    if key is None:
        raise NotFound
    if key.revoked_at is not None:
        return False
    key.revoked_at = at
    key.save(update_fields=["revoked_at"])
    audit.record("api_key.revoked", subject=key, actor=actor, at=at, data={"owner": str(key.owner_id)})
    return True
