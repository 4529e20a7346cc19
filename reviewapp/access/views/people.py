"""Accounts: their list, and making one."""

from collections.abc import Iterable
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_safe

from reviewapp.access import actions, forms, queries, rules
from reviewapp.access.doors import requires
from reviewapp.access.models import User
from reviewapp.access.rules import ROLE_WORDS, Role
from reviewapp.lib import listing, query
from reviewapp.lib.errors import Conflict, Invalid
from reviewapp.lib.paging import paginate

PEOPLE = "access.manage_people"


PAGE = 50


STATES = [("active", "Active people"), ("disabled", "Disabled people"), ("service", "Service accounts")]


@require_safe
@requires(PEOPLE)
def people(request: HttpRequest) -> HttpResponse:
    """Everyone, by user name, with their roles and what is granted to them personally."""
    values = query.read(request.GET, allowed=["q", "role", "state", "cursor"])
    roles = [(role.value, role.value) for role in Role]
    role, state = listing.one_of(values, "role", roles), listing.one_of(values, "state", STATES)
    rows = queries.people(search=values.get("q", ""), role=role, state=state)
    page = paginate(rows, order=["username"], cursor=values.get("cursor"), size=PAGE, purpose="people")
    grants = queries.grants_of(page.rows)
    context = {
        "rows": [
            {"user": user, "roles": in_order(user.roles), "grants": grants.get(user.pk, [])} for user in page.rows
        ],
        "filters": {
            "search": {"name": "q", "label": "Find", "value": values.get("q", ""), "placeholder": "Name"},
            "selects": [listing.select("role", "Role", roles, role), listing.select("state", "State", STATES, state)],
            "clear_url": request.path if values else None,
        },
        "roles": [{"name": role.value, "words": words} for role, words in ROLE_WORDS.items()],
        "pager": listing.pager(values, page, one="account", many="accounts"),
    }
    return render(request, "access/people.html", context)


def in_order(roles: Iterable[str]) -> list[str]:
    """Roles as the product lists them, whatever order the database gave."""
    held = set(roles)
    return [role.value for role in Role if role in held]


@require_http_methods(["GET", "HEAD", "POST"])
@requires(PEOPLE)
def new_person(request: HttpRequest) -> HttpResponse:
    """A made password is in this one answer and nowhere else; sending the page twice is refused, since the name is taken then."""
    form = forms.NewPerson(request.POST or None)
    if request.method != "POST" or not form.is_valid():
        return _new_person_page(request, form, status=200 if request.method != "POST" else 422)
    given = form.cleaned_data
    is_service = given["kind"] == "service"
    made = None if is_service else rules.new_password()
    try:
        user = actions.create_user(
            username=given["username"], display_name=given["display_name"], roles=given["roles"], is_service=is_service,
            password=made, must_change_password=not is_service, actor=request.actor, at=timezone.now(),
        )  # fmt: skip
    except (Invalid, Conflict) as refusal:
        at_fault = next((problem.pointer.strip("/") for problem in refusal.errors), "username")
        form.add_error(at_fault if at_fault in form.fields else None, refusal.detail)
        return _new_person_page(request, form, status=refusal.status)
    messages.success(request, f"{user.username} is made. Say below where they may work.")
    return password_once(request, user, made) if made else redirect("access:person", user.pk)


def _new_person_page(request: HttpRequest, form: forms.NewPerson, status: int) -> HttpResponse:
    context = {"form": form, "options": role_options(set(form["roles"].value() or []))}
    return render(request, "access/new_person.html", context, status=status)


def role_options(chosen: set[str]) -> list[dict[str, Any]]:
    return [{"name": role.value, "words": words, "chosen": role.value in chosen} for role, words in ROLE_WORDS.items()]


def password_once(request: HttpRequest, user: User, made: str) -> HttpResponse:
    return render(request, "access/password_once.html", {"person": user, "made": made})
