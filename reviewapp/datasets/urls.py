"""Addresses of labels and data sets."""

from django.urls import path

from reviewapp.datasets import api, views

app_name = "datasets"
urlpatterns = [
    path("labels/", views.labels, name="labels"),
    path("datasets/", views.datasets, name="datasets"),
    path("datasets/freeze", views.freeze, name="freeze"),
    path("datasets/<uuid:dataset_id>/", views.dataset, name="dataset"),
    path("datasets/<uuid:dataset_id>/progress", views.progress, name="progress"),
    path("datasets/<uuid:dataset_id>/manifest", views.manifest_file, name="manifest"),
    path("datasets/<uuid:dataset_id>/download", views.download, name="download"),
]
api_urlpatterns = [
    path("labels", api.LabelListView.as_view()),
    path("datasets", api.DatasetListView.as_view()),
    path("datasets/<uuid:dataset_id>", api.DatasetView.as_view()),
    path("datasets/<uuid:dataset_id>/manifest", api.ManifestView.as_view()),
    path("datasets/<uuid:dataset_id>/download", api.DownloadView.as_view()),
]
