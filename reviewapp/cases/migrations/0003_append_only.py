from django.db import migrations

from reviewapp.lib.triggers import append_only


class Migration(migrations.Migration):
    dependencies = [("cases", "0002_links")]
    operations = [
        append_only("cases_review"),
        append_only("cases_decision"),
    ]
