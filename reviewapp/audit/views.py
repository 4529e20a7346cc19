"""Pages of the trail, for auditors and admins. Looking is itself on record."""

from collections.abc import Mapping
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_safe

from reviewapp.audit import actions, queries, rules
from reviewapp.audit.forms import PARAMS, SHOW, read_filters
from reviewapp.audit.models import AuditEvent
from reviewapp.lib import listing, query

PAGE = 50


@require_safe
def trail(request: HttpRequest) -> HttpResponse:
    """The filters are the address; keep it in a file to find the same again."""
    values = query.read(request.GET, allowed=PARAMS)
    page = actions.view_trail(
        filters=read_filters(values), cursor=values.get("cursor"), size=PAGE, actor=request.actor, at=timezone.now()
    )
    queries.withhold(page.rows, request.actor)
    names, places = queries.names_of(page.rows), queries.places_of(page.rows, request.actor)
    context = {
        "rows": [_row(event, names, places) for event in page.rows],
        "values": values,
        "selects": [
            listing.select(
                "action",
                "What",
                sorted(_told(rules.ACTION_WORDS), key=lambda option: option[1]),
                values.get("action", ""),
            ),
            listing.select(
                "object_type",
                "About a",
                _told(rules.OBJECT_WORDS),
                values.get("object_type", ""),
                everything="Anything",
            ),
            listing.select("queue", "Queue", queries.queue_names(), values.get("queue", "")),
            listing.select("show", "Show", SHOW, values.get("show", ""), everything="Everything"),
        ],
        "is_filtered": bool(set(values) - {"cursor"}),
        "pager": listing.pager(values, page, one="event", many="events"),
    }
    return render(request, "audit/trail.html", context)


def _told(words: Mapping[str, str]) -> list[tuple[str, str]]:
    return [(code, text[0].upper() + text[1:]) for code, text in words.items()]


def _row(
    event: AuditEvent, names: Mapping[tuple[str, str], str], places: Mapping[tuple[str, str], tuple[str, str]]
) -> dict[str, object]:
    about = (event.object_type, event.object_id)
    return {
        "event": event,
        "who": event.actor_name or "someone",
        "words": rules.words_of(event.action, event.outcome),
        "detail": rules.detail_of(event.data),
        "what": rules.object_words(event.object_type),
        "name": names.get(about, ""),
        "place": places.get(about),
        "refused": event.outcome == "refused",
    }


@require_safe
def one_event(request: HttpRequest, event_uuid: UUID) -> HttpResponse:
    """Everything a row holds, the bytes its MAC was made over, and whether both still agree."""
    event = actions.view_event(event_uuid=event_uuid, actor=request.actor, at=timezone.now())
    check = actions.check(event)
    queries.withhold([event], request.actor)
    context = {
        **_row(event, queries.names_of([event]), queries.places_of([event], request.actor)),
        "data": [(name, _plain(value)) for name, value in event.data.items()] if isinstance(event.data, dict) else [],
        "check": check,
        "canon": bytes(event.canon).decode(errors="replace"),
        "mac": bytes(event.mac).hex(),
    }
    return render(request, "audit/event.html", context)


def _plain(value: object) -> str:
    """A value of the event's data as a person reads it."""
    if isinstance(value, list):
        return ", ".join(_plain(item) for item in value) or "none"
    if isinstance(value, dict):
        return ", ".join(f"{name}: {_plain(item)}" for name, item in value.items()) or "none"
    if isinstance(value, bool):
        return "yes" if value else "no"
    return "none" if value is None else str(value)
