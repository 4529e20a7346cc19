from django.apps import AppConfig


class PredictionsConfig(AppConfig):
    name = "reviewapp.predictions"
    label = "predictions"
