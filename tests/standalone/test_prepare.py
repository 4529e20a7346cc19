"""`manage.py prepare` collects static files when one of them has changed, and only then."""

import shutil

import pytest
from django.core.management import call_command

pytestmark = pytest.mark.django_db


@pytest.fixture
def source(settings, tmp_path):
    """A folder with one file, in a data folder of its own."""
    folder = tmp_path / "source"
    folder.mkdir()
    (folder / "a.css").write_text("a {}")
    settings.DATA_DIR = tmp_path
    settings.STATIC_ROOT = tmp_path / "static"
    settings.STATICFILES_DIRS = [folder]
    return folder


@pytest.fixture
def collected(monkeypatch):
    """How often files were collected."""
    import reviewapp.config.management.commands.prepare as command

    calls = []

    def call(name, **options):
        calls.append(name)
        return call_command(name, **options)

    monkeypatch.setattr(command, "call_command", call)
    return lambda: calls.count("collectstatic")


def test_a_second_time_nothing_is_collected(source, collected, settings):
    for _ in range(3):
        call_command("prepare")
    assert collected() == 1
    assert (settings.STATIC_ROOT / "a.css").read_text() == "a {}"


def test_a_changed_and_a_new_file_are_collected(source, collected, settings):
    call_command("prepare")
    (source / "a.css").write_text("a { color: red }")
    call_command("prepare")
    (source / "b.css").write_text("b {}")
    call_command("prepare")
    assert collected() == 3
    assert (settings.STATIC_ROOT / "a.css").read_text() == "a { color: red }"
    assert (settings.STATIC_ROOT / "b.css").exists()


def test_a_lost_folder_is_filled_again(source, collected, settings):
    call_command("prepare")
    shutil.rmtree(settings.STATIC_ROOT)
    call_command("prepare")
    assert (settings.STATIC_ROOT / "a.css").exists()


def test_the_commands_named_are_run(source, collected, capsys):
    call_command("prepare", "verify_audit")
    assert capsys.readouterr().out
