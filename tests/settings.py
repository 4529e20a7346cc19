"""The product's settings as the tests run it: real PostgreSQL and Redis, cheap password hashes, static files as they are."""

from reviewapp.config.settings import *  # noqa: F403
from reviewapp.config.settings import STORAGES

PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
STORAGES = {**STORAGES, "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}}
UNDO_SECONDS = 0  # a label is there as soon as its decision; the tests of taking back set it
EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
