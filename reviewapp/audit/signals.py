"""One signal, sent when the transaction of an act is committed: a wake-up call, never the source of truth. It may be lost; the rows are not."""

from django.dispatch import Signal

recorded = Signal()  # entries: list[audit.actions.Entry], all of one call of record or record_many
