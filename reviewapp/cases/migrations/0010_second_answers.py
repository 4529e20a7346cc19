from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('cases', '0009_sla'),
    ]

    operations = [
        migrations.AddIndex(
            model_name='review',
            index=models.Index(condition=models.Q(('stage', 'second')), fields=['reviewed_at'], name='review_second'),
        ),
    ]
