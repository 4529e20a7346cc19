"""The monitoring room: what is to be expected.

Owns Forecast: of each queue that has work, how many cases will breach in the next 8 hours, and how many with one more reviewer. Worked out
once a minute by the Celery worker, as the numerics may not enter the web, and replaced; a queue without work has none. The method stands in
`inference.evaluation.forecast`.

Owns Shift: how many people a lead said work on a queue, and until when. While it lasts it counts instead of those who were seen at work.

Only reads what it tells about. The board shows its lines as a live fragment that this room serves.

Public: `forecasting.work_out`, `actions.enter_shift`, `actions.clear_shift`; `queries.standing`.
"""
