"""Writing rows in actions, and saying no clearly before PostgreSQL has to."""

import unicodedata

from django.core.exceptions import ValidationError
from django.db import IntegrityError, models, transaction

from core.errors import Conflict, Refused

NOT_ONE_LINE = "It is one line, of characters that can be seen."
_TURNS = {"LRE", "RLE", "LRO", "RLO", "PDF", "LRI", "RLI", "FSI", "PDI"}


def is_one_line(text: str) -> bool:
    """Whether it stays one line, in the order in which it was written: names stand in sentences and mails, where a line
    break would write lines of its own.
    """
    return not any(
        unicodedata.category(letter) in {"Cc", "Zl", "Zp"} or unicodedata.bidirectional(letter) in _TURNS
        for letter in text
    )


def clean(instance: models.Model) -> None:
    """Raises Refused naming the first field whose value does not fit."""
    for field in instance._meta.concrete_fields:
        value = getattr(instance, field.attname)
        if isinstance(value, str) and "\x00" in value:
            raise Refused("It holds a null character.", field=field.name)
        if isinstance(value, str) and isinstance(field, models.CharField) and not is_one_line(value):
            raise Refused(NOT_ONE_LINE, field=field.name)
    try:
        instance.clean_fields()
    except ValidationError as error:
        name, messages = next(iter(error.message_dict.items()))
        raise Refused(messages[0], field=name) from None


def insert(instance: models.Model, *, taken: str, field: str) -> None:
    """Save a new row. Raises Refused for a value that does not fit, Conflict (`taken`) by a constraint."""
    clean(instance)
    try:
        with transaction.atomic():
            instance.save()
    except IntegrityError:
        raise Conflict(taken, field=field) from None
