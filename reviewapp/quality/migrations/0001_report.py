import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):

    initial = True

    dependencies = [
        ('cases', '0010_second_answers'),
    ]

    operations = [
        migrations.CreateModel(
            name='QualityReport',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('kind', models.CharField(choices=[('agreement', 'agreement')], max_length=12)),
                ('made_at', models.DateTimeField()),
                ('body', models.JSONField()),
                ('queue', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='+', to='cases.queue')),
            ],
            options={
                'db_table': 'quality_report',
                'default_permissions': (),
                'constraints': [models.UniqueConstraint(fields=('queue', 'kind'), name='one_report_per_queue_and_kind')],
            },
        ),
    ]
