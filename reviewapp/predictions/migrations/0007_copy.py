import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('predictions', '0006_flips'),
    ]

    operations = [
        migrations.AddField(
            model_name='prediction',
            name='copy_of',
            field=models.ForeignKey(db_index=False, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='copies', to='predictions.prediction'),
        ),
        migrations.RemoveConstraint(
            model_name='prediction',
            name='prediction_external_id_is_unique',
        ),
        migrations.AddConstraint(
            model_name='prediction',
            constraint=models.UniqueConstraint(condition=models.Q(('copy_of', None)), fields=('use_case', 'external_id'), name='prediction_external_id_is_unique'),
        ),
        migrations.AddIndex(
            model_name='prediction',
            index=models.Index(condition=models.Q(('copy_of__isnull', False)), fields=['copy_of'], name='prediction_copies'),
        ),
    ]
