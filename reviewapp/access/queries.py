"""Reads of people, rights and keys. Only doors that may manage people or keys call these."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, cast
from uuid import UUID

from django.contrib.auth.models import Group
from django.db.models import Model, Q, QuerySet

from reviewapp.access.authentication import ROLES
from reviewapp.access.grantable import Kind, choice, kinds
from reviewapp.access.models import ApiKey, User
from reviewapp.access.rules import implied
from reviewapp.lib.actor import Actor
from reviewapp.lib.query import uuid

MOST_TARGETS = 500  # queues or use cases on one page of rights


def people(*, search: str = "", role: str = "", state: str = "") -> QuerySet[Any]:
    """People and service accounts with their `roles`; `state` is "active", "disabled", "service" or empty."""
    rows = User.objects.annotate(roles=ROLES)
    if search:
        rows = rows.filter(Q(username__icontains=search) | Q(display_name__icontains=search))
    if role:
        rows = rows.filter(groups__name=role)
    if state == "service":
        return rows.filter(is_service=True)
    return rows.filter(is_active=state == "active", is_service=False) if state else rows


def person(pk: UUID) -> Any:
    """The account with its `roles`, or None."""
    return User.objects.annotate(roles=ROLES).filter(pk=pk).first()


def account_names(ids: Iterable[str]) -> dict[str, str]:
    """User names by id, for those of `ids` that are ids of accounts."""
    known = [pk for pk in ids if uuid(pk)]
    return {str(pk): name for pk, name in User.objects.filter(pk__in=known).values_list("pk", "username")}


def role_named(name: str) -> Group | None:
    return Group.objects.filter(name=name).first()


def members(role: Group) -> QuerySet[User]:
    return User.objects.filter(groups=role).order_by("username")


def service_accounts() -> QuerySet[User]:
    return User.objects.filter(is_service=True, is_active=True).order_by("username")


def keys(*, owner: str = "", state: str = "", now: datetime) -> QuerySet[ApiKey]:
    """API keys with their owners; `state` is "usable", "ended" or empty."""
    rows = ApiKey.objects.select_related("owner", "created_by")
    if owner:
        rows = rows.filter(owner__username=owner)
    usable = Q(revoked_at=None, expires_at__gt=now, owner__is_active=True)
    return rows.filter(usable if state == "usable" else ~usable) if state else rows


@dataclass(frozen=True, slots=True)
class Cell:
    """One right on one object. `by_role` names the roles that give it; `included` says that a stronger granted right contains it."""

    right: str
    name: str
    choice: str
    granted: bool
    included: bool
    by_role: Sequence[str]


@dataclass(frozen=True, slots=True)
class Row:
    target: Model
    cells: Sequence[Cell]


@dataclass(frozen=True, slots=True)
class Matrix:
    """All objects of one kind against the rights on them."""

    kind: Kind
    rows: Sequence[Row]


def matrices(holder: User | Group) -> list[Matrix]:
    """What `holder` may do where, by kind; three statements each for a user, two for a role."""
    return [_matrix(kind, holder) for kind in kinds()]


def _matrix(kind: Kind, holder: User | Group) -> Matrix:
    own = _own_grants(kind, holder)
    roles = _role_grants(kind, holder) if isinstance(holder, User) else {}
    targets = kind.model._default_manager.order_by("name")[:MOST_TARGETS]
    return Matrix(
        kind, [Row(target, [_cell(kind, target, right, own, roles) for right in kind.rights]) for target in targets]
    )


def _cell(
    kind: Kind, target: Model, right: str, own: set[tuple[UUID, str]], roles: dict[tuple[UUID, str], list[str]]
) -> Cell:
    stronger = [other for other in implied(right) if other != right]
    return Cell(
        right=right,
        name=next(name for code, name, _ in kind.right_words if code == right),
        choice=choice(kind.label, target.pk, right),
        granted=(target.pk, right) in own,
        included=any((target.pk, other) in own for other in stronger),
        by_role=sorted({name for other in implied(right) for name in roles.get((target.pk, other), [])}),
    )


def _own_grants(kind: Kind, holder: User | Group) -> set[tuple[UUID, str]]:
    grants = (
        kind.user_grants.objects.filter(user=holder)
        if isinstance(holder, User)
        else kind.role_grants.objects.filter(group=holder)
    )
    return set(grants.values_list("content_object_id", "permission__codename"))


def _role_grants(kind: Kind, user: User) -> dict[tuple[UUID, str], list[str]]:
    found = defaultdict(list)
    rows = kind.role_grants.objects.filter(group__in=user.groups.all())
    for target, right, role in rows.values_list("content_object_id", "permission__codename", "group__name"):
        found[target, right].append(role)
    return found


def grants_of(users: Iterable[User]) -> dict[UUID, list[str]]:
    """What is granted to each personally, in words: "Ward triage: Work"; one statement per kind."""
    ids = [user.pk for user in users]
    found: dict[UUID, list[str]] = defaultdict(list)
    for kind in kinds():
        names = {right: name for right, name, _ in kind.right_words}
        rows = kind.user_grants.objects.filter(user_id__in=ids).order_by("content_object__name", "permission_id")
        for user_id, target, right in rows.values_list("user_id", "content_object__name", "permission__codename"):
            found[user_id].append(f"{target}: {names.get(right, right)}")
    return found


def own_settings(actor: Actor) -> User:
    """What the actor has set for themself: `own_keys` and `away_until`; nothing else of them is loaded."""
    return User.objects.only("own_keys", "away_until").get(pk=cast("UUID", actor.user_id))
