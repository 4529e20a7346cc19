from django.apps import AppConfig


class StandaloneConfig(AppConfig):
    name = "reviewapp.standalone"
    label = "standalone"
