import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('predictions', '0007_copy'),
    ]

    operations = [
        migrations.AddField(
            model_name='prediction',
            name='corrects',
            field=models.ForeignKey(db_index=False, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='predictions.prediction'),
        ),
        migrations.RemoveConstraint(
            model_name='prediction',
            name='prediction_external_id_is_unique',
        ),
        migrations.AddConstraint(
            model_name='prediction',
            constraint=models.UniqueConstraint(condition=models.Q(('copy_of', None), ('corrects', None)), fields=('use_case', 'external_id'), name='prediction_external_id_is_unique'),
        ),
        migrations.AlterField(
            model_name='modelwork',
            name='needs',
            field=models.CharField(choices=[('score', 'score'), ('explain', 'explain'), ('rescore', 'rescore')], max_length=7),
        ),
    ]
