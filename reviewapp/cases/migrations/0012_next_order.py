from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('cases', '0011_seeded_share'),
    ]

    operations = [
        migrations.AddField(
            model_name='queue',
            name='next_order',
            field=models.CharField(choices=[('priority', 'priority'), ('due', 'due'), ('unsure', 'unsure'), ('oldest', 'oldest')], db_default='priority', default='priority', max_length=8),
        ),
        migrations.AddIndex(
            model_name='case',
            index=models.Index(models.F('queue'), models.OrderBy(models.F('priority'), descending=True), models.Case(models.When(is_blind=True, then=models.Value(1.0)), default=models.F('confidence')), models.F('due_at'), models.F('id'), condition=models.Q(('state', 'decided'), _negated=True), name='case_by_doubt'),
        ),
        migrations.AddIndex(
            model_name='case',
            index=models.Index(condition=models.Q(('state', 'decided'), _negated=True), fields=['queue', '-priority', 'opened_at', 'id'], name='case_by_age'),
        ),
    ]
