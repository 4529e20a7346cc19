"""How a document comes in: one file of a multipart body, in memory. The guard before every request bounds the body by what it says and by what
is read, so that no more than one document and its envelope is ever held."""

import io
from collections.abc import Mapping
from typing import Any

from django.conf import settings
from django.core.files.uploadhandler import MemoryFileUploadHandler
from django.http.multipartparser import MultiPartParser, MultiPartParserError
from rest_framework.parsers import BaseParser

from reviewapp.lib.api import check_media, read_body
from reviewapp.lib.errors import Invalid, Malformed, Problem


class InMemory(MemoryFileUploadHandler):
    """Whatever its size: nothing of a document is written to a disk but the database's."""

    def handle_raw_input(self, *_: Any, **__: Any) -> None:
        self.activated = True


def no_file() -> Invalid:
    detail = "Send one file, as the part called file, with a name."
    return Invalid(detail, errors=[Problem("/file", "required", detail)])


class DocumentParser(BaseParser):
    """`multipart/form-data` with one part, the file, called `file`: {"name", "data"}."""

    media_type = "multipart/form-data"

    def parse(
        self, stream: Any, media_type: str | None = None, parser_context: Mapping[str, Any] | None = None
    ) -> dict[str, Any]:
        request = (parser_context or {})["request"]
        check_media(request)
        body = read_body(request, most=settings.DOCUMENT_BODY_BYTES)
        meta = {**request.META, "CONTENT_LENGTH": str(len(body))}
        try:
            fields, files = MultiPartParser(meta, io.BytesIO(body), [InMemory()], "utf-8").parse()
        except MultiPartParserError:
            raise Malformed("Send one file as multipart/form-data.", code="malformed-multipart") from None
        if (fields.keys() | files.keys()) - {"file"}:
            detail = "Known parts: file."
            raise Invalid(detail, errors=[Problem("", "unknown_field", detail)])
        sent = files.getlist("file")
        if len(sent) != 1:
            raise no_file()
        return {"name": sent[0].name, "data": sent[0].read()}
