"""What a role may do, where."""

from django.contrib import messages
from django.contrib.auth.models import Group
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_POST, require_safe

from reviewapp.access import queries
from reviewapp.access.doors import requires
from reviewapp.access.rules import ROLE_WORDS, Role
from reviewapp.access.views.people import PAGE, PEOPLE
from reviewapp.access.views.person import change_grants, recent
from reviewapp.lib.errors import Conflict, CountersignError, NotAllowed


@require_safe
@requires(PEOPLE)
def role(request: HttpRequest, name: str) -> HttpResponse:
    return _role_page(request, _role(name))


def _role(name: str) -> Group:
    group = queries.role_named(name) if name in set(Role) else None
    if group is None:
        raise Http404
    return group


def _role_page(request: HttpRequest, group: Group, *, refusal: CountersignError | None = None) -> HttpResponse:
    matrices = queries.matrices(group)
    context = {
        "role": group.name,
        "words": ROLE_WORDS[Role(group.name)],
        "members": queries.members(group)[: PAGE + 1],
        "matrices": matrices,
        "events": recent("auth.group", group.name, matrices),
        "refusal": refusal.detail if refusal else "",
    }
    return render(request, "access/role.html", context, status=refusal.status if refusal else 200)


@require_POST
@requires(PEOPLE)
def role_grants(request: HttpRequest, name: str) -> HttpResponse:
    group = _role(name)
    try:
        messages.success(request, change_grants(request, group, f"Everyone with the role {group.name}"))
    except (Conflict, NotAllowed) as refusal:
        return _role_page(request, group, refusal=refusal)
    return redirect("access:role", group.name)
