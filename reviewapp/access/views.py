"""Pages of oneself (signing in and out, password, preferences), of people and what they may do, and of API keys."""

from collections.abc import Callable, Iterable, Mapping
from datetime import timedelta
from typing import Any, cast
from uuid import UUID

from django.conf import settings
from django.contrib import messages
from django.contrib.auth.models import Group
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from reviewapp.access import actions, forms, queries, rules, sessions
from reviewapp.access.budget import TooManyGuesses
from reviewapp.access.doors import requires
from reviewapp.access.models import User
from reviewapp.access.rules import KEY_WORDS, ROLE_WORDS, Role
from reviewapp.audit import queries as trail
from reviewapp.audit.rules import detail_of, words_of
from reviewapp.lib import listing, query
from reviewapp.lib.errors import Conflict, CountersignError, Invalid, NotAllowed
from reviewapp.lib.paging import paginate

START = "/"
PEOPLE, KEYS = "access.manage_people", "access.manage_keys"
PAGE = 50
STATES = [("active", "Active people"), ("disabled", "Disabled people"), ("service", "Service accounts")]
KEY_STATES = [("usable", "Usable"), ("ended", "Ended or revoked")]
_YEAR = 365 * 86_400


@require_http_methods(["GET", "HEAD", "POST"])
def sign_in(request: HttpRequest) -> HttpResponse:
    """Unreadable input (a NUL, a name or password beyond its length) is refused before anything is hashed."""
    goal = local_path(request.POST.get("next") or request.GET.get("next"))
    if request.method != "POST":
        return redirect(goal) if request.user.is_authenticated else _sign_in_page(request, forms.SignIn(), goal)
    form = forms.SignIn(request.POST)
    if not form.is_valid():
        return _sign_in_page(request, form, goal, status=400)
    now, address = timezone.now(), sessions.address_of(request)
    try:
        user = actions.sign_in(**form.cleaned_data, address=address, request_id=request.request_id, at=now)
    except TooManyGuesses as refusal:
        return too_many(request, refusal)
    except actions.SignInRefused as refusal:
        form.add_error(None, refusal.detail)
        return _sign_in_page(request, form, goal, status=refusal.status)
    sessions.begin(request, user, at=now)
    return redirect(goal)


def _sign_in_page(request: HttpRequest, form: forms.SignIn, goal: str, status: int = 200) -> HttpResponse:
    ended = settings.SESSION_COOKIE_NAME in request.COOKIES and request.method == "GET"
    notice = "Your session has ended. Sign in again to go on where you were." if ended else ""
    return render(request, "access/sign_in.html", {"form": form, "next": goal, "notice": notice}, status=status)


def too_many(request: HttpRequest, refusal: TooManyGuesses) -> HttpResponse:
    response = render(request, "errors/429.html", {"detail": refusal.detail, "status": 429}, status=429)
    response["Retry-After"] = str(refusal.retry_after)
    return response


def local_path(given: str | None) -> str:
    """`given` if it is a path of this site, else the start page."""
    if (
        given
        and given.startswith("/")
        and given.isprintable()
        and url_has_allowed_host_and_scheme(given, allowed_hosts=None)
    ):
        return given
    return START


@require_POST
def sign_out(request: HttpRequest) -> HttpResponse:
    actions.sign_out(user_id=request.user.pk, actor=request.actor, at=timezone.now())
    sessions.end(request)
    messages.success(request, "You are signed out.")
    return redirect("access:sign-in")


@require_http_methods(["GET", "HEAD", "POST"])
def password(request: HttpRequest) -> HttpResponse:
    """Change one's own password. Other sessions end; this one goes on under a new id."""
    form = forms.ChangePassword(request.POST or None)
    if request.method != "POST" or not form.is_valid():
        return _password_page(request, form, status=200 if request.method != "POST" else 400)
    now, address = timezone.now(), sessions.address_of(request)
    current, new = form.cleaned_data["current"], form.cleaned_data["new"]
    try:
        user = actions.change_password(
            user_id=cast("UUID", request.user.pk),
            current=current,
            new=new,
            address=address,
            actor=request.actor,
            at=now,
        )
    except TooManyGuesses as refusal:
        return too_many(request, refusal)
    except (Invalid, actions.WrongPassword) as refusal:
        form.add_error("new" if isinstance(refusal, Invalid) else "current", refusal.detail)
        return _password_page(request, form, status=422)
    sessions.begin(request, user, at=now)
    messages.success(request, "Your password is changed. Everywhere else you are signed out.")
    return redirect(START)


def _password_page(request: HttpRequest, form: forms.ChangePassword, status: int) -> HttpResponse:
    return render(
        request,
        "access/password.html",
        {"form": form, "must_change": getattr(request.user, "must_change_password", False)},
        status=status,
    )


@require_POST
def preferences(request: HttpRequest) -> HttpResponse:
    """The theme follows the person; sizes and single keys belong to the device and stay in its cookies."""
    form = forms.Preferences(request.POST)
    if not form.is_valid():
        raise CountersignError("These preferences do not exist.", code="bad-preferences")
    actions.set_theme(user_id=request.user.pk, theme=form.cleaned_data["theme"], actor=request.actor, at=timezone.now())
    response = redirect(local_path(request.POST.get("next")))
    for name in ("theme", "density", "shortcuts"):
        if form.cleaned_data[name]:
            response.set_cookie(
                name,
                form.cleaned_data[name],
                max_age=_YEAR,
                secure=settings.SESSION_COOKIE_SECURE,
                httponly=True,
                samesite="Lax",
            )
    return response


@require_http_methods(["GET", "HEAD", "POST"])
def own_keys(request: HttpRequest) -> HttpResponse:
    """Which key does what, and what one would rather press."""
    typed = {key: request.POST.get(f"key-{ord(key)}", key).strip().lower() or key for key in KEY_WORDS}
    if request.method != "POST":
        return _own_keys_page(request, {**{key: key for key in KEY_WORDS}, **cast("User", request.user).own_keys}, {})
    try:
        own = {} if "reset" in request.POST else typed
        actions.set_own_keys(user_id=request.user.pk, own=own, actor=request.actor, at=timezone.now())
    except Invalid as refusal:
        faults = {problem.pointer.removeprefix("/"): problem.detail for problem in refusal.errors}
        return _own_keys_page(request, typed, faults, status=422)
    messages.success(request, "Your keys are saved. They follow you to every device.")
    return redirect("access:own-keys")


def _own_keys_page(
    request: HttpRequest, pressed: Mapping[str, str], faults: Mapping[str, str], *, status: int = 200
) -> HttpResponse:
    rows = [
        {"name": f"key-{ord(key)}", "key": key, "words": words, "pressed": pressed[key][:3], "error": faults.get(key)}
        for key, words in KEY_WORDS.items()
    ]
    errors = [{"text": f"{row['words']}: {row['error']}", "target": row["name"]} for row in rows if row["error"]]
    context = {"rows": rows, "error_list": errors, "is_changed": bool(cast("User", request.user).own_keys)}
    return render(request, "access/own_keys.html", context, status=status)


# People


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
    return _password_once(request, user, made) if made else redirect("access:person", user.pk)


def _new_person_page(request: HttpRequest, form: forms.NewPerson, status: int) -> HttpResponse:
    context = {"form": form, "options": _role_options(set(form["roles"].value() or []))}
    return render(request, "access/new_person.html", context, status=status)


def _role_options(chosen: set[str]) -> list[dict[str, Any]]:
    return [{"name": role.value, "words": words, "chosen": role.value in chosen} for role, words in ROLE_WORDS.items()]


def _password_once(request: HttpRequest, user: User, made: str) -> HttpResponse:
    return render(request, "access/password_once.html", {"person": user, "made": made})


def _person(pk: UUID) -> Any:
    user = queries.person(pk)
    if user is None:
        raise Http404
    return user


@require_safe
@requires(PEOPLE)
def person(request: HttpRequest, pk: UUID) -> HttpResponse:
    return _person_page(request, _person(pk))


def _person_page(request: HttpRequest, user: Any, *, refusal: CountersignError | None = None) -> HttpResponse:
    matrices = queries.matrices(user)
    context = {
        "person": user,
        "subject_id": str(user.pk),
        "is_self": user.pk == request.user.pk,
        "options": _role_options(set(user.roles)),
        "held": in_order(user.roles),
        "matrices": matrices,
        "events": _recent(User._meta.label_lower, str(user.pk), matrices),
        "refusal": refusal.detail if refusal else "",
    }
    return render(request, "access/person.html", context, status=refusal.status if refusal else 200)


def _recent(object_type: str, object_id: str, matrices: Iterable[queries.Matrix]) -> list[dict[str, Any]]:
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


def _tried(request: HttpRequest, user: Any, act: Callable[[], str]) -> HttpResponse:
    """Do it and say in words what changed; or show the page again with why not."""
    try:
        messages.success(request, act())
    except (Conflict, NotAllowed) as refusal:
        return _person_page(request, user, refusal=refusal)
    return redirect("access:person", user.pk)


@require_POST
@requires(PEOPLE)
def roles(request: HttpRequest, pk: UUID) -> HttpResponse:
    user, form = _person(pk), forms.Roles(request.POST)
    if not form.is_valid():
        raise Invalid("There is no such role.", code="unknown-role")

    def act() -> str:
        added, taken = actions.set_roles(
            user_id=pk, roles=form.cleaned_data["roles"], actor=request.actor, at=timezone.now()
        )
        return _roles_in_words(user.username, added, taken)

    return _tried(request, user, act)


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
    user, wanted = _person(pk), request.POST.get("active")
    if wanted not in {"yes", "no"}:
        raise Invalid("Say whether the account is to be open or closed.", code="bad-state")

    def act() -> str:
        actions.set_active(user_id=pk, active=wanted == "yes", actor=request.actor, at=timezone.now())
        if wanted == "yes":
            return f"{user.username} is enabled again."
        return f"{user.username} is disabled. Sessions and keys of this account have ended."

    return _tried(request, user, act)


@require_POST
@requires(PEOPLE)
def reset_password(request: HttpRequest, pk: UUID) -> HttpResponse:
    user, made = _person(pk), rules.new_password()
    try:
        actions.reset_password(user_id=pk, password=made, actor=request.actor, at=timezone.now())
    except NotAllowed as refusal:
        return _person_page(request, user, refusal=refusal)
    return _password_once(request, user, made)


@require_POST
@requires(PEOPLE)
def grants(request: HttpRequest, pk: UUID) -> HttpResponse:
    user = _person(pk)
    return _tried(request, user, lambda: _change_grants(request, user, user.username))


def _change_grants(request: HttpRequest, holder: User | Group, name: str) -> str:
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
        "events": _recent("auth.group", group.name, matrices),
        "refusal": refusal.detail if refusal else "",
    }
    return render(request, "access/role.html", context, status=refusal.status if refusal else 200)


@require_POST
@requires(PEOPLE)
def role_grants(request: HttpRequest, name: str) -> HttpResponse:
    group = _role(name)
    try:
        messages.success(request, _change_grants(request, group, f"Everyone with the role {group.name}"))
    except (Conflict, NotAllowed) as refusal:
        return _role_page(request, group, refusal=refusal)
    return redirect("access:role", group.name)


# API keys


@require_safe
@requires(KEYS)
def keys(request: HttpRequest) -> HttpResponse:
    values, now = query.read(request.GET, allowed=["q", "state", "cursor"]), timezone.now()
    chosen = listing.one_of(values, "state", KEY_STATES)
    rows = queries.keys(owner=values.get("q", ""), state=chosen, now=now)
    page = paginate(rows, order=["-id"], cursor=values.get("cursor"), size=PAGE, purpose="keys")
    context = {
        "rows": [
            {"key": key, "state": _key_state(key, now), "usable": _key_state(key, now) == "usable"} for key in page.rows
        ],
        "filters": {
            "search": {
                "name": "q",
                "label": "Service account",
                "value": values.get("q", ""),
                "placeholder": "User name",
            },
            "selects": [listing.select("state", "State", KEY_STATES, chosen)],
            "clear_url": request.path if values else None,
        },
        "pager": listing.pager(values, page, one="key", many="keys"),
    }
    return render(request, "access/keys.html", context)


def _key_state(key: Any, now: Any) -> str:
    if key.revoked_at:
        return "revoked"
    if key.expires_at <= now:
        return "ended"
    return "usable" if key.owner.is_active else "account disabled"


@require_http_methods(["GET", "HEAD", "POST"])
@requires(KEYS)
def new_key(request: HttpRequest) -> HttpResponse:
    """The key's text is in this one answer and nowhere else; sending the page twice is refused, since the name is taken then."""
    form = forms.NewKey(request.POST or None, owners=queries.service_accounts())
    if request.method != "POST" or not form.is_valid():
        return _new_key_page(request, form, status=200 if request.method != "POST" else 422)
    given, now = form.cleaned_data, timezone.now()
    try:
        key, text = actions.create_api_key(
            owner_id=given["owner"].pk, name=given["name"], scopes=given["scopes"], expires_at=now + timedelta(days=int(given["days"])),
            actor=request.actor, at=now,
        )  # fmt: skip
    except Conflict as refusal:
        form.add_error("name", refusal.detail)
        return _new_key_page(request, form, status=refusal.status)
    return render(request, "access/key_once.html", {"key": key, "text": text})


def _new_key_page(request: HttpRequest, form: forms.NewKey, status: int) -> HttpResponse:
    chosen = set(form["scopes"].value() or [])
    options = [
        {"name": scope.value, "words": words, "chosen": scope.value in chosen}
        for scope, words in rules.SCOPE_WORDS.items()
    ]
    context = {"form": form, "options": options, "has_owners": queries.service_accounts().exists()}
    return render(request, "access/new_key.html", context, status=status)


@require_POST
@requires(KEYS)
def revoke_key(request: HttpRequest, pk: UUID) -> HttpResponse:
    changed = actions.revoke_api_key(key_id=pk, actor=request.actor, at=timezone.now())
    messages.success(
        request,
        "The key is revoked. Calls with it are refused from now on." if changed else "This key was revoked before.",
    )
    return redirect("access:keys")
