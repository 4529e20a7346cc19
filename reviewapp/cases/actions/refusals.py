"""Why an act on a case is refused. Each is a conflict: what was asked for is well-formed, and the case does not allow it now."""

from reviewapp.lib.errors import Conflict, NotAllowed, TooMany


class LeaseLost(Conflict):
    """Your lease on this case has ended, so this was not done. Take the case again."""

    code = "lease-lost"


class AnswerKept(LeaseLost):
    """Your lease on this case has ended. Your answer was not recorded; its text is kept as a draft."""


class StaleView(Conflict):
    """The case changed since you opened it. Look again before you answer; your text is kept as a draft."""

    code = "stale-view"


class AnswerBlindFirst(Conflict):
    """The model's part of this case is withheld. Record your own view first, as a blind answer; then confirm or change it."""

    code = "answer-blind-first"


class NotBlind(Conflict):
    """The model's part of this case is not withheld from you, so it takes no blind answer."""

    code = "not-blind"


class HoldsTooMany(Conflict):
    """You hold as many cases as this queue allows. Answer or release one first."""

    code = "holds-too-many"


class AlreadyReviewed(Conflict):
    """You have answered this case already. Somebody else must take it now."""

    code = "already-reviewed"


class AnsweredBefore(Conflict):
    """You answered this case before it was reopened. Somebody else takes it, or a lead of its queue gives it to you."""

    code = "answered-before"


class KnowsSubject(Conflict):
    """You know the person this case is about, as you said or a lead recorded. Somebody else must take it."""

    code = "knows-subject"


class NeedsSkill(Conflict):
    """This case needs a skill that you do not have."""

    code = "needs-skill"


class AlreadyLinked(Conflict):
    """It is on record already that they know this person. They get none of the person's cases."""

    code = "already-linked"


class EndedBefore(Conflict):
    """This conflict is ended already."""

    code = "already-ended"


class CorrectionWaits(Conflict):
    """Corrected inputs of this case wait for the model already. Correct more once they are scored."""

    code = "correction-waits"


class CaseDecided(Conflict):
    """This case is decided: what nobody saw who decided it is not added. A lead can reopen it."""

    code = "case-decided"


class TooManyDocuments(Conflict):
    """A case has at most 20 documents."""

    code = "too-many-documents"


class DocumentThere(Conflict):
    """This very file is a document of the case already."""

    code = "document-there"


class LeadDecides(NotAllowed):
    """Two answers to this case differ: only a lead of its queue decides it."""

    code = "lead-decides"


class TooLate(Conflict):
    """It is too late to take this answer back: it is final, or somebody else is at the case. A lead can reopen it."""

    code = "too-late"


class AnswerStands(Conflict):
    """This answer stands: with it, what others had answered before was opened to you. Once the case is decided, a lead can reopen it."""

    code = "answer-stands"


class NotDecided(Conflict):
    """Only a decided case can be reopened, and this one is not."""

    code = "not-decided"


class AlreadyAsked(Conflict):
    """You have asked for this already. A lead answers it, and you read the answer in My work."""

    code = "already-asked"


class RequestClosed(Conflict):
    """This was answered already, or the case was reopened otherwise."""

    code = "request-closed"


class AlreadyWithdrawn(Conflict):
    """This comment was withdrawn already."""

    code = "already-withdrawn"


class CommentsFull(Conflict):
    """This case has as many comments as a case may have. Withdrawing one makes no room."""

    code = "comments-full"


class TooManyComments(TooMany):
    """You have written many comments in a short time. Wait ten minutes, then try again."""

    code = "too-many-comments"


class NotWaiting(Conflict):
    """This case is not waiting: somebody holds it, or it is decided."""

    code = "not-waiting"
