"""The quality room: proof of review.

Owns QualityReport: figures about the answers of people, one row for each queue and kind, worked out by the Celery worker as the
numerics may not enter the web. A report is replaced whenever the answers it rests on have changed, and each day, as its window moves on.

Agreement: how often two people who answered the same case on their own say the same, over 90 days. Pairs that every answer or a drawn
share gave are a fair sample and stand by themselves; those that another rule asked for say nothing about the rest.

Public: `agreement.work_out`; `queries.readable_queues`, `queries.report_of`.
"""
