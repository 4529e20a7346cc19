"""Addresses of proof of review."""

from django.urls import path

from reviewapp.quality import api, views

app_name = "quality"
urlpatterns = [
    path("quality/", views.agreement, name="agreement"),
    path("quality/reliance/", views.reliance, name="reliance"),
    path("quality/mine/", views.mine, name="mine"),
]
api_urlpatterns = [
    path("quality/agreement", api.AgreementView.as_view()),
    path("quality/reliance", api.RelianceView.as_view()),
]
