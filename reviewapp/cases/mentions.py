"""Whom a comment names. Plain Python."""

import re

from reviewapp.access.rules import NAME_LENGTH, fold_name

COMMENT_LENGTH = 2_000
MOST_MENTIONS = 10
# Not within a word: an e-mail address names nobody.
_MENTION = re.compile(r"(?<![\w.@-])@(\w[\w.-]*)")


def named_in(text: str) -> list[str]:
    """User names after an @, as they were typed, each once in the order of the text; the dot that ends a sentence is no part of a name."""
    typed = (found.rstrip(".-_") for found in _MENTION.findall(text))
    return list({fold_name(name): name[:NAME_LENGTH] for name in typed}.values())


def plain_text(text: str) -> str:
    """One kind of line break, and nothing empty around it."""
    return text.replace("\r\n", "\n").replace("\r", "\n").strip()
