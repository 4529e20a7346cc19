from django.urls import path

from reviewapp.cases import api
from reviewapp.cases.views import board, case, queue, reviews, settings, what_if, work

app_name = "cases"
urlpatterns = [
    path("my-work/", work.my_work, name="my-work"),
    path("my-work/queues/", work.my_queues, name="my-queues"),
    path("queues/", work.queues, name="queues"),
    path("queues/<slug:slug>/", queue.queue, name="queue"),
    path("queues/<slug:slug>/news/", queue.queue_news, name="queue-news"),
    path("queues/<slug:slug>/ahead/", queue.ahead, name="ahead"),
    path("queues/<slug:slug>/next/", queue.next_case, name="next"),
    path("queues/<slug:slug>/settings/", settings.settings, name="settings"),
    path("queues/<slug:slug>/settings/<slug:section>/", settings.save, name="settings-save"),
    path("board/", board.board, name="board"),
    path("board/figures/", board.figures, name="board-figures"),
    path("board/news/", board.news, name="board-news"),
    path("board/preview/", board.preview, name="board-preview"),
    path("board/act/", board.act, name="board-act"),
    path("cases/<uuid:case_id>/", case.case, name="case"),
    path("cases/<uuid:case_id>/news/", case.case_news, name="case-news"),
    path("cases/<uuid:case_id>/claim/", case.claim, name="claim"),
    path("cases/<uuid:case_id>/review/", case.review, name="review"),
    path("cases/<uuid:case_id>/undo/", case.undo, name="undo"),
    path("cases/<uuid:case_id>/reopen/", case.reopen, name="reopen"),
    path("cases/<uuid:case_id>/pend/", case.pend, name="pend"),
    path("cases/<uuid:case_id>/release/", case.release, name="release"),
    path("cases/<uuid:case_id>/heartbeat/", case.heartbeat, name="heartbeat"),
    path("cases/<uuid:case_id>/draft/", case.draft, name="draft"),
    path("cases/<uuid:case_id>/discard/", case.discard, name="discard"),
    path("cases/<uuid:case_id>/what-if/", what_if.what_if, name="what-if"),
    path("reviews/", reviews.reviews, name="reviews"),
]
api_urlpatterns = [
    path("board", api.BoardView.as_view(), name="api-board"),
    path("cases", api.CaseListView.as_view(), name="api-cases"),
    path("cases/bulk", api.BulkView.as_view(), name="api-bulk"),
    path("cases/<uuid:case_id>", api.CaseView.as_view(), name="api-case"),
    path("cases/<uuid:case_id>/heartbeat", api.HeartbeatView.as_view(), name="api-heartbeat"),
    path("cases/<uuid:case_id>/undo", api.UndoView.as_view(), name="api-undo"),
    path("cases/<uuid:case_id>/reopen", api.ReopenView.as_view(), name="api-reopen"),
    path("cases/<uuid:case_id>/claim", api.ClaimCaseView.as_view(), name="api-claim-case"),
    path("cases/<uuid:case_id>/pend", api.PendView.as_view(), name="api-pend"),
    path("cases/<uuid:case_id>/release", api.ReleaseView.as_view(), name="api-release"),
    path("cases/<uuid:case_id>/review", api.ReviewView.as_view(), name="api-review"),
    path("cases/<uuid:case_id>/what-if", api.WhatIfView.as_view(), name="api-what-if"),
    path("queues/<slug:slug>", api.QueueView.as_view(), name="api-queue"),
    path("queues/<slug:slug>/claim", api.ClaimView.as_view(), name="api-claim"),
]
