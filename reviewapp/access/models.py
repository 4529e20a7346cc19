"""People, service accounts, keys and answered requests."""

from typing import ClassVar

from django.contrib.auth.models import AbstractBaseUser, BaseUserManager, PermissionsMixin
from django.contrib.postgres.fields import ArrayField
from django.core.validators import RegexValidator
from django.db import models
from django.db.models import Q

from reviewapp.lib.ids import uuid7


class UserManager(BaseUserManager["User"]):
    """Finds users by user name; making one is an action."""

    def get_by_natural_key(self, username: str | None) -> "User":
        return self.get(username=username)


class User(AbstractBaseUser, PermissionsMixin):
    """A person who signs in, or a service account that only API keys act for (`is_service`, no usable password).

    `session_epoch` grows when rights, password or state change: sessions of an older epoch end at their next request.
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    username = models.CharField(
        max_length=60,
        unique=True,
        validators=[
            RegexValidator(r"^[a-z0-9][a-z0-9._-]*$", "Use lower-case letters, digits, dot, dash and underscore.")
        ],
    )
    display_name = models.CharField(max_length=60)
    is_active = models.BooleanField(default=True)
    is_service = models.BooleanField(default=False)
    theme = models.CharField(
        max_length=5, default="auto", choices=[("auto", "As device"), ("light", "Light"), ("dark", "Dark")]
    )
    own_keys = models.JSONField(
        default=dict, db_default={}, blank=True
    )  # key of the product -> what this person presses
    session_epoch = models.PositiveIntegerField(default=0)
    must_change_password = models.BooleanField(default=False)  # somebody else has set it and therefore knows it
    away_until = models.DateTimeField(null=True)  # out of office: until then nobody gives them a case
    created_at = models.DateTimeField()

    USERNAME_FIELD = "username"
    REQUIRED_FIELDS: ClassVar[list[str]] = []
    objects = UserManager()

    class Meta:
        default_permissions = ()
        permissions = [
            ("manage_people", "May make people and change what they may do"),
            ("manage_keys", "May make and revoke API keys"),
        ]
        constraints = [
            models.CheckConstraint(condition=Q(username__regex=r"^[a-z0-9][a-z0-9._-]*$"), name="user_name_is_plain")
        ]

    def __str__(self) -> str:
        return self.display_name

    def get_full_name(self) -> str:
        return self.display_name


class ApiKey(models.Model):
    """A machine's credential. Only its SHA-256 is kept; `prefix` finds it and may be shown."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    owner = models.ForeignKey(User, on_delete=models.PROTECT, related_name="api_keys")
    name = models.CharField(max_length=60)
    prefix = models.CharField(max_length=12, unique=True)
    digest = models.BinaryField(max_length=32)
    scopes = ArrayField(models.CharField(max_length=30))
    created_at = models.DateTimeField()
    created_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+", null=True)
    expires_at = models.DateTimeField()
    revoked_at = models.DateTimeField(null=True)
    last_used_at = models.DateTimeField(null=True)

    class Meta:
        default_permissions = ()
        constraints = [
            models.CheckConstraint(
                condition=Q(expires_at__gt=models.F("created_at")), name="api_key_expires_after_creation"
            )
        ]

    def __str__(self) -> str:
        return f"{self.name} ({self.prefix})"


class IdempotencyRecord(models.Model):
    """The stored answer to a POST with an `Idempotency-Key`. A parallel twin waits on the unique constraint. Deleted after a week."""

    owner = models.ForeignKey(User, on_delete=models.CASCADE, related_name="+")
    key = models.CharField(max_length=255)
    path = models.CharField(max_length=300)
    body_digest = models.BinaryField(max_length=32)
    status = models.SmallIntegerField(null=True)
    answer = models.BinaryField(null=True)
    created_at = models.DateTimeField()

    class Meta:
        default_permissions = ()
        constraints = [models.UniqueConstraint(fields=["owner", "key"], name="one_answer_per_idempotency_key")]
        indexes = [models.Index(fields=["created_at"], name="idempotency_by_age")]

    def __str__(self) -> str:
        return f"{self.path} {self.key}"


class SignInBudget(models.Model):
    """The wrong guesses of the last quarter of an hour at one account or from one address. `key` is a digest: people type passwords as names."""

    key = models.CharField(max_length=80, primary_key=True)
    tries = ArrayField(models.DateTimeField())
    last_at = models.DateTimeField()

    class Meta:
        default_permissions = ()
        indexes = [models.Index(fields=["last_at"], name="sign_in_budget_by_age")]

    def __str__(self) -> str:
        return self.key
