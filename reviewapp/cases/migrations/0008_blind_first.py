import django.contrib.postgres.fields
import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models
from django.db.models import Q

import reviewapp.lib.ids
from reviewapp.lib.triggers import append_only

ARMS = [("blind", "blind"), ("seen_first", "seen_first")]


def identity():
    return models.UUIDField(default=reviewapp.lib.ids.uuid7, editable=False, primary_key=True, serialize=False)


def link(to, name="+"):
    return models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name=name, to=to)


class Migration(migrations.Migration):
    """Nothing to fill: until now everybody saw the model's part first."""

    dependencies = [
        ("cases", "0007_precedent"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]
    operations = [
        migrations.AddField("queue", "blind_share", models.FloatField(db_default=0, default=0)),
        migrations.AddConstraint(
            "queue",
            models.CheckConstraint(
                condition=Q(blind_share__gte=0, blind_share__lte=1), name="queue_blind_share_is_a_share"
            ),
        ),
        migrations.AddField("case", "is_blind", models.BooleanField(db_default=False, default=False)),
        migrations.AddField(
            "review",
            "arm",
            models.CharField(choices=ARMS, db_default="seen_first", default="seen_first", max_length=10),
        ),
        migrations.CreateModel(
            name="Selection",
            fields=[
                ("id", identity()),
                ("purpose", models.CharField(choices=[("blind_first", "blind_first")], max_length=12)),
                ("probability", models.FloatField()),
                ("stratum", models.CharField(max_length=120)),
                ("arm", models.CharField(choices=ARMS, max_length=10)),
                ("draw", models.BinaryField()),
                ("made_at", models.DateTimeField()),
                ("case", link("cases.case", "selections")),
            ],
            options={
                "default_permissions": (),
                "constraints": [
                    models.UniqueConstraint(fields=("case", "purpose"), name="one_draw_per_case_and_purpose")
                ],
            },
        ),
        migrations.CreateModel(
            name="BlindAnswer",
            fields=[
                ("id", identity()),
                ("round", models.PositiveSmallIntegerField()),
                ("outcome", models.CharField(max_length=60)),
                ("sure", models.PositiveSmallIntegerField(null=True)),
                (
                    "reason_codes",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.CharField(max_length=20), default=list, size=None
                    ),
                ),
                ("note", models.TextField(default="", max_length=10000)),
                ("lease", models.IntegerField()),
                ("answered_at", models.DateTimeField()),
                ("active_seconds", models.FloatField(null=True)),
                ("shown_digest", models.CharField(max_length=64)),
                ("case", link("cases.case", "blind_answers")),
                ("queue", link("cases.queue")),
                ("reviewer", link(settings.AUTH_USER_MODEL)),
            ],
            options={
                "default_permissions": (),
                "constraints": [
                    models.UniqueConstraint(fields=("case", "reviewer"), name="nobody_answers_a_case_blind_twice")
                ],
            },
        ),
        append_only("cases_selection"),
        append_only("cases_blindanswer"),
    ]
