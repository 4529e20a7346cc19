"""The filters of the trail, as an address writes them."""

from collections.abc import Mapping

from reviewapp.audit.queries import Filters
from reviewapp.lib import listing, query
from reviewapp.lib.errors import Malformed

PARAMS = ["action", "actor", "object_type", "object_id", "queue", "request_id", "from", "to", "show", "cursor"]
SHOW = [("changes", "Changes only, no looks")]


def read_filters(values: Mapping[str, str]) -> Filters:
    """:raises Malformed: for a day, a queue or a choice that is none."""
    queue = values.get("queue", "")
    queue_id = query.uuid(queue) if queue else None
    if queue and queue_id is None:
        raise Malformed("queue is the id of a queue.", code="bad-param")
    return Filters(
        action=values.get("action", ""),
        actor_name=values.get("actor", ""),
        object_type=values.get("object_type", ""),
        object_id=values.get("object_id", ""),
        queue_id=queue_id,
        request_id=values.get("request_id", ""),
        since=listing.day(values, "from"),
        until=listing.day_after(values, "to"),
        changes_only=listing.one_of(values, "show", SHOW) == "changes",
    )
