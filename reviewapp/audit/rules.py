"""How the trail speaks: a word for every action, and what counts as a mere look. Plain Python."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

READERS = ("Admin", "Auditor")  # roles that may read the trail
READ_SCOPE = "audit:read"

# What an actor did, as the middle of a sentence: "nurse2 answered the case".
ACTION_WORDS = {
    "api_key.created": "made an API key",
    "api_key.revoked": "revoked an API key",
    "case.blind_answered": "recorded a view of the case before seeing the model's",
    "case.claimed": "took the case",
    "case.conflict_ended": "ended what was recorded of somebody's link to the person of the case",
    "case.conflict_recorded": "recorded that somebody is linked to the person of the case",
    "case.comment_withdrawn": "withdrew a comment on the case",
    "case.commented": "wrote a comment on the case",
    "case.corrected": "went on with the case as its corrected inputs were scored",
    "case.correction_failed": "could not score the corrected inputs of the case",
    "case.correction_lapsed": "dropped a correction, as the case was answered before it was scored",
    "case.correction_proposed": "corrected inputs of the case",
    "case.document_added": "attached a document to the case",
    "case.document_viewed": "opened a document of the case",
    "case.escalated": "passed the late case on",
    "case.flips_asked": "asked what would change what the model advises on the case",
    "case.moved": "moved the case to another queue",
    "case.pended": "pended the case",
    "case.reassigned": "gave the case to somebody",
    "case.recused": "stepped back from the case, as they know its person",
    "case.released": "gave the case back to its queue",
    "case.reopened": "reopened the case",
    "case.reopening_asked": "asked to reopen the case",
    "case.reopening_declined": "declined to reopen the case",
    "case.reprioritised": "changed the priority of the case",
    "case.returned": "gave the pended case back to its queue",
    "case.reviewed": "answered the case",
    "case.sla_breached": "found the case late and gave it the highest priority",
    "case.sla_threatened": "found the case at risk of being late",
    "case.taken_back": "took the case from its holder, back to its queue",
    "case.undone": "took the answer back",
    "case.similar_viewed": "looked at decided cases similar to the case",
    "case.viewed": "looked at the case",
    "case.what_if_asked": "asked what the model would say of the case with other inputs",
    "dataset.downloaded": "downloaded the data set",
    "dataset.failed": "could not freeze the data set",
    "dataset.frozen": "froze the data set",
    "dataset.requested": "asked for a data set",
    "grant.given": "gave a right",
    "grant.taken": "took a right away",
    "known_answer.uploaded": "gave known answers to be seeded in the queue",
    "label.created": "made a label of the decision",
    "model.created": "made the model",
    "model_version.promoted": "made the model version live",
    "model_version.registered": "registered the model version",
    "model_version.retired": "retired the model version",
    "policy.published": "published the policy version",
    "prediction.explained": "explained the prediction",
    "prediction.failed": "could not score the prediction",
    "prediction.unexplained": "could not explain the prediction",
    "prediction.document_added": "sent a document of the prediction",
    "prediction.received": "sent the prediction",
    "prediction.scored": "scored the prediction",
    "prediction.viewed": "read the prediction",
    "qa_sample.compared": "held the answer to a sample against the decision",
    "qa_sample.created": "drew a decision to be read once more",
    "qa_sample.resolved": "said whether the decision of a sample stands",
    "queue.created": "made the queue",
    "queue.settings_changed": "changed the settings of the queue",
    "queue.shift_cleared": "cleared who is on shift in the queue",
    "queue.shift_entered": "said who is on shift in the queue",
    "reason_code.added": "added the reason",
    "schema.published": "published the inputs",
    "seeded_case.created": "mixed a case with a known answer into the queue",
    "trail.event_viewed": "looked at an event of the trail",
    "trail.viewed": "looked at the trail",
    "use_case.created": "made the use case",
    "user.created": "made the account",
    "user.absence_changed": "said until when they are out of office, or that they are back",
    "user.disabled": "disabled the account",
    "user.enabled": "enabled the account",
    "user.keys_changed": "changed the keys they press",
    "user.password_changed": "changed the password",
    "user.password_reset": "set a new password for the account",
    "user.roles_changed": "changed the roles of the account",
    "user.skills_changed": "changed the skills of the person",
    "user.sign_in_refused": "refused a wrong password for the account",
    "user.signed_in": "signed in",
    "user.signed_out": "signed out",
    "user.theme_changed": "changed the look of the pages",
}
OBJECT_WORDS = {
    "access.apikey": "API key",
    "access.user": "account",
    "audit.auditevent": "event",
    "auth.group": "role",
    "cases.case": "case",
    "cases.queue": "queue",
    "catalog.featureschemaversion": "inputs",
    "catalog.model": "model",
    "catalog.modelversion": "model version",
    "catalog.reasoncode": "reason",
    "catalog.usecase": "use case",
    "datasets.datasetsnapshot": "data set",
    "policies.policyversion": "policy version",
    "predictions.label": "label",
    "predictions.prediction": "prediction",
    "quality.qasample": "QA sample",
    "quality.seededcase": "seeded case",
}
DETAILS = {
    "added": "gave",
    "taken": "took",
    "right": "",
    "answer": "",
    "outcome": "as",
    "scopes": "for",
    "code": "",
    "moved_to": "to",
    "priority": "with priority",
    "filters": "by",
    "changed_inputs": "changing",
    "after": "",
}
LOOKS = (
    ".viewed",
    "_viewed",
    "_revealed",
    ".downloaded",
    ".what_if_asked",
    ".flips_asked",
)  # endings of actions that changed nothing


def words_of(action: str, outcome: str = "done") -> str:
    """The middle of a sentence about an event. An action without words of its own is told by its code: "case_note.added" as "case note added"."""
    words = ACTION_WORDS.get(action) or re.sub(r"[._]", " ", action)
    return f"tried and was refused: {words}" if outcome == "refused" and not action.endswith("_refused") else words


def detail_of(data: object) -> str:
    """The end of a sentence, from what an event's data names: "gave Lead; took Reviewer", "work cases", "agree, as approve"."""
    if not isinstance(data, Mapping):
        return ""
    told = [name for name in DETAILS if data.get(name)]
    has_lists = any(isinstance(data[name], list | Mapping) for name in told)
    between = "; " if has_lists else ", "  # a list has commas of its own
    return between.join(f"{DETAILS[name]} {_listed(data[name])}".strip() for name in told)


def _listed(value: object) -> str:
    if isinstance(value, str):
        return value.replace("_", " ")
    return ", ".join(str(item) for item in value) if isinstance(value, list | Mapping) else str(value)


def object_words(object_type: str) -> str:
    return OBJECT_WORDS.get(object_type, object_type.rpartition(".")[2])


@dataclass(frozen=True, slots=True)
class Check:
    """What comparing a row with its MAC found. `differing` names columns that no longer say what the authenticated bytes say."""

    mac_holds: bool
    differing: tuple[str, ...] = ()

    @property
    def is_authentic(self) -> bool:
        return self.mac_holds and not self.differing


def differences(said: Mapping[str, object], columns: Mapping[str, object]) -> tuple[str, ...]:
    """Names on which two statements of one event differ."""
    return tuple(sorted(name for name in said.keys() | columns.keys() if said.get(name) != columns.get(name)))


def missing_triggers(enabled: Iterable[str]) -> list[str]:
    """Which of the triggers that keep the trail append-only are not there or switched off."""
    return sorted({"audit_auditevent_rows", "audit_auditevent_all"} - set(enabled))
