"""What people set for themselves."""

from collections.abc import Mapping
from typing import cast
from uuid import UUID

from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST

from reviewapp.access import actions, forms, sessions
from reviewapp.access.budget import TooManyGuesses
from reviewapp.access.models import User
from reviewapp.access.rules import KEY_WORDS
from reviewapp.access.views.session import START, local_path, too_many
from reviewapp.lib.errors import CountersignError, Invalid

_YEAR = 365 * 86_400


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
