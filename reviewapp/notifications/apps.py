from django.apps import AppConfig


class NotificationsConfig(AppConfig):
    name = "reviewapp.notifications"
    label = "notifications"

    def ready(self) -> None:
        from reviewapp.audit.signals import recorded
        from reviewapp.notifications import live

        recorded.connect(live.on_recorded, dispatch_uid="live")
