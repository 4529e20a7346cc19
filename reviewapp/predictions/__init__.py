"""The predictions room: what a model said about whom, why, and where it was routed.

Owns Subject (identity encrypted under its own data key, apart from features), Prediction (with its immutable input snapshot), Explanation,
RoutingResult, Label, and for a day the questions "what if" (WhatIf). States of a prediction: pending -> routed, or pending -> failed.

Public: `actions.store` (many at once, by COPY), `actions.store_explanations`, `actions.store_routings`, `actions.copy` (one shown
again), `correcting.correct` (one with other inputs), `actions.label_many`, `actions.supersede_label`; `presentation.facts` and
`presentation.advice` (what a page tells), `reasoning.reasons_of`; `what_if.ask` and `what_if.wait_for_answer`.
"""
