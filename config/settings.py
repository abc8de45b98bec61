"""The one settings module. Safe by default; everything that varies comes from the environment (docs/operations.md)."""

import secrets
import sys
from pathlib import Path

from celery.schedules import crontab
from csp.constants import NONE, SELF
from django.core.exceptions import ImproperlyConfigured

from config import env

BASE_DIR = Path(__file__).resolve().parent.parent
DATA_DIR = env.path("SLIPWAY_DATA", BASE_DIR / ".slipway")


def _secret(name: str, filename: str) -> str:
    """The secret given, or one generated once into the data folder, readable by its owner only."""
    given = env.text(name)
    if given:
        return given
    file = DATA_DIR / "secrets" / filename
    if not file.exists():
        file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        fresh = file.with_suffix(f".{secrets.token_hex(4)}")
        fresh.touch(mode=0o600)
        fresh.write_text(secrets.token_urlsafe(48))
        try:
            file.hardlink_to(fresh)  # the first of several starting processes wins
        except FileExistsError:
            pass
        fresh.unlink()
    return file.read_text().strip()


SECRET_KEY = _secret("SLIPWAY_SECRET_KEY", "django")
DEBUG = env.flag("SLIPWAY_DEBUG")
DEMO = env.flag("SLIPWAY_DEMO")
SITE_URL = env.text("SLIPWAY_URL", "http://localhost:8000").rstrip("/")
ALLOWED_HOSTS = env.words("SLIPWAY_HOSTS", "localhost,127.0.0.1,[::1]")
CSRF_TRUSTED_ORIGINS = [SITE_URL]

INSTALLED_APPS = [
    *(["demo"] if DEMO else []),
    "rollouts",
    "approvals",
    "validation",
    "releases",
    "flags",
    "core",
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django.contrib.postgres",
    "django_htmx",
    "template_partials",
    "csp",
    "axes",
]

MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "core.middleware.CompressionMiddleware",
    "csp.middleware.CSPMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "core.middleware.LoginRequiredMiddleware",
    "core.middleware.TimezoneMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "axes.middleware.AxesMiddleware",
    "core.middleware.UnstorableMiddleware",
    "core.middleware.WrongMethodMiddleware",
]

ROOT_URLCONF = "config.urls"
ASGI_APPLICATION = "config.asgi.application"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "core.context.shell",
            ],
            "builtins": ["core.templatetags.ui", "core.templatetags.times", "core.templatetags.drawings"],
        },
    }
]

# The application runs as a role that owns nothing; only migrating uses the owner.
_OWNER_COMMANDS = {"migrate", "makemigrations", "sqlmigrate", "showmigrations", "flush"}
_as_owner = len(sys.argv) > 1 and sys.argv[0].endswith("manage.py") and sys.argv[1] in _OWNER_COMMANDS
DATABASES = {
    "default": env.database("DATABASE_OWNER_URL" if _as_owner and env.text("DATABASE_OWNER_URL") else "DATABASE_URL")
}
DATABASES["default"]["OPTIONS"].setdefault("application_name", "slipway")
RUNTIME_ROLE = env.text("SLIPWAY_RUNTIME_ROLE", "slipway_app")
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

AUTH_USER_MODEL = "core.User"
AUTHENTICATION_BACKENDS = ["axes.backends.AxesStandaloneBackend", "django.contrib.auth.backends.ModelBackend"]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": f"django.contrib.auth.password_validation.{name}"}
    for name in ("UserAttributeSimilarityValidator", "MinimumLengthValidator", "CommonPasswordValidator")
]
LOGIN_URL = "login"
LOGIN_REDIRECT_URL = "today"
LOGOUT_REDIRECT_URL = "login"
AXES_FAILURE_LIMIT = 5
AXES_COOLOFF_TIME = 0.25  # hours
AXES_LOCKOUT_PARAMETERS = [["username", "ip_address"]]
AXES_USERNAME_CALLABLE = "core.throttle.name_of"
AXES_RESET_ON_SUCCESS = True
AXES_LOCKOUT_CALLABLE = "core.views.accounts.locked"
AXES_HTTP_RESPONSE_CODE = 429
AXES_VERBOSE = False
AXES_DISABLE_ACCESS_LOG = True  # who signed in when, and from where, is nobody's business here
AXES_ENABLE_ADMIN = False  # lifting a lock is `manage.py axes_reset_username`

# TLS is assumed unless the operator says otherwise; `make run` on loopback says otherwise.
_https = not env.flag("SLIPWAY_INSECURE_HTTP")
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = _https
SECURE_SSL_REDIRECT = _https
SECURE_HSTS_SECONDS = 31_536_000 if _https else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = SECURE_HSTS_PRELOAD = _https
SECURE_REDIRECT_EXEMPT = [r"^healthz$"]
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if env.flag("SLIPWAY_BEHIND_PROXY") else None
SECURE_REFERRER_POLICY = "same-origin"
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = CSRF_COOKIE_SAMESITE = "Lax"
X_FRAME_OPTIONS = "DENY"
DATA_UPLOAD_MAX_NUMBER_FIELDS = 10_000  # a flag's hundred rules with their rows, in one form
CSRF_FAILURE_VIEW = "core.views.errors.csrf"
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [NONE],
        "script-src": [SELF],
        "style-src": [SELF],
        "img-src": [SELF, "data:"],
        "font-src": [SELF],
        "connect-src": [SELF],
        "form-action": [SELF],
        "base-uri": [NONE],
        "frame-ancestors": [NONE],
    }
}

LANGUAGE_CODE = "en-gb"
TIME_ZONE = "UTC"
USE_TZ = True
USE_I18N = False
STATIC_URL = "static/"
STATIC_ROOT = DATA_DIR / "static"
STATICFILES_DIRS = [BASE_DIR / "static"]
WHITENOISE_USE_FINDERS = not (STATIC_ROOT / "staticfiles.json").exists()  # nothing collected: serve them where they are
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "core.static.ManifestStorage"},
}
MEDIA_ROOT = DATA_DIR / "media"

locals().update(env.smtp("EMAIL_URL"))
EMAIL_TIMEOUT = 10
DEFAULT_FROM_EMAIL = env.text("SLIPWAY_MAIL_FROM", "Slipway <slipway@localhost>")

CELERY_BROKER_URL = env.text("REDIS_URL", "redis://localhost:6379/0")
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_ACKS_LATE = True
CELERY_TASK_REJECT_ON_WORKER_LOST = True
CELERY_TASK_DEFAULT_QUEUE = "default"
CELERY_TASK_PUBLISH_RETRY = False  # the queue is a hint: a dead broker must not hold a request up
CELERY_BROKER_TRANSPORT_OPTIONS = {"socket_connect_timeout": 1, "socket_timeout": 5, "visibility_timeout": 60}
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_TASK_TIME_LIMIT = 120
TICK_SECONDS = env.number("SLIPWAY_TICK", 1.0)
CELERY_TASK_ROUTES = {
    "rollouts.tasks.apply_rollback": {"queue": "rollback"},
    "core.tasks.deliver_due": {"queue": "mail"},  # a silent mail server must not keep the judge waiting
}
CELERY_BEAT_SCHEDULE = {
    "rollouts": {"task": "rollouts.tasks.due", "schedule": TICK_SECONDS, "options": {"expires": 5}},
    "slots": {"task": "rollouts.tasks.observe", "schedule": 5.0, "options": {"expires": 5}},
    "outbox": {"task": "core.tasks.deliver_due", "schedule": 5.0, "options": {"expires": 10}},
    "flag-changes": {"task": "flags.tasks.make_due_changes", "schedule": 5.0, "options": {"expires": 10}},
    "signers": {"task": "approvals.tasks.tell_changes", "schedule": 5.0, "options": {"expires": 10}},
    "flag-digest": {"task": "flags.tasks.tell_owners", "schedule": crontab(minute="*/30"), "options": {"expires": 600}},
    "anchor": {"task": "core.tasks.anchor_heads", "schedule": 60.0, "options": {"expires": 60}},
}

# Rooms plug in here, as middleware does: one dotted path each, in the order they are shown.
GATES = [
    "releases.gates.scope",
    "releases.gates.flag_coverage",
    "releases.gates.candidate",
    "validation.gates.staging",
    "approvals.gates.checklist",
    "approvals.gates.signoff",
    "releases.gates.running_build",
    "releases.gates.freeze",
    "rollouts.gates.plan",
    "rollouts.gates.slots",
]
SEAL_PARTS = [
    "releases.seal.features",
    "releases.seal.candidates",
    "releases.seal.flags",
    "validation.seal.tests",
    "rollouts.seal.plan",
    "releases.seal.way_back",
    "approvals.seal.checklist",
    "approvals.seal.policy",
]

RELEASE_PANELS = ["validation.panels.release", "approvals.panels.release", "rollouts.panels.release"]
FEATURE_FACTS = ["validation.columns.scenarios"]
RISKS = ["releases.risk.reasons", "validation.risks.reasons", "rollouts.risks.reasons"]
PRODUCT_PANELS = [
    "core.product_panels.people",
    "core.product_panels.teams",
    "approvals.product_panels.policy",
    "releases.product_panels.freezes",
    "core.product_panels.environments",
    "flags.product_panels.changes",
    "releases.product_panels.slots",
    "rollouts.product_panels.adapters",
    "core.product_panels.about",
    "core.product_panels.tokens",
    "flags.product_panels.keys",
]
# What may claim flags: the module that locks its row before what is signed changes, and says whether it is under way.
FLAG_CLAIMS = {"release": "releases.claims"}
SIGNERS = ["approvals.consequences.signed"]
TODAY = [f"{room}.today.work" for room in ("approvals", "validation", "flags", "rollouts", "releases")]
# What a topic of live events and a stream of the record is about; the model's `visible_to` says who may watch.
TOPICS = {
    "product": "core.Product",
    "environment": "core.Environment",
    "flags": "core.Environment",
    "flag": "flags.Flag",
    "release": "releases.Release",
    "rollout": "rollouts.Rollout",
}
TOPIC_PRODUCTS = {
    "product": "pk",
    "environment": "product",
    "flags": "product",
    "flag": "product",
    "release": "candidates__product",
    "rollout": "release__candidates__product",
}
# Free texts that go when a person is erased: model → the path to whose words they are.
ERASABLE_TEXTS = {
    "approvals.DecisionReason": "decision__person",
    "approvals.RemarkText": "remark__person",
    "approvals.TickEvidence": "tick__person",
    "validation.ResultNote": "result__run__tester",
    "validation.StepNote": "result__run__tester",
    "validation.FindingNote": "event__by",
    "rollouts.Reason": "person",
}
AUDIT_SENTENCES = [
    f"{room}.sentences.SENTENCES" for room in ("core", "flags", "releases", "validation", "approvals", "rollouts")
]

SLIPWAY_HTTP_ALLOW = env.words("SLIPWAY_HTTP_ALLOW")
SLIPWAY_ROUTERS = env.mapping(
    "SLIPWAY_ROUTERS", {"flag": {"backend": "rollouts.routers.flag.FlagRouter", "options": {}}}
)
SLIPWAY_METRICS = env.mapping("SLIPWAY_METRICS", {})
AUDIT_KEY_FILE = env.path("SLIPWAY_AUDIT_KEY", DATA_DIR / "secrets" / "audit.pem")
AUDIT_ANCHOR_FILE = env.path("SLIPWAY_AUDIT_ANCHORS", DATA_DIR / "audit-anchors.jsonl")
FLAG_SNAPSHOT_DIR = env.path("SLIPWAY_SNAPSHOTS", DATA_DIR / "snapshots")
FLAG_RATE = env.number("SLIPWAY_FLAG_RATE", 0)
FLAG_TICKET_SECONDS = env.number("SLIPWAY_FLAG_TICKET", 60)

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"line": {"format": "%(asctime)s %(levelname)s %(name)s %(message)s"}},
    "handlers": {"console": {"class": "logging.StreamHandler", "formatter": "line"}},
    "root": {"handlers": ["console"], "level": env.text("SLIPWAY_LOG", "INFO")},
}

if DEBUG and _https and "runserver" not in sys.argv:
    raise ImproperlyConfigured("SLIPWAY_DEBUG=1 is for a machine of one's own: it also needs SLIPWAY_INSECURE_HTTP=1.")
