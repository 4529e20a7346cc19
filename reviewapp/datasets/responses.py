"""An export as an HTTP answer, the same for pages and the API."""

from datetime import datetime

from django.http import StreamingHttpResponse

from reviewapp.datasets.actions import record_download
from reviewapp.datasets.exports import Form, stream
from reviewapp.datasets.models import DatasetSnapshot
from reviewapp.datasets.rules import content_disposition
from reviewapp.lib.actor import Actor


def download(snapshot: DatasetSnapshot, form: Form, *, actor: Actor, at: datetime) -> StreamingHttpResponse:
    """The file, once the trail says who takes it. :raises NotFrozen, TooManyRows, NotInstalled:"""
    export = stream(snapshot, form)
    record_download(snapshot=snapshot, form=form.value, actor=actor, at=at)
    headers = {"Content-Disposition": content_disposition(export.file_name)}
    if export.size is not None:
        headers["Content-Length"] = str(export.size)
    return StreamingHttpResponse(export.chunks, content_type=export.content_type, headers=headers)
