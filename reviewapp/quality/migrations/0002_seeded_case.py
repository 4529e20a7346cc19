import django.db.models.deletion
from django.db import migrations, models

from reviewapp.lib.triggers import append_only


class Migration(migrations.Migration):

    dependencies = [
        ('cases', '0011_seeded_share'),
        ('quality', '0001_report'),
    ]

    operations = [
        migrations.CreateModel(
            name='SeededCase',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('known_outcome', models.CharField(max_length=60)),
                ('model_is_right', models.BooleanField()),
                ('made_at', models.DateTimeField()),
                ('case', models.OneToOneField(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='cases.case')),
                ('drawn_for', models.OneToOneField(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='cases.case')),
                ('source', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='cases.decision')),
            ],
            options={
                'default_permissions': (),
            },
        ),
        append_only('quality_seededcase'),
    ]
