"""Roles, scopes and rights: the vocabulary of access. Plain Python."""

import hashlib
import ipaddress
import re
import secrets
import unicodedata
from collections.abc import Mapping
from enum import StrEnum

KEY_MARK = "csk_"


class Role(StrEnum):
    REVIEWER = "Reviewer"
    LEAD = "Lead"
    ADMIN = "Admin"
    AUDITOR = "Auditor"
    ML = "ML"
    SERVICE = "Service"


class Scope(StrEnum):
    """What an API key may be used for; the owner's rights bound it further."""

    PREDICTIONS_WRITE = "predictions:write"
    PREDICTIONS_READ = "predictions:read"
    CASES_READ = "cases:read"
    CASES_REVIEW = "cases:review"
    CASES_LEAD = "cases:lead"
    LABELS_READ = "labels:read"
    DATASETS_WRITE = "datasets:write"
    CATALOG_READ = "catalog:read"
    AUDIT_READ = "audit:read"


# Rights on one queue, and on one use case. `lead` includes `work`, `work` includes `view`.
VIEW_QUEUE, WORK_QUEUE, LEAD_QUEUE = "view_cases", "work_cases", "lead_cases"
SUBMIT, READ_PREDICTIONS, READ_LABELS, MANAGE = (
    "submit_predictions",
    "read_predictions",
    "read_labels",
    "manage_use_case",
)
QUEUE_RIGHTS = (VIEW_QUEUE, WORK_QUEUE, LEAD_QUEUE)
USE_CASE_RIGHTS = (SUBMIT, READ_PREDICTIONS, READ_LABELS, MANAGE)


def implied(right: str) -> tuple[str, ...]:
    """The grants that give `right`: itself and the stronger ones."""
    return QUEUE_RIGHTS[QUEUE_RIGHTS.index(right) :] if right in QUEUE_RIGHTS else (right,)


# What the words on screen say each of them allows. A right nobody can explain is a right nobody should have.
ROLE_WORDS = {
    Role.REVIEWER: "takes and answers cases, in the queues granted to them",
    Role.LEAD: "answers referred cases, sees who holds what and gives cases to others, in the queues granted to them",
    Role.ADMIN: "makes people and keys, and changes what they may do; reads the audit trail",
    Role.AUDITOR: "reads the audit trail",
    Role.ML: "reads labels and data sets of the use cases granted to them",
    Role.SERVICE: "a machine that calls the API with a key; nobody signs in as it",
}
RIGHT_WORDS = {
    VIEW_QUEUE: ("Read", "open the cases of the queue and read them"),
    WORK_QUEUE: ("Work", "take cases and answer them; includes reading"),
    LEAD_QUEUE: ("Lead", "see who holds what, take cases back and give them to others; includes working"),
    SUBMIT: ("Send", "send predictions to this use case"),
    READ_PREDICTIONS: ("Read predictions", "read predictions, their explanations and outcomes"),
    READ_LABELS: ("Read labels", "read labels, freeze data sets and download them"),
    MANAGE: ("Manage", "publish policies and promote models"),
}
SCOPE_WORDS = {
    Scope.PREDICTIONS_WRITE: "send predictions",
    Scope.PREDICTIONS_READ: "read predictions",
    Scope.CASES_READ: "read cases",
    Scope.CASES_REVIEW: "take and answer cases",
    Scope.CASES_LEAD: "see who holds what, and give cases to others",
    Scope.LABELS_READ: "read labels and data sets",
    Scope.DATASETS_WRITE: "freeze data sets",
    Scope.CATALOG_READ: "read use cases and models",
    Scope.AUDIT_READ: "read the audit trail",
}

# The single keys that pages use, and what for. Levels and reasons keep their digits, and "?" shows the keys everywhere.
KEY_WORDS = {
    "g": "Take next, take this case",
    "x": "Release the case",
    "z": "Take the answer back",
    "a": "Agree",
    "c": "Correct",
    "d": "Write a comment",
    "e": "Correct an input",
    "r": "Refer; in My work, resume",
    "t": "Cannot tell",
    "n": "Write a note",
    "p": "Pend; on the board, priority",
    "w": "What if",
    "f": "What would change this",
    "s": "Similar decided cases",
    "v": "Where the advice comes from; on the board, move to queue",
    "m": "Give to somebody",
    "b": "Take back",
    "j": "Next row",
    "k": "Previous row; on a case, I know this person",
    "y": "First reason, where digits choose levels",
    "u": "Second reason",
    "i": "Third reason",
    "o": "Fourth reason",
    "/": "Search",
    "[": "Previous page",
    "]": "Next page",
}
_PRESSABLE = re.compile(r"[a-z/\[\],.;'-]")

NAME_LENGTH = 60
PASSWORD_BYTES = 1024
LONGEST_KEY_DAYS = 366
_USER_NAME = re.compile(r"[a-z0-9][a-z0-9._-]*")
_UNAMBIGUOUS = "abcdefghjkmnpqrstuvwxyz23456789"


def fold_name(typed: str) -> str:
    """One spelling for every way to type a user name: width, case and accents do not tell two accounts apart."""
    plain = unicodedata.normalize("NFKD", unicodedata.normalize("NFKC", typed).casefold())
    return "".join(letter for letter in plain if not unicodedata.combining(letter)).strip()


def own_key_faults(own: Mapping[str, str]) -> dict[str, str]:
    """What is wrong with pressing `own[key]` for each key of the product, by key. What is not in `own` stays as it is."""
    pressed = {key: own.get(key, key) for key in KEY_WORDS}
    found = {}
    for key, mine in pressed.items():
        twins = [KEY_WORDS[other] for other, theirs in pressed.items() if theirs == mine and other != key]
        if not _PRESSABLE.fullmatch(mine):
            found[key] = "Press one letter, or one of / [ ] , . ; ' -"
        elif twins and key in own:
            found[key] = f"This key is taken: {twins[0]}."
    return found


def is_user_name(name: str) -> bool:
    return len(name) <= NAME_LENGTH and _USER_NAME.fullmatch(name) is not None


def new_password() -> str:
    """Twenty letters and digits in groups of five, easy to read out: 99 bits."""
    letters = [secrets.choice(_UNAMBIGUOUS) for _ in range(20)]
    return "-".join("".join(letters[start : start + 5]) for start in range(0, 20, 5))


def new_key() -> tuple[str, str]:
    """A prefix that may be shown, and the whole key, of which only the digest is kept."""
    prefix = "".join(secrets.choice(_UNAMBIGUOUS) for _ in range(10))
    return prefix, f"{KEY_MARK}{prefix}_{secrets.token_urlsafe(32)}"


def key_digest(key: str) -> bytes:
    return hashlib.sha256(key.encode()).digest()


def address_bucket(address: str) -> str:
    """An IPv4 address, or the /64 of an IPv6 address: what one guesser holds."""
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return "unknown"
    return str(parsed) if parsed.version == 4 else str(ipaddress.ip_network(f"{parsed}/64", strict=False))
