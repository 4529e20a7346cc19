from django.apps import AppConfig


class AccessConfig(AppConfig):
    name = "reviewapp.access"
    label = "access"

    def ready(self) -> None:
        """Let the trail tell accounts by name."""
        from reviewapp.access.models import User
        from reviewapp.access.queries import account_names
        from reviewapp.audit.queries import register_names

        register_names(User._meta.label_lower, account_names)
