"""Comments on a case: writing and withdrawing one, and where one is mentioned."""

from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_POST, require_safe

from reviewapp.cases import actions, comments
from reviewapp.cases.actions import CommentsFull, KnowsSubject, TooManyComments
from reviewapp.cases.comments_panel import comments_context, mention_rows
from reviewapp.cases.views.case import case_page
from reviewapp.lib.errors import Conflict, CountersignError, Invalid, NotAllowed

SHOWN = 20  # mentions in my work


@require_POST
def comment(request: HttpRequest, case_id: UUID) -> HttpResponse:
    """Write a comment; whom the form names beside it is mentioned, too."""
    text = request.POST.get("text", "")
    person = request.POST.get("person", "").strip().removeprefix("@")
    if person:
        text = f"@{person} {text}" if text.strip() else ""
    try:
        written = actions.write_comment(case_id=case_id, text=text, actor=request.actor, at=timezone.now())
    except (Invalid, CommentsFull, KnowsSubject, TooManyComments) as error:
        return _refused(request, case_id, text, error)
    messages.success(request, "Your comment is on the case.")
    return redirect(f"{reverse('cases:case', args=[case_id])}#comment-{written.pk}")


def _refused(request: HttpRequest, case_id: UUID, text: str, error: CountersignError) -> HttpResponse:
    """The page again, with the text in the form."""
    found = actions.view_case(case_id=case_id, actor=request.actor, at=timezone.now(), with_comments=True)
    typed = text or request.POST.get("text", "")
    context = comments_context(found, found.shown_comments or (), request.actor, typed=typed, error=error.detail)
    return case_page(request, found, status=error.status, comments=context)


@require_POST
def withdraw(request: HttpRequest, case_id: UUID, comment_id: UUID) -> HttpResponse:
    try:
        actions.withdraw_comment(case_id=case_id, comment_id=comment_id, actor=request.actor, at=timezone.now())
    except (Conflict, NotAllowed) as error:
        messages.warning(request, error.detail)
    else:
        messages.success(request, "Your comment is withdrawn. Its text is gone; that there was one stays on record.")
    return redirect(f"{reverse('cases:case', args=[case_id])}#comments")


@require_safe
def mentions(request: HttpRequest) -> HttpResponse:
    """The live fragment of my work."""
    return render(request, "cases/_mentions.html", {"mentions": shown_mentions(request)})


def shown_mentions(request: HttpRequest) -> list[dict[str, object]]:
    rows = comments.mentions_of(request.actor).order_by("-id")[:SHOWN]
    return mention_rows(list(rows), now=timezone.now())
