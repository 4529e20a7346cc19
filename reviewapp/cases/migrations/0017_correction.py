import django.db.models.deletion
import reviewapp.lib.ids
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('cases', '0016_comment'),
        ('predictions', '0008_corrects'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.AddField(
            model_name='case',
            name='is_correcting',
            field=models.BooleanField(db_default=False, default=False),
        ),
        migrations.CreateModel(
            name='Correction',
            fields=[
                ('id', models.UUIDField(default=reviewapp.lib.ids.uuid7, editable=False, primary_key=True, serialize=False)),
                ('round', models.PositiveSmallIntegerField()),
                ('stage', models.CharField(max_length=12)),
                ('sources', models.JSONField()),
                ('made_at', models.DateTimeField()),
                ('state', models.CharField(choices=[('waiting', 'waiting'), ('applied', 'applied'), ('lapsed', 'lapsed'), ('failed', 'failed')], default='waiting', max_length=8)),
                ('ended_at', models.DateTimeField(null=True)),
                ('after', models.OneToOneField(on_delete=django.db.models.deletion.PROTECT, related_name='correction', to='predictions.prediction')),
                ('before', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='corrections', to='predictions.prediction')),
                ('case', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='corrections', to='cases.case')),
                ('made_by', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
            ],
            options={
                'default_permissions': (),
                'constraints': [
                    models.UniqueConstraint(condition=models.Q(('state', 'waiting')), fields=('case',), name='one_correction_waits_per_case'),
                    models.UniqueConstraint(condition=models.Q(('state', 'applied')), fields=('before',), name='a_prediction_is_corrected_once'),
                    models.CheckConstraint(condition=models.Q(models.Q(('ended_at__isnull', True), ('state', 'waiting')), models.Q(models.Q(('state', 'waiting'), _negated=True), ('ended_at__isnull', False), ('state__in', ('waiting', 'applied', 'lapsed', 'failed'))), _connector='OR'), name='correction_waits_or_has_ended'),
                ],
            },
        ),
    ]
