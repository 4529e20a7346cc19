"""Addresses of proof of review."""

from django.urls import path

from reviewapp.quality import api, views

app_name = "quality"
urlpatterns = [
    path("quality/", views.agreement, name="agreement"),
    path("quality/reliance/", views.reliance, name="reliance"),
    path("quality/mine/", views.mine, name="mine"),
    path("quality/answers/", views.answers, name="answers"),
    path("quality/answers/<slug:slug>/", views.give_answers, name="give-answers"),
    path("quality/samples/", views.samples, name="samples"),
    path("quality/samples/line/", views.samples_line, name="samples-line"),
    path("quality/samples/<uuid:sample_id>/resolve/", views.resolve, name="resolve-sample"),
]
api_urlpatterns = [
    path("quality/agreement", api.AgreementView.as_view()),
    path("quality/reliance", api.RelianceView.as_view()),
    path("quality/answers", api.AnswersView.as_view()),
    path("quality/samples", api.SamplesView.as_view()),
    path("quality/samples/<uuid:sample_id>/resolve", api.ResolveView.as_view()),
]
