"""Screens of this room: a view loads, asks, calls one action, renders."""
