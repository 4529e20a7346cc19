from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('cases', '0020_document'),
    ]

    operations = [
        migrations.AddField(
            model_name='queue',
            name='qa_automatic_share',
            field=models.FloatField(db_default=0.0, default=0.0),
        ),
        migrations.AddField(
            model_name='queue',
            name='qa_human_share',
            field=models.FloatField(db_default=0.0, default=0.0),
        ),
        migrations.AddConstraint(
            model_name='queue',
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ('qa_automatic_share__gte', 0),
                    ('qa_automatic_share__lte', 1),
                    ('qa_human_share__gte', 0),
                    ('qa_human_share__lte', 1),
                ),
                name='queue_qa_shares_are_shares',
            ),
        ),
    ]
