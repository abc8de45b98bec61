from functools import partial

from django.apps import AppConfig
from django.core import checks


class RolloutsConfig(AppConfig):
    name = "rollouts"

    def ready(self) -> None:
        from rollouts.metrics import SOURCES
        from rollouts.routers import ROUTERS

        for adapters in (ROUTERS, SOURCES):
            checks.register(partial(adapters.check))  # Django tags what it registers; a method cannot be tagged
