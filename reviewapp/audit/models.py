"""AuditEvent: who did what to which object, provably. Plain ids, no foreign keys, so that no later change can touch a row."""

from django.contrib.postgres.indexes import BrinIndex
from django.db import models
from django.db.models import Q


class AuditEvent(models.Model):
    """One act. `canon` holds the RFC 8785 bytes that `mac` authenticates; the other columns repeat them for filters."""

    event_uuid = models.UUIDField(unique=True)
    at = models.DateTimeField()
    actor_kind = models.CharField(max_length=10)
    actor_id = models.UUIDField(null=True)
    actor_name = models.CharField(max_length=60)
    actor_role = models.CharField(max_length=60)
    on_behalf_of = models.UUIDField(null=True)
    action = models.CharField(max_length=60)
    outcome = models.CharField(max_length=20)
    object_type = models.CharField(max_length=40)
    object_id = models.CharField(max_length=64)
    queue_id = models.UUIDField(null=True)
    request_id = models.CharField(max_length=64)
    reason = models.TextField()
    data = models.JSONField()
    schema_version = models.SmallIntegerField()
    canon = models.BinaryField()
    mac = models.BinaryField()

    class Meta:
        default_permissions = ()
        permissions = [("view_trail", "May read the audit trail")]
        indexes = [
            models.Index(fields=["object_type", "object_id", "id"], name="audit_by_object"),
            models.Index(
                fields=["actor_name", "id"], name="audit_by_actor_name"
            ),  # a name is given once and never changes
            models.Index(fields=["action", "id"], name="audit_by_action"),
            models.Index(fields=["queue_id", "id"], condition=Q(queue_id__isnull=False), name="audit_by_queue"),
            models.Index(fields=["request_id", "id"], condition=~Q(request_id=""), name="audit_by_request"),
            BrinIndex(fields=["at"], name="audit_by_time"),
        ]

    def __str__(self) -> str:
        return f"{self.action} {self.object_type} {self.object_id}"
