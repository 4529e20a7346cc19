import django.db.models.deletion
from django.db import migrations, models

from reviewapp.lib.triggers import append_only


class Migration(migrations.Migration):

    dependencies = [
        ('predictions', '0003_routing_threshold'),
    ]

    operations = [
        migrations.CreateModel(
            name='SupersededLabel',
            fields=[
                ('label', models.OneToOneField(on_delete=django.db.models.deletion.PROTECT, primary_key=True, related_name='superseded', serialize=False, to='predictions.label')),
                ('superseded_at', models.DateTimeField()),
            ],
            options={
                'default_permissions': (),
            },
        ),
        append_only("predictions_supersededlabel"),
    ]
