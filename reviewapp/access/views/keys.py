"""API keys: their list, making and revoking one."""

from datetime import timedelta
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from reviewapp.access import actions, forms, queries, rules
from reviewapp.access.doors import requires
from reviewapp.access.views.people import PAGE
from reviewapp.lib import listing, query
from reviewapp.lib.errors import Conflict
from reviewapp.lib.paging import paginate

KEYS = "access.manage_keys"


KEY_STATES = [("usable", "Usable"), ("ended", "Ended or revoked")]


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
