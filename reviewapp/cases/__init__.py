"""The cases room: the work of people.

Owns Queue (with its guardian grants), Case, Review, Draft, Decision and the outbox that turns decisions into labels.

States of a case: open -> leased -> decided; a lease that runs out or is released goes back to open; "refer" and "cannot tell" send
the case, open again, to the use case's lead queue. A lease is a number: it grows with every claim, and a stale number changes nothing.
A lead takes cases back, gives them to others, changes their priority and moves them, many at once, each judged alone.

Public: `actions.open_cases`, `claim_next`, `claim_case`, `heartbeat`, `release`, `save_draft`, `review_case`, `view_case`, `lead_cases`,
`feedback.label_decisions`; `queries.visible_cases`, `queries.queues_of`.
"""
