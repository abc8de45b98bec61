from django.apps import AppConfig
from django.db.models.signals import post_migrate


class CoreConfig(AppConfig):
    name = "core"

    def ready(self) -> None:
        from core import grants

        # post_migrate fires once per app; rights are settled when the last one (core is asked last here) has its tables
        post_migrate.connect(grants.apply, dispatch_uid="core.grants")
