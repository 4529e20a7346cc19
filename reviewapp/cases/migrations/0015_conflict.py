import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

from reviewapp.lib.triggers import append_only, frozen_when

_KEPT = "id, user_id, case_id, reference_mac, made_at, recorded_by_id, reason"
_ENDS = "old.ended_at is null and new.ended_at is not null and ({}) is not distinct from ({})".format(
    *(", ".join(f"{row}.{name}" for name in _KEPT.split(", ")) for row in ("old", "new"))
)


def _turned(operation):
    return migrations.RunSQL(operation.reverse_sql, operation.sql)


class Migration(migrations.Migration):

    dependencies = [
        ('cases', '0014_recusal'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        _turned(append_only('cases_recusal')),
        migrations.AddField('recusal', 'recorded_by', models.ForeignKey(db_index=False, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
        migrations.AddField('recusal', 'reason', models.CharField(db_default='', default='', max_length=200)),
        migrations.AddField('recusal', 'ended_at', models.DateTimeField(null=True)),
        migrations.AddField('recusal', 'ended_by', models.ForeignKey(db_index=False, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
        migrations.AddField('recusal', 'end_reason', models.CharField(db_default='', default='', max_length=200)),
        migrations.RemoveConstraint('recusal', 'nobody_steps_back_from_a_case_twice'),
        migrations.AddConstraint('recusal', models.UniqueConstraint(condition=models.Q(('ended_at', None)), fields=('user', 'case'), name='nobody_steps_back_from_a_case_twice')),
        migrations.AddConstraint('recusal', models.CheckConstraint(condition=models.Q(models.Q(('reason', ''), ('recorded_by', None)), models.Q(('recorded_by__isnull', False), models.Q(('reason', ''), _negated=True)), _connector='OR'), name='recorded_conflict_has_a_reason')),
        migrations.AddConstraint('recusal', models.CheckConstraint(condition=models.Q(models.Q(('end_reason', ''), ('ended_at', None), ('ended_by', None)), models.Q(('ended_at__isnull', False), ('ended_by__isnull', False), ('recorded_by__isnull', False), models.Q(('end_reason', ''), _negated=True)), _connector='OR'), name='only_recorded_conflicts_end_and_with_a_reason')),
        frozen_when('cases_recusal', condition=f'not ({_ENDS})'),
    ]
