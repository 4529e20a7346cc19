"""Addresses of the trail."""

from django.urls import path

from reviewapp.audit import api, views

app_name = "audit"
urlpatterns = [
    path("audit/", views.trail, name="trail"),
    path("audit/<uuid:event_uuid>/", views.one_event, name="event"),
]
api_urlpatterns = [path("audit-events", api.AuditEvents.as_view(), name="api-events")]
