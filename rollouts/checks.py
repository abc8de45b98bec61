"""`manage.py check` refuses routers that could not move anything."""

from typing import Any

from django.core.checks import CheckMessage, Error
from django.core.exceptions import ImproperlyConfigured

from rollouts import routers


def check_routers(app_configs: Any, **kwargs: Any) -> list[CheckMessage]:
    """One error per configured router of an unknown kind or with options its kind does not know."""
    errors: list[CheckMessage] = []
    for alias in routers.aliases():
        try:
            routers.get(alias)
        except ImproperlyConfigured as error:
            errors.append(Error(str(error), hint="See SLIPWAY_ROUTERS.", id="rollouts.E001"))
    return errors
