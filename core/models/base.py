"""What models of every room build on."""

from typing import Any, NoReturn

from django.db import models


class Kept(models.Model):
    """Rows that may be blanked and never go: what a person can ask to be forgotten stands in them."""

    class Meta:
        abstract = True


class AppendOnly(models.Model):
    """Facts that are never changed. PostgreSQL grants the runtime role SELECT and INSERT on these tables and
    nothing else (`core.grants`); the methods below only make a mistake fail earlier, and in Python.
    """

    class Meta:
        abstract = True

    def save(self, *args: Any, **kwargs: Any) -> None:
        if not self._state.adding:
            self._refuse()
        super().save(*args, **{**kwargs, "force_insert": True})

    def delete(self, *args: Any, **kwargs: Any) -> NoReturn:
        self._refuse()

    def _refuse(self) -> NoReturn:
        raise TypeError(f"{type(self).__name__} rows are only ever added.")
