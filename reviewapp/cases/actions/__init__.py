"""Every write to cases, one module for each kind of act."""

from reviewapp.cases.actions.answering_blind import answer_blind
from reviewapp.cases.actions.claiming import claim_case, claim_next
from reviewapp.cases.actions.conflicts import end_conflict, record_conflict
from reviewapp.cases.actions.drafts import discard_draft, save_draft
from reviewapp.cases.actions.escalating import watch_sla
from reviewapp.cases.actions.leading import Order, foresee, lead_cases
from reviewapp.cases.actions.leasing import heartbeat, release
from reviewapp.cases.actions.opening import Opening, create_queue, open_cases
from reviewapp.cases.actions.pending import not_pended, pend_case, return_due
from reviewapp.cases.actions.recusing import recuse
from reviewapp.cases.actions.refusals import (
    AlreadyReviewed,
    AnswerBlindFirst,
    AnsweredBefore,
    HoldsTooMany,
    LeaseLost,
    NeedsSkill,
    NotBlind,
    NotDecided,
    NotWaiting,
    StaleView,
    TooLate,
)
from reviewapp.cases.actions.reversing import reopen_case, undo_review
from reviewapp.cases.actions.reviewing import Given, review_case
from reviewapp.cases.actions.settings import SettingsMoved, change_settings
from reviewapp.cases.actions.skilling import set_skills
from reviewapp.cases.actions.supposing import Similar, advised_case, ask_flips, ask_what_if, view_similar
from reviewapp.cases.actions.viewing import view_case

__all__ = [
    "AlreadyReviewed", "AnswerBlindFirst", "AnsweredBefore", "Given", "HoldsTooMany", "LeaseLost",
    "NeedsSkill", "NotBlind", "NotDecided", "NotWaiting", "Opening",
    "Order", "SettingsMoved", "Similar", "StaleView", "TooLate", "advised_case", "answer_blind", "ask_flips", "ask_what_if", "change_settings",
    "claim_case", "claim_next", "create_queue", "discard_draft", "end_conflict",
    "foresee", "heartbeat", "lead_cases", "not_pended", "open_cases", "pend_case",
    "record_conflict",
    "recuse", "release", "reopen_case", "return_due", "review_case", "save_draft",
    "set_skills", "undo_review", "view_case", "view_similar", "watch_sla",
]  # fmt: skip
