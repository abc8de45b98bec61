"""Typed readers of environment variables: a wrong value stops the start with a sentence that names the variable."""

import json
import os
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

from django.core.exceptions import ImproperlyConfigured


def text(name: str, default: str = "") -> str:
    return os.environ.get(name, "").strip() or default


def flag(name: str, default: bool = False) -> bool:
    value = text(name).lower()
    if value in {"", "1", "true", "yes", "on", "0", "false", "no", "off"}:
        return default if not value else value in {"1", "true", "yes", "on"}
    raise ImproperlyConfigured(f"{name} must be 1 or 0, not {value!r}.")


def number(name: str, default: float) -> float:
    try:
        return float(text(name, str(default)))
    except ValueError:
        raise ImproperlyConfigured(f"{name} must be a number, not {text(name)!r}.") from None


def words(name: str, default: str = "") -> list[str]:
    return [word.strip() for word in text(name, default).split(",") if word.strip()]


def mapping(name: str, default: dict[str, Any]) -> dict[str, Any]:
    raw = text(name)
    if not raw:
        return default
    try:
        value = json.loads(raw)
    except ValueError as error:
        raise ImproperlyConfigured(f"{name} must be a JSON object: {error}.") from None
    if not isinstance(value, dict):
        raise ImproperlyConfigured(f"{name} must be a JSON object, not {type(value).__name__}.")
    return value


def path(name: str, default: Path) -> Path:
    return Path(text(name, str(default))).expanduser().absolute()


def database(name: str) -> dict[str, Any]:
    """A `DATABASES` entry from a URL such as ``postgresql://role:password@host:5432/name``; a socket
    folder is percent-encoded in the place of the host.
    """
    raw = text(name)
    url = urlsplit(raw)
    if url.scheme not in {"postgres", "postgresql"}:
        raise ImproperlyConfigured(f"{name} must be a postgresql:// URL, for instance the one that `make run` sets.")
    return {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": unquote(url.path.lstrip("/")),
        "USER": unquote(url.username or ""),
        "PASSWORD": unquote(url.password or ""),
        "HOST": unquote(url.hostname or "") if "%" not in (url.netloc or "") else _socket_folder(url.netloc),
        "PORT": str(url.port or ""),
        "OPTIONS": dict(parse_qsl(url.query)),
        "CONN_HEALTH_CHECKS": True,
    }


def _socket_folder(netloc: str) -> str:
    # urlsplit().hostname lower-cases, which would break a path
    host = netloc.rpartition("@")[2]
    return unquote(host.rpartition(":")[0] or host)


def smtp(name: str) -> dict[str, Any]:
    """Django's EMAIL_* settings from ``smtp://user:password@host:port`` (``smtps``: TLS, ``smtp+tls``: STARTTLS)."""
    url = urlsplit(text(name, "smtp://localhost:25"))
    if url.scheme not in {"smtp", "smtps", "smtp+tls"}:
        raise ImproperlyConfigured(f"{name} must start with smtp://, smtps:// or smtp+tls://, not {url.scheme!r}.")
    return {
        "EMAIL_HOST": url.hostname or "localhost",
        "EMAIL_PORT": url.port or 25,
        "EMAIL_HOST_USER": unquote(url.username or ""),
        "EMAIL_HOST_PASSWORD": unquote(url.password or ""),
        "EMAIL_USE_SSL": url.scheme == "smtps",
        "EMAIL_USE_TLS": url.scheme == "smtp+tls",
    }
