"""Every write to cases, one module for each kind of act."""

from reviewapp.cases.actions.answering_blind import answer_blind
from reviewapp.cases.actions.attaching import attach_to_case, attach_to_prediction, open_document
from reviewapp.cases.actions.claiming import claim_case, claim_next
from reviewapp.cases.actions.commenting import view_comments, withdraw_comment, write_comment
from reviewapp.cases.actions.conflicts import end_conflict, record_conflict
from reviewapp.cases.actions.correcting import apply_corrections, correct_inputs, fail_correction
from reviewapp.cases.actions.drafts import discard_draft, save_draft
from reviewapp.cases.actions.escalating import watch_sla
from reviewapp.cases.actions.leading import Order, foresee, lead_cases
from reviewapp.cases.actions.leasing import heartbeat, release
from reviewapp.cases.actions.opening import Opening, create_queue, open_cases
from reviewapp.cases.actions.pending import not_pended, pend_case, return_due
from reviewapp.cases.actions.recusing import recuse
from reviewapp.cases.actions.refusals import (
    AlreadyAsked,
    AlreadyReviewed,
    AlreadyWithdrawn,
    AnswerBlindFirst,
    AnsweredBefore,
    AnswerStands,
    CommentsFull,
    CorrectionWaits,
    HoldsTooMany,
    KnowsSubject,
    LeaseLost,
    NeedsSkill,
    NotBlind,
    NotDecided,
    NotWaiting,
    RequestClosed,
    StaleView,
    TooLate,
    TooManyComments,
)
from reviewapp.cases.actions.reopening import ask_reopening, decline_reopening, grant_reopening
from reviewapp.cases.actions.reversing import reopen_case, undo_review
from reviewapp.cases.actions.reviewing import Given, review_case
from reviewapp.cases.actions.settings import SettingsMoved, change_settings
from reviewapp.cases.actions.skilling import set_skills
from reviewapp.cases.actions.supposing import Similar, advised_case, ask_flips, ask_what_if, view_similar
from reviewapp.cases.actions.viewing import record_view, view_case

__all__ = [
    "AlreadyAsked", "AlreadyReviewed", "AlreadyWithdrawn", "AnswerBlindFirst", "AnswerStands", "AnsweredBefore", "CommentsFull", "CorrectionWaits",
    "Given", "HoldsTooMany", "KnowsSubject", "LeaseLost", "NeedsSkill", "NotBlind", "NotDecided", "NotWaiting", "Opening", "Order", "RequestClosed",
    "SettingsMoved", "Similar", "StaleView", "TooLate", "TooManyComments", "advised_case", "answer_blind", "apply_corrections", "ask_flips",
    "ask_reopening", "ask_what_if", "attach_to_case", "attach_to_prediction", "change_settings", "claim_case", "claim_next",
    "correct_inputs", "create_queue", "decline_reopening", "discard_draft", "end_conflict", "fail_correction", "foresee", "grant_reopening",
    "heartbeat", "lead_cases", "not_pended", "open_cases", "open_document", "pend_case", "record_conflict", "record_view", "recuse", "release",
    "reopen_case", "return_due", "review_case", "save_draft", "set_skills", "undo_review", "view_case", "view_comments", "view_similar",
    "watch_sla", "withdraw_comment", "write_comment",
]  # fmt: skip
