"""The tables of the room, by what they hold."""

from reviewapp.cases.models.answers import (
    NOTE_LENGTH,
    BlindAnswer,
    Decision,
    Draft,
    Outbox,
    Precedent,
    Reversal,
    Review,
    Selection,
)
from reviewapp.cases.models.case import SURENESS, Case
from reviewapp.cases.models.discussion import Comment, Mention, ReopenRequest
from reviewapp.cases.models.eligibility import Recusal, Skill
from reviewapp.cases.models.evidence import Correction, Document, DocumentContent
from reviewapp.cases.models.queue import Queue, QueueGroupPermission, QueueUserPermission

__all__ = [
    "NOTE_LENGTH",
    "SURENESS",
    "BlindAnswer",
    "Case",
    "Comment",
    "Correction",
    "Decision",
    "Document",
    "DocumentContent",
    "Draft",
    "Mention",
    "Outbox",
    "Precedent",
    "Queue",
    "QueueGroupPermission",
    "QueueUserPermission",
    "Recusal",
    "ReopenRequest",
    "Reversal",
    "Review",
    "Selection",
    "Skill",
]  # fmt: skip
