"""An export as an HTTP answer, the same for pages and the API."""

import threading
import weakref
from collections.abc import Iterator
from datetime import datetime

from django.http import StreamingHttpResponse

from reviewapp.datasets.actions import record_download
from reviewapp.datasets.exports import Form, stream
from reviewapp.datasets.models import DatasetSnapshot
from reviewapp.datasets.rules import content_disposition
from reviewapp.lib.actor import Actor
from reviewapp.lib.errors import TooMany

# A download holds a thread of the web server for as long as its reader takes. Half of the threads stay for everybody else.
AT_ONCE = 2
_RETRY_SECONDS = 10
_slots = threading.BoundedSemaphore(AT_ONCE)


class _Held:
    """Chunks that hold a slot until the server closes them, or forgets them."""

    def __init__(self) -> None:
        if not _slots.acquire(blocking=False):
            raise TooMany(
                "Other downloads are running. Try again in a moment.", code="busy", retry_after=_RETRY_SECONDS
            )
        self.close = weakref.finalize(self, _slots.release)
        self.chunks: Iterator[bytes] = iter(())

    def __iter__(self) -> "_Held":
        return self

    def __next__(self) -> bytes:
        return next(self.chunks)


def download(snapshot: DatasetSnapshot, form: Form, *, actor: Actor, at: datetime) -> StreamingHttpResponse:
    """The file, once the trail says who takes it. :raises NotFrozen, TooManyRows, NotInstalled, TooMany:"""
    held = _Held()
    export = stream(snapshot, form)
    record_download(snapshot=snapshot, form=form.value, actor=actor, at=at)
    held.chunks = export.chunks
    headers = {"Content-Disposition": content_disposition(export.file_name)}
    if export.size is not None:
        headers["Content-Length"] = str(export.size)
    return StreamingHttpResponse(held, content_type=export.content_type, headers=headers)
