import django.db.models.deletion
import reviewapp.lib.ids
from django.conf import settings
from django.db import migrations, models
from django.db.models import Q

from reviewapp.lib.triggers import frozen_when

# All that may change: an open one is closed, with its answer.
_CLOSED_OR_REWRITTEN = (
    "old.state <> 'open' or (new.id, new.case_id, new.round, new.asked_by_id, new.asked_at, new.reason)"
    " is distinct from (old.id, old.case_id, old.round, old.asked_by_id, old.asked_at, old.reason)"
)


class Migration(migrations.Migration):

    dependencies = [
        ('cases', '0018_skill'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name='ReopenRequest',
            fields=[
                ('id', models.UUIDField(default=reviewapp.lib.ids.uuid7, editable=False, primary_key=True, serialize=False)),
                ('round', models.PositiveSmallIntegerField()),
                ('asked_at', models.DateTimeField()),
                ('reason', models.TextField(max_length=200)),
                ('state', models.CharField(choices=[('open', 'open'), ('granted', 'granted'), ('declined', 'declined'), ('lapsed', 'lapsed')], default='open', max_length=8)),
                ('answered_at', models.DateTimeField(null=True)),
                ('answer', models.TextField(default='', max_length=200)),
                ('answered_by', models.ForeignKey(db_index=False, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('asked_by', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('case', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='cases.case')),
            ],
            options={
                'default_permissions': (),
                'indexes': [
                    models.Index(fields=['asked_by', '-id'], name='reopen_request_by_asker'),
                    models.Index(condition=Q(state='open'), fields=['id'], name='reopen_request_open'),
                ],
                'constraints': [
                    models.UniqueConstraint(condition=Q(state='open'), fields=('case', 'asked_by'), name='one_open_request_per_case_and_person'),
                    models.CheckConstraint(
                        condition=(
                            Q(state='open', answered_at__isnull=True, answered_by__isnull=True, answer='')
                            | Q(state='granted', answered_at__isnull=False, answered_by__isnull=False)
                            | Q(state='declined', answered_at__isnull=False, answered_by__isnull=False) & ~Q(answer='')
                            | Q(state='lapsed', answered_at__isnull=False, answered_by__isnull=True, answer='')
                        ),
                        name='reopen_request_is_open_or_answered',
                    ),
                ],
            },
        ),
        frozen_when('cases_reopenrequest', condition=_CLOSED_OR_REWRITTEN),
    ]
