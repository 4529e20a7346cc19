"""The cases room: the work of people.

Owns Queue (with its guardian grants), Case, Selection, BlindAnswer, Review, Draft, Decision, Reversal, ReopenRequest, Recusal, Skill, Comment,
Mention, Correction, Document, the outbox that turns decisions into labels, and the index (Precedent) by which decided cases are found that the
model argued alike.

States of a case: open -> leased -> decided; a lease that runs out or is released goes back to open; "refer" and "cannot tell" send
the case, open again, to the use case's lead queue. Its holder may set a case to pended until a follow-up time: then it goes back to
open with its priority raised by one, unless somebody takes it up before. A lease is a number: it grows with every claim, and a stale
number changes nothing.

Each case has a clock, by its queue's rules and opening hours: at its risk time it is marked, at its due time it is late, gets the highest
priority and is passed on as its queue says; who holds it keeps it until the lease ends. `sla_stage` says what of this is on record.

A round ends by a reversal: its reviewer takes the answer back within the window, unless it opened to them what others had answered, or a
lead, whom a reviewer may ask, reopens the case; what was answered in it stays on record and counts no more. The case's own round says which
answers count.
A blind case is answered before the model's part is sent: `withholding` has the rule from whom it is kept, and every door goes by it.
Whoever knows the person of a case (Recusal), by their own word or a lead's, is given neither it nor another case of that person.
Whoever may see a case may comment on it; `comments` has the rule from whom a comment is kept, as answers are.
A case may need a skill (`skills`), set by its queue's rules when it opens: then it is given only to people who have it in its use case (Skill).
Whoever holds a case may correct its inputs: the model worker scores it anew, and it goes on in a new round (`actions.correcting` has the rules).
A lead takes cases back, gives them to others, changes their priority and moves them, many at once, each judged alone.

Public: `actions.open_cases`, `claim_next`, `claim_case`, `heartbeat`, `release`, `recuse`, `record_conflict`, `end_conflict`, `pend_case`,
`return_due`, `watch_sla`, `save_draft`, `review_case`, `answer_blind`, `undo_review`, `reopen_case`, `ask_reopening`, `grant_reopening`,
`decline_reopening`, `view_case`, `record_view`, `correct_inputs`, `attach_to_case`, `attach_to_prediction`, `open_document`, `ask_what_if`,
`ask_flips`, `view_similar`, `write_comment`, `withdraw_comment`, `lead_cases`, `change_settings`, `set_skills`, `feedback.label_decisions`;
`queries.visible_cases`, `queries.queues_of`, `withholding.reveal`.
"""
