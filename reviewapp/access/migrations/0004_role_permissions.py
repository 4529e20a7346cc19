from django.db import migrations

# The roles' rights that hold everywhere. Rights on one queue or use case are grants and are given on the people page.
PERMISSIONS = {
    "Admin": [("access", "user", "manage_people"), ("access", "user", "manage_keys"), ("audit", "auditevent", "view_trail")],
    "Auditor": [("audit", "auditevent", "view_trail")],
}
NAMES = {
    "manage_people": "May make people and change what they may do",
    "manage_keys": "May make and revoke API keys",
    "view_trail": "May read the audit trail",
}


def give_permissions(apps, schema_editor):
    """Permission rows are made by a signal after all migrations; those needed now are made here, the same."""
    group = apps.get_model("auth", "Group")
    permission = apps.get_model("auth", "Permission")
    content_type = apps.get_model("contenttypes", "ContentType")
    for role, rights in PERMISSIONS.items():
        for app, model, codename in rights:
            kind, _ = content_type.objects.get_or_create(app_label=app, model=model)
            right, _ = permission.objects.get_or_create(content_type=kind, codename=codename, defaults={"name": NAMES[codename]})
            group.objects.get(name=role).permissions.add(right)


class Migration(migrations.Migration):
    dependencies = [
        ("access", "0003_sign_in_budget"),
        ("audit", "0001_initial"),
        ("auth", "0012_alter_user_first_name_max_length"),
        ("contenttypes", "0002_remove_content_type_name"),
    ]
    operations = [migrations.RunPython(give_permissions, migrations.RunPython.noop)]
