"""Addresses of presence. The page belongs to the case."""

from django.urls import path

from reviewapp.notifications import api, views

app_name = "notifications"
urlpatterns = [path("cases/<uuid:case_id>/presence/", views.presence, name="presence")]
api_urlpatterns = [path("cases/<uuid:case_id>/presence", api.PresenceView.as_view(), name="api-presence")]
