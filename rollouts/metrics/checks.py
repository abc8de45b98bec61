"""`manage.py check` refuses metric sources that could not be read."""

from typing import Any

from django.core.checks import CheckMessage, Error
from django.core.exceptions import ImproperlyConfigured

from rollouts import metrics


def check_metrics(app_configs: Any, **kwargs: Any) -> list[CheckMessage]:
    """One error per configured source of an unknown kind or with options its kind does not know."""
    errors: list[CheckMessage] = []
    for alias in metrics.aliases():
        try:
            metrics.get(alias)
        except ImproperlyConfigured as error:
            errors.append(Error(str(error), hint="See SLIPWAY_METRICS.", id="rollouts.E101"))
    return errors
