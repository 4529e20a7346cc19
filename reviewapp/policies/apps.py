from django.apps import AppConfig


class PoliciesConfig(AppConfig):
    name = "reviewapp.policies"
    label = "policies"
