from django.urls import path

from reviewapp.cases.api.documents import PredictionDocumentsView
from reviewapp.intake import api

app_name = "intake"
api_urlpatterns = [
    path("predictions", api.PredictionsView.as_view(), name="predictions"),
    path("predictions/batch", api.BatchView.as_view(), name="batch"),
    path("predictions/<uuid:prediction_id>", api.PredictionView.as_view(), name="prediction"),
    path("predictions/<uuid:prediction_id>/documents", PredictionDocumentsView.as_view(), name="prediction-documents"),
]
