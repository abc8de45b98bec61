from django.apps import AppConfig
from django.core import checks


class RolloutsConfig(AppConfig):
    name = "rollouts"

    def ready(self) -> None:
        from rollouts.checks import check_routers
        from rollouts.metrics.checks import check_metrics

        checks.register(check_routers)
        checks.register(check_metrics)
