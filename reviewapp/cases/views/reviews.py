"""My reviews: what one answered, and what became of it."""

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_safe

from reviewapp.cases import own_work, timeline
from reviewapp.cases.adjudication import duration
from reviewapp.cases.lists import PAGE_SIZE
from reviewapp.cases.rules import Answer, Stage
from reviewapp.cases.withholding import WITHHELD, reveal
from reviewapp.lib import listing, paging, query


def answered(review: Any) -> dict[str, Any]:
    case, use_case = review.case, review.case.queue.use_case
    words = timeline.answered(review, use_case)
    return {
        "at": review.reviewed_at,
        "external_id": case.external_id,
        "url": reverse("cases:case", args=[case.pk]),
        "queue_name": case.queue.name,
        "answer": words[:1].upper() + words[1:],
        "advised": WITHHELD
        if case.is_withheld
        else f"{use_case.outcome_label(case.advised)}, {round(100 * case.confidence)} of 100",
        "agreed": review.answer == Answer.AGREE,
        "what": _became(review, use_case),
        "took": duration(review.handle_seconds),
    }


def _became(review: Any, use_case: Any) -> str:
    case = review.case
    if hasattr(review, "reversal"):
        return "taken back; counts no more"
    if review.round < case.counted_from:
        return f"{_why_not_counted(review)} since; counts no more"
    if not case.outcome and review.outcome:
        return (
            "waits for a second answer" if case.stage == Stage.SECOND else "the second answer differs; a lead decides"
        )
    if not case.outcome:
        return f"with {case.queue.name}" if review.answer in {Answer.REFER, Answer.CANNOT_TELL} else "open again"
    if review.outcome == case.outcome and review.answer in {Answer.AGREE, Answer.CORRECT}:
        return "decided"
    return f"decided: {use_case.outcome_label(case.outcome)}"


def _why_not_counted(review: Any) -> str:
    corrected, reopened = review.corrected_in, review.reopened_in
    return "reopened" if corrected is None or (reopened is not None and reopened < corrected) else "inputs corrected"


@require_safe
def reviews(request: HttpRequest) -> HttpResponse:
    values = query.read(request.GET, allowed=("answer", "cursor", "page_size"))
    chosen = values.get("answer", "")
    rows = own_work.reviews_of(request.actor)
    if chosen in list(Answer):
        rows = rows.filter(answer=chosen)
    page = paging.paginate(
        rows,
        order=("-id",),
        cursor=values.get("cursor"),
        size=query.size(values, default=PAGE_SIZE),
        purpose=f"reviews {chosen}",
    )
    reveal((row.case for row in page.rows), request.actor)
    url = reverse("cases:reviews")
    context = {
        "rows": [answered(row) for row in page.rows],
        "filters": _answer_filter(chosen, url),
        "filtered": bool(chosen),
        "pager": listing.pager(values, page, one="answer", many="answers"),
    }
    return render(request, "cases/reviews.html", context)


_ANSWERS = [("agree", "Agreed"), ("correct", "Corrected"), ("refer", "Referred"), ("cannot_tell", "Could not tell")]


def _answer_filter(chosen: str, url: str) -> dict[str, Any]:
    return {
        "search": None,
        "selects": [listing.select("answer", "Your answer", _ANSWERS, chosen, everything="Any")],
        "clear_url": url if chosen else None,
    }
