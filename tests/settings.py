"""The product's settings as the tests run it: real PostgreSQL and Redis, cheap password hashes, static files as they are."""

from reviewapp.config.settings import *  # noqa: F403
from reviewapp.config.settings import STORAGES

PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
STORAGES = {**STORAGES, "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}}
EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
