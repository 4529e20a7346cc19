from django.db import migrations

ROLES = ["Reviewer", "Lead", "Admin", "Auditor", "ML", "Service"]


def add_roles(apps, schema_editor):
    group = apps.get_model("auth", "Group")
    for role in ROLES:
        group.objects.get_or_create(name=role)


class Migration(migrations.Migration):
    dependencies = [("access", "0001_initial")]
    operations = [migrations.RunPython(add_roles, migrations.RunPython.noop)]
