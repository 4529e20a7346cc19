"""The intake room: the one door for machines that send predictions.

A body is read strictly, held against the schema of its use case, stored, routed by the published policy and, if need be, opened as a case,
in one transaction. `external_id` makes a retry safe. What must be scored or explained here waits as a pending row for the model worker.

Public: `reading.read_item`, `actions.receive`, `actions.receive_many`, `scoring.score_pending`, `what_ifs.answer_what_ifs`.
"""
