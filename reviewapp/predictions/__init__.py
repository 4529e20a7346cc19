"""The predictions room: what a model said about whom, why, and where it was routed.

Owns Subject (identity encrypted under its own data key, apart from features), Prediction (with its immutable input snapshot), Explanation,
RoutingResult, Label, and for a day the questions "what if" (WhatIf). States of a prediction: pending -> routed, or pending -> failed.

Public: `actions.store` (many at once, by COPY), `actions.copy` (one shown again), `correcting.correct` (one with other
inputs), `actions.complete` (a pending one was scored),
`actions.label_many`, `queries.visible_to`, `queries.explain_case` (reasons, waterfall and confidence in words for a page), `what_if.ask` and
`what_if.wait_for_answer`.
"""
