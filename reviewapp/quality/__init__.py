"""The quality room: proof of review.

Owns KnownAnswer, what a lead knows to be right, and SeededCase: what a case with a known answer was taken from, and that answer. The case
itself is a case, on a copy of an earlier prediction (`Prediction.copy_of`): claimed, answered, pended, undone and reopened as any other, and
shown as any other to leads as well. It becomes no label and counts in no figure of what arrived. What tells it apart stands here and in the
audit trail alone; a sender, who knows which ids it sent, can tell. Seeds are drawn for what arrives, at the share that the queue sets, and
follow at a drawn time.

Owns QaSample, QaAnswer and QaResolution: a decision, automatic or of a person, that was drawn to be read once more as a blind case on a copy;
what was said of it before sight of the model, held against the decision; and where the two differ, what a lead says. Only a decision that a
lead calls wrong is an error. Together with seeded cases and blind first they take no more of people's work than `cases.proof` allows.

Owns QualityReport: figures about the answers of people, one row for each queue and kind, worked out by the Celery worker as the
numerics may not enter the web. A report is replaced whenever the answers it rests on have changed, and each day, as its window moves on.

Agreement: how often two people who answered the same case on their own say the same, over 90 days. Pairs that every answer or a drawn
share gave are a fair sample and stand by themselves; those that another rule asked for say nothing about the rest.

Reliance: of the answers to seeded cases, how often a wrong model was followed and a right one overruled, for the team and for each person
against the team; and from the random arms of blind first, how far sight of the model moves people (`arms`). Worked out once a day for the days
before: figures that moved with every answer would tell which case was seeded.

Samples: how often the answer differs and the decision was wrong, each weighted by the chance it had; also once a day.

Public: `actions.mix_in`, `known.give_answers`, `sampling.draw_samples`, `sampling.compare`, `sampling.resolve`; `agreement.work_out`,
`reliance.work_out`, `samples.work_out`; `queries.readable_queues`, `queries.report_of`.
"""
