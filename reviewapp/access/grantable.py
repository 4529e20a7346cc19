"""What rights can be granted on. Rooms above register their objects at start, so that the people page knows them without importing them."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, cast
from uuid import UUID

from django.db.models import BooleanField, Exists, Model, OuterRef, Value
from django.db.models.expressions import Combinable
from guardian.utils import get_group_obj_perms_model, get_user_obj_perms_model

from reviewapp.access.grants import holds_any
from reviewapp.access.rules import LEAD_QUEUE, RIGHT_WORDS
from reviewapp.lib.errors import NotFound


@dataclass(frozen=True, slots=True)
class Kind:
    """One model whose rows rights are granted on. `is_queue`: audit events about a grant carry the row's id as their queue."""

    model: type[Model]
    title: str
    rights: Sequence[str]
    is_queue: bool

    @property
    def label(self) -> str:
        return self.model._meta.label_lower

    @property
    def user_grants(self) -> Any:
        """The model of grants to users: `user`, `permission`, `content_object`."""
        return get_user_obj_perms_model(cast("Any", self.model))

    @property
    def role_grants(self) -> Any:
        """The model of grants to roles: `group`, `permission`, `content_object`."""
        return get_group_obj_perms_model(cast("Any", self.model))

    @property
    def right_words(self) -> list[tuple[str, str, str]]:
        """(right, name, what it allows), weakest first."""
        return [(right, *RIGHT_WORDS[right]) for right in self.rights]


_kinds: dict[str, Kind] = {}


def register(model: type[Model], *, title: str, rights: Sequence[str], is_queue: bool = False) -> None:
    """Called once per model from its room's `apps.ready`."""
    kind = Kind(model, title, tuple(rights), is_queue)
    _kinds[kind.label] = kind


def kinds() -> Iterable[Kind]:
    """In the order of the people page: queues first."""
    return sorted(_kinds.values(), key=lambda kind: (not kind.is_queue, kind.title))


def find(target: Model) -> Kind:
    """:raises NotFound: if nothing can be granted on such objects."""
    kind = _kinds.get(target._meta.label_lower)
    if kind is None:
        raise NotFound("Nothing can be granted on this kind of object.")
    return kind


def leads_queue() -> Combinable:
    """Annotates users: whether they may lead any queue, by a grant to them or to one of their roles."""
    queues = _queues()
    return holds_any(queues.model, LEAD_QUEUE) if queues else Value(False, output_field=BooleanField())


def _queues() -> Kind | None:
    return next((kind for kind in kinds() if kind.is_queue), None)


def has_queue() -> Combinable:
    """Annotates users: whether any queue is granted to them personally. A subquery of the statement that finds the user."""
    queues = _queues()
    if queues is None:
        return Value(False, output_field=BooleanField())
    return Exists(queues.user_grants.objects.filter(user_id=OuterRef("pk")))


def choice(target_label: str, target_id: UUID, right: str) -> str:
    """How one cell of the matrix names itself in a form."""
    return f"{target_label}:{target_id}:{right}"
