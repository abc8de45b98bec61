"""Imported once by the server that forks workers, so that a new worker costs milliseconds."""

import os

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
django.setup()

import rollouts.engine  # noqa: E402, F401
