from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("access", "0004_role_permissions")]
    operations = [
        migrations.AddField("user", "own_keys", models.JSONField(blank=True, db_default={}, default=dict)),
    ]
