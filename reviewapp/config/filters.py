"""Filters that every template may use."""

from datetime import datetime

from django import template

register = template.Library()


@register.filter
def iso(moment: datetime | None) -> str:
    """What `<time datetime>` holds: the moment in UTC, to the millisecond, as HTML allows no more. Empty where there is none.

    A page of rows has hundreds of them, and `date:'c'` looks up the reader's time zone and language for each.
    """
    return moment.isoformat(timespec="milliseconds") if moment else ""
