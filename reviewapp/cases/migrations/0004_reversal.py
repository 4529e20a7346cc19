import django.db.models.deletion
import reviewapp.lib.ids
from django.conf import settings
from django.db import migrations, models

from reviewapp.lib.triggers import append_only


class Migration(migrations.Migration):

    dependencies = [
        ('cases', '0003_append_only'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name='Reversal',
            fields=[
                ('id', models.UUIDField(default=reviewapp.lib.ids.uuid7, editable=False, primary_key=True, serialize=False)),
                ('round', models.PositiveSmallIntegerField()),
                ('kind', models.CharField(choices=[('undo', 'undo'), ('reopen', 'reopen')], max_length=6)),
                ('reason', models.TextField(default='', max_length=200)),
                ('made_at', models.DateTimeField()),
                ('case', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='reversals', to='cases.case')),
                ('made_by', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
            ],
            options={
                'default_permissions': (),
                'constraints': [models.UniqueConstraint(fields=('case', 'round'), name='a_round_is_reversed_once'), models.CheckConstraint(condition=models.Q(('kind', 'undo'), models.Q(('reason', ''), _negated=True), _connector='OR'), name='reopening_needs_a_reason')],
            },
        ),
        append_only("cases_reversal"),
    ]
