"""Signing in and out."""

from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.http import require_http_methods, require_POST

from reviewapp.access import actions, forms, sessions
from reviewapp.access.budget import TooManyGuesses

START = "/"


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
