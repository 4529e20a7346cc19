"""One account: its roles, state, password and rights."""

from collections.abc import Callable, Iterable
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.contrib.auth.models import Group
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_POST, require_safe

from reviewapp.access import actions, forms, queries, rules
from reviewapp.access.doors import requires
from reviewapp.access.models import User
from reviewapp.access.views.people import PEOPLE, in_order, password_once, role_options
from reviewapp.audit import queries as trail
from reviewapp.audit.rules import detail_of, words_of
from reviewapp.lib.errors import Conflict, CountersignError, Invalid, NotAllowed


def person_or_404(pk: UUID) -> Any:
    user = queries.person(pk)
    if user is None:
        raise Http404
    return user


@require_safe
@requires(PEOPLE)
def person(request: HttpRequest, pk: UUID) -> HttpResponse:
    return person_page(request, person_or_404(pk))


def person_page(request: HttpRequest, user: Any, *, refusal: CountersignError | None = None) -> HttpResponse:
    matrices = queries.matrices(user)
    context = {
        "person": user,
        "subject_id": str(user.pk),
        "is_self": user.pk == request.user.pk,
        "options": role_options(set(user.roles)),
        "held": in_order(user.roles),
        "matrices": matrices,
        "events": recent(User._meta.label_lower, str(user.pk), matrices),
        "refusal": refusal.detail if refusal else "",
    }
    return render(request, "access/person.html", context, status=refusal.status if refusal else 200)


def recent(object_type: str, object_id: str, matrices: Iterable[queries.Matrix]) -> list[dict[str, Any]]:
    """The last changes of an account or a role, newest first, in words; queues and use cases by name."""
    events = trail.of_object(object_type, [object_id]).order_by("-id")[:12]
    names = {str(row.target.pk): str(row.target) for matrix in matrices for row in matrix.rows}
    return [
        {"event": event, "words": words_of(event.action, event.outcome), "detail": _detail(event.data, names)}
        for event in events
    ]


def _detail(data: dict[str, Any], names: dict[str, str]) -> str:
    """What a change was about: "Work on Ward triage", "gave Lead; took Reviewer"."""
    if data.get("right") in rules.RIGHT_WORDS:
        return f"{rules.RIGHT_WORDS[data['right']][0]} on {names.get(data.get('on_id', ''), 'something that is gone')}"
    return detail_of(data)


def tried(request: HttpRequest, user: Any, act: Callable[[], str]) -> HttpResponse:
    """Do it and say in words what changed; or show the page again with why not."""
    try:
        messages.success(request, act())
    except (Conflict, NotAllowed) as refusal:
        return person_page(request, user, refusal=refusal)
    return redirect("access:person", user.pk)


@require_POST
@requires(PEOPLE)
def roles(request: HttpRequest, pk: UUID) -> HttpResponse:
    user, form = person_or_404(pk), forms.Roles(request.POST)
    if not form.is_valid():
        raise Invalid("There is no such role.", code="unknown-role")

    def act() -> str:
        added, taken = actions.set_roles(
            user_id=pk, roles=form.cleaned_data["roles"], actor=request.actor, at=timezone.now()
        )
        return _roles_in_words(user.username, added, taken)

    return tried(request, user, act)


def _roles_in_words(name: str, added: list[str], taken: list[str]) -> str:
    given = f"{name} now has the role {' and '.join(added)}. " if added else ""
    lost = f"{name} no longer has the role {' and '.join(taken)}. " if taken else ""
    return (
        given + lost + "Their sessions have ended; the new roles count from their next sign-in."
        if added or taken
        else "Nothing was changed."
    )


@require_POST
@requires(PEOPLE)
def state(request: HttpRequest, pk: UUID) -> HttpResponse:
    user, wanted = person_or_404(pk), request.POST.get("active")
    if wanted not in {"yes", "no"}:
        raise Invalid("Say whether the account is to be open or closed.", code="bad-state")

    def act() -> str:
        actions.set_active(user_id=pk, active=wanted == "yes", actor=request.actor, at=timezone.now())
        if wanted == "yes":
            return f"{user.username} is enabled again."
        return f"{user.username} is disabled. Sessions and keys of this account have ended."

    return tried(request, user, act)


@require_POST
@requires(PEOPLE)
def reset_password(request: HttpRequest, pk: UUID) -> HttpResponse:
    user, made = person_or_404(pk), rules.new_password()
    try:
        actions.reset_password(user_id=pk, password=made, actor=request.actor, at=timezone.now())
    except NotAllowed as refusal:
        return person_page(request, user, refusal=refusal)
    return password_once(request, user, made)


@require_POST
@requires(PEOPLE)
def grants(request: HttpRequest, pk: UUID) -> HttpResponse:
    user = person_or_404(pk)
    return tried(request, user, lambda: change_grants(request, user, user.username))


def change_grants(request: HttpRequest, holder: User | Group, name: str) -> str:
    """Apply what was changed in the matrix, and say it in words."""
    cells = {
        cell.choice: (row.target, cell)
        for matrix in queries.matrices(holder)
        for row in matrix.rows
        for cell in row.cells
    }
    form = forms.Grants(request.POST, cells=list(cells))
    if not form.is_valid():
        raise Invalid("The page names a queue, a use case or a right that does not exist.", code="unknown-right")
    asked = [actions.Grant(cells[cell][0], cells[cell][1].right, granted) for cell, granted in form.changes().items()]
    done = actions.set_grants(holder=holder, grants=asked, actor=request.actor, at=timezone.now())
    return f"{name}: {'; '.join(_grant_in_words(grant) for grant in done)}." if done else "Nothing was changed."


def _grant_in_words(grant: actions.Grant) -> str:
    return f"{'now' if grant.granted else 'no longer'} {rules.RIGHT_WORDS[grant.right][0]} on {grant.target}"
