"""Addresses of the catalog room."""

from django.urls import path

from reviewapp.catalog import api, views

app_name = "catalog"
urlpatterns = [
    path("models/", views.models, name="models"),
    path("models/<slug:name>/", views.model, name="model"),
    path("models/<slug:name>/<uuid:version_id>/", views.version, name="version"),
    path("models/<slug:name>/<uuid:version_id>/promote", views.promote, name="promote"),
    path("models/<slug:name>/<uuid:version_id>/retire", views.retire, name="retire"),
]
api_urlpatterns = [
    path("use-cases", api.UseCaseListView.as_view()),
    path("models", api.ModelListView.as_view()),
    path("models/<slug:name>/versions", api.VersionListView.as_view()),
]
