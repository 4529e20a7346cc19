"""What can go wrong, in words the caller can act on. Doors turn these into answers; `config.api` gives each its HTTP status."""

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Problem:
    """One fault in an input. `pointer` is a JSON pointer; `detail` never repeats the value."""

    pointer: str
    code: str
    detail: str


class CountersignError(Exception):
    """A known failure. `code` is stable and public; the message is a sentence for people."""

    code = "error"
    status = 400

    def __init__(self, detail: str = "", *, code: str | None = None, errors: Sequence[Problem] = ()) -> None:
        super().__init__(detail or (self.__doc__ or "").strip().split("\n")[0])
        self.detail = str(self)
        self.code = code or type(self).code
        self.errors = list(errors)


class Malformed(CountersignError):
    """The request could not be read."""

    code = "malformed"
    status = 400


class Invalid(CountersignError):
    """The request was read, and some of its values are not acceptable."""

    code = "invalid"
    status = 422


class NotAllowed(CountersignError):
    """You may not do this."""

    code = "not-allowed"
    status = 403


class NotFound(CountersignError):
    """There is no such thing, or you may not see it."""

    code = "not-found"
    status = 404


class Conflict(CountersignError):
    """Something changed meanwhile, so this was not done."""

    code = "conflict"
    status = 409


class TooLarge(CountersignError):
    """The request is larger than this address accepts."""

    code = "too-large"
    status = 413


class UnsupportedMedia(CountersignError):
    """Send JSON in UTF-8."""

    code = "unsupported-media-type"
    status = 415


class TooMany(CountersignError):
    """Too many requests. Try again later."""

    code = "too-many"
    status = 429

    def __init__(self, detail: str = "", *, retry_after: int, code: str | None = None) -> None:
        super().__init__(detail, code=code)
        self.retry_after = retry_after


class Unavailable(CountersignError):
    """A part of the system does not answer. Nothing was changed; try again."""

    code = "unavailable"
    status = 503
    retry_after = 5
