"""Settings, all from the environment; deploy/env.example lists every variable with its meaning and default."""

from pathlib import Path
from urllib.parse import unquote, urlparse

import drf_spectacular_sidecar
from csp.constants import NONE, SELF

from reviewapp.config import env

BASE_DIR = Path(__file__).resolve().parent.parent.parent
DATA_DIR = env.folder("DATA_DIR", BASE_DIR / ".countersign")
ARTIFACT_DIR = DATA_DIR / "artifacts"

# Keys: the session and cursor key, the keys of people's identity, the key that authenticates audit rows
SECRET_KEY = env.secret("SECRET_KEY")
MASTER_KEYS = env.keyring("COUNTERSIGN_MASTER_KEYS")
AUDIT_KEY = env.secret("COUNTERSIGN_AUDIT_KEY").encode()

DEBUG = False
HTTPS = env.flag("HTTPS", default=False)
ALLOWED_HOSTS = env.words("ALLOWED_HOSTS", "127.0.0.1,localhost")
CSRF_TRUSTED_ORIGINS = env.words("CSRF_TRUSTED_ORIGINS")
SOCKET_PORT = env.whole("SOCKET_PORT", 0, low=0, high=65535)  # 0: a proxy serves pages and sockets on one port
PAGES_PORT = env.whole("PORT", 8000, low=1, high=65535)  # where sockets that have a port of their own expect the pages

ROOT_URLCONF = "reviewapp.config.urls"
WSGI_APPLICATION = "reviewapp.config.wsgi.application"
ASGI_APPLICATION = "reviewapp.config.asgi.application"

INSTALLED_APPS = [
    "django.contrib.contenttypes",
    "django.contrib.auth",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "guardian",
    "rest_framework",
    "drf_spectacular",
    "csp",
    "channels",
    "reviewapp.audit",
    "reviewapp.access",
    "reviewapp.catalog",
    "reviewapp.predictions",
    "reviewapp.cases",
    "reviewapp.policies",
    "reviewapp.quality",
    "reviewapp.monitoring",
    "reviewapp.datasets",
    "reviewapp.notifications",
    "reviewapp.intake",
    "reviewapp.standalone",
    "reviewapp.demo",
    "reviewapp.config",
]

MIDDLEWARE = [
    "reviewapp.config.middleware.RequestGuard",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "reviewapp.config.middleware.ContentPolicy",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "reviewapp.access.middleware.ActorMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
]

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "OPTIONS": {
            "builtins": ["reviewapp.config.filters"],
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.messages.context_processors.messages",
                "reviewapp.config.context.page",
            ],
            "loaders": [
                (
                    "django.template.loaders.cached.Loader",
                    ["django.template.loaders.filesystem.Loader", "django.template.loaders.app_directories.Loader"],
                )
            ],
        },
    }
]


def _database(url: str) -> dict[str, object]:
    parts = urlparse(url)
    if parts.scheme not in {"postgres", "postgresql"}:
        raise env.ImproperlyConfigured("DATABASE_URL must begin with postgresql://")
    query = dict(item.split("=", 1) for item in parts.query.split("&") if "=" in item)
    return {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": parts.path.lstrip("/") or "postgres",
        "USER": unquote(parts.username or ""),
        "PASSWORD": unquote(parts.password or ""),
        "HOST": unquote(query.pop("host", parts.hostname or "")),
        "PORT": str(parts.port or ""),
        # A pool per process. An outage is a clean refusal within seconds, never a hanging request.
        "OPTIONS": {
            **{name: unquote(value) for name, value in query.items()},
            "pool": {
                "min_size": 1,
                "max_size": env.whole("DATABASE_POOL", 8, low=1, high=100),
                "timeout": 4,
                "max_lifetime": 1800,
                "reconnect_timeout": 0,
            },
            "server_side_binding": True,
            "prepare_threshold": 3,
            "connect_timeout": 3,
            "options": "-c statement_timeout=30000 -c lock_timeout=8000 -c idle_in_transaction_session_timeout=60000",
        },
        "CONN_HEALTH_CHECKS": False,
        "DISABLE_SERVER_SIDE_CURSORS": False,
    }


DATABASES = {"default": _database(env.text("DATABASE_URL"))}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
REDIS_URL = env.text("REDIS_URL")
CACHES = {
    "default": {
        "BACKEND": "django.core.cache.backends.redis.RedisCache",
        "LOCATION": REDIS_URL,
        "OPTIONS": {"socket_connect_timeout": 0.3, "socket_timeout": 0.5},
    }
}

# People
AUTH_USER_MODEL = "access.User"
AUTHENTICATION_BACKENDS = ["reviewapp.access.backends.PasswordBackend", "guardian.backends.ObjectPermissionBackend"]
GUARDIAN_RAISE_403 = False
GUARDIAN_MONKEY_PATCH_USER = False
ANONYMOUS_USER_NAME = None
PASSWORD_HASHERS = ["django.contrib.auth.hashers.Argon2PasswordHasher"]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 12}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]
LOGIN_URL = "access:sign-in"

SESSION_ENGINE = "django.contrib.sessions.backends.db"
SESSION_COOKIE_NAME = "countersign_session"
SESSION_COOKIE_SECURE = HTTPS
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"
SESSION_IDLE_SECONDS = env.whole("SESSION_IDLE_MINUTES", 15, low=1, high=720) * 60
SESSION_COOKIE_AGE = env.whole("SESSION_HOURS", 12, low=1, high=24) * 3600
CSRF_COOKIE_SECURE = HTTPS
CSRF_COOKIE_SAMESITE = "Lax"
CSRF_FAILURE_VIEW = "reviewapp.config.views.csrf_failure"

# What a browser may do
SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_REFERRER_POLICY = "same-origin"
SECURE_CROSS_ORIGIN_OPENER_POLICY = "same-origin"
SECURE_SSL_REDIRECT = HTTPS
SECURE_HSTS_SECONDS = 31_536_000 if HTTPS else 0
BEHIND_PROXY = env.flag("BEHIND_PROXY", default=False)
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if BEHIND_PROXY else None
USE_X_FORWARDED_HOST = False
X_FRAME_OPTIONS = "DENY"
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [NONE],
        "script-src": [SELF],
        "style-src": [SELF],
        "img-src": [SELF, "data:"],
        "font-src": [SELF],
        "connect-src": [SELF],  # the socket's address is added per request by ContentPolicy, for the host asked for
        "form-action": [SELF],
        "base-uri": [NONE],
        "frame-ancestors": [NONE],
    }
}

# Sizes: these bound forms; the limits of the API's bodies and of documents follow
DATA_UPLOAD_MAX_MEMORY_SIZE = 1_048_576
DATA_UPLOAD_MAX_NUMBER_FIELDS = 1_000
FILE_UPLOAD_HANDLERS: list[str] = []  # no form but that of documents takes a file, and the guard sees to that one
API_BODY_BYTES = 1_048_576
API_BATCH_BYTES = 16 * 1_048_576
DOCUMENT_BODY_BYTES = 10 * 1_048_576 + 65_536  # a document and what it is wrapped in
INTAKE_BACKLOG_LIMIT = env.whole("INTAKE_BACKLOG_LIMIT", 50_000, low=1, high=10_000_000)

# So long may a person take an answer back; only then does its decision become a label
UNDO_SECONDS = env.whole("UNDO_SECONDS", 10, low=0, high=60)

STATIC_URL = "/static/"
SWAGGER_UI = Path(drf_spectacular_sidecar.__file__).parent / "static/drf_spectacular_sidecar/swagger-ui-dist"
STATICFILES_DIRS = [BASE_DIR / "static", ("swagger-ui", SWAGGER_UI)]
STATICFILES_FINDERS = [
    "django.contrib.staticfiles.finders.FileSystemFinder"
]  # nothing of the applications': pages of theirs are not served
STATIC_ROOT = env.folder("STATIC_ROOT", DATA_DIR / "static")
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage"},
}
WHITENOISE_MAX_AGE = 3600

LANGUAGE_CODE = "en-gb"
TIME_ZONE = env.text("TIME_ZONE", "UTC")
USE_I18N = False
USE_TZ = True

REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": [
        "reviewapp.access.authentication.ApiKeyAuthentication",
        "reviewapp.access.authentication.SessionAuthentication",
    ],
    "DEFAULT_PERMISSION_CLASSES": ["rest_framework.permissions.IsAuthenticated"],
    "DEFAULT_RENDERER_CLASSES": ["reviewapp.lib.api.ApiRenderer"],
    "DEFAULT_PARSER_CLASSES": ["reviewapp.lib.api.StrictJSONParser"],
    "DEFAULT_CONTENT_NEGOTIATION_CLASS": "reviewapp.lib.api.JSONOnly",
    "DEFAULT_METADATA_CLASS": None,
    "DEFAULT_SCHEMA_CLASS": "drf_spectacular.openapi.AutoSchema",
    "EXCEPTION_HANDLER": "reviewapp.config.api.problem_response",
    "UNAUTHENTICATED_USER": None,
    "DEFAULT_THROTTLE_CLASSES": [],
}
SPECTACULAR_SETTINGS = {
    "TITLE": "Countersign API",
    "VERSION": "1",
    "DESCRIPTION": "Send predictions, review cases, read labels. Authorization: Bearer csk_…",
    "OAS_VERSION": "3.1.0",
    "SERVE_INCLUDE_SCHEMA": False,
    "SCHEMA_PATH_PREFIX": "/api/v1",
    "POSTPROCESSING_HOOKS": ["drf_spectacular.hooks.postprocess_schema_enums", "reviewapp.config.openapi.complete"],
    "ENUM_NAME_OVERRIDES": {
        "CaseStateEnum": ["open", "leased", "pended", "decided"],
        "DatasetStateEnum": ["pending", "frozen", "failed"],
        "PredictionStatusEnum": ["pending", "routed", "failed"],
    },
}

# Work in the background: rows are the work, messages only ring
CELERY_BROKER_URL = REDIS_URL
CELERY_RESULT_BACKEND = None
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_SERIALIZER = "json"
CELERY_ACCEPT_CONTENT = ["json"]
CELERY_TASK_ACKS_LATE = True
CELERY_TASK_REJECT_ON_WORKER_LOST = True
CELERY_TASK_DEFAULT_QUEUE = "default"
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_BROKER_TRANSPORT_OPTIONS = {
    "visibility_timeout": 300,
    "unacked_restore_interval": 5,
    "unacked_restore_throttle": 1,
    "socket_connect_timeout": 2,
    "socket_keepalive": True,
    "health_check_interval": 10,
}
CELERY_BEAT_SCHEDULE = {
    "label-decisions": {
        "task": "cases.label_decisions",
        "schedule": 1.0,
        "options": {"expires": 1, "queue": "default"},
    },
    "return-due": {
        "task": "cases.return_due",
        "schedule": 10.0,
        "options": {"expires": 10, "queue": "default"},
    },
    "watch-sla": {
        "task": "cases.watch_sla",
        "schedule": 10.0,
        "options": {"expires": 10, "queue": "default"},
    },
    "score-pending": {"task": "intake.score_pending", "schedule": 5.0, "options": {"expires": 5, "queue": "models"}},
    "answer-what-ifs": {
        "task": "intake.answer_what_ifs",
        "schedule": 5.0,
        "options": {"expires": 5, "queue": "models"},
    },
    "life-of-models": {
        "task": "config.sign_of_life",
        "schedule": 10.0,
        "args": ["models"],
        "options": {"expires": 10, "queue": "models"},
    },
    "life-of-default": {
        "task": "config.sign_of_life",
        "schedule": 10.0,
        "args": ["default"],
        "options": {"expires": 10, "queue": "default"},
    },
    "mix-in-seeded": {
        "task": "quality.mix_in",
        "schedule": 10.0,
        "options": {"expires": 10, "queue": "default"},
    },
    "draw-qa-samples": {
        "task": "quality.draw_samples",
        "schedule": 10.0,
        "options": {"expires": 10, "queue": "default"},
    },
    "work-out-quality": {
        "task": "quality.work_out",
        "schedule": 60.0,
        "options": {"expires": 60, "queue": "default"},
    },
    "work-out-forecasts": {
        "task": "monitoring.work_out",
        "schedule": 60.0,
        "options": {"expires": 60, "queue": "default"},
    },
    "forget-old": {
        "task": "access.forget_old",
        "schedule": 600.0,
        "options": {"expires": 600, "queue": "default"},
    },
    "freeze-datasets": {
        "task": "datasets.freeze_pending",
        "schedule": 10.0,
        "options": {"expires": 10, "queue": "default"},
    },
}

CHANNEL_LAYERS = {"default": {"BACKEND": "channels.layers.InMemoryChannelLayer"}}

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"json": {"()": "reviewapp.config.logs.Formatter"}},
    "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "json"}},
    "root": {"handlers": ["stderr"], "level": env.text("LOG_LEVEL", "INFO")},
    "loggers": {
        "django.request": {"level": "ERROR"},
        "django.security.DisallowedHost": {"level": "CRITICAL"},
        "celery": {"level": "WARNING"},
        "kombu": {"level": "WARNING"},
    },
}
TEST_RUNNER = "django.test.runner.DiscoverRunner"
