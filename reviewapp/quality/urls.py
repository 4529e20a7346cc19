"""Addresses of proof of review."""

from django.urls import path

from reviewapp.quality import api, views

app_name = "quality"
urlpatterns = [
    path("quality/", views.agreement, name="agreement"),
]
api_urlpatterns = [
    path("quality/agreement", api.AgreementView.as_view()),
]
