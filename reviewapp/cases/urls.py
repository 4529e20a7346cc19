from django.urls import path

from reviewapp.cases import api, views

app_name = "cases"
urlpatterns = [
    path("my-work/", views.my_work, name="my-work"),
    path("my-work/queues/", views.my_queues, name="my-queues"),
    path("queues/", views.queues, name="queues"),
    path("queues/<slug:slug>/", views.queue, name="queue"),
    path("queues/<slug:slug>/news/", views.queue_news, name="queue-news"),
    path("queues/<slug:slug>/ahead/", views.ahead, name="ahead"),
    path("queues/<slug:slug>/next/", views.next_case, name="next"),
    path("cases/<uuid:case_id>/", views.case, name="case"),
    path("cases/<uuid:case_id>/news/", views.case_news, name="case-news"),
    path("cases/<uuid:case_id>/claim/", views.claim, name="claim"),
    path("cases/<uuid:case_id>/review/", views.review, name="review"),
    path("cases/<uuid:case_id>/release/", views.release, name="release"),
    path("cases/<uuid:case_id>/heartbeat/", views.heartbeat, name="heartbeat"),
    path("cases/<uuid:case_id>/draft/", views.draft, name="draft"),
    path("cases/<uuid:case_id>/discard/", views.discard, name="discard"),
    path("reviews/", views.reviews, name="reviews"),
]
api_urlpatterns = [
    path("cases", api.CaseListView.as_view(), name="api-cases"),
    path("cases/<uuid:case_id>", api.CaseView.as_view(), name="api-case"),
    path("cases/<uuid:case_id>/heartbeat", api.HeartbeatView.as_view(), name="api-heartbeat"),
    path("cases/<uuid:case_id>/release", api.ReleaseView.as_view(), name="api-release"),
    path("cases/<uuid:case_id>/review", api.ReviewView.as_view(), name="api-review"),
    path("queues/<slug:slug>/claim", api.ClaimView.as_view(), name="api-claim"),
]
