from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('cases', '0010_second_answers'),
        ('predictions', '0007_copy'),
    ]

    operations = [
        migrations.AddField(
            model_name='queue',
            name='seeded_share',
            field=models.FloatField(db_default=0.0, default=0.0),
        ),
        migrations.AddConstraint(
            model_name='queue',
            constraint=models.CheckConstraint(condition=models.Q(('seeded_share__gte', 0), ('seeded_share__lte', 0.05)), name='queue_seeds_within_its_cap'),
        ),
    ]
