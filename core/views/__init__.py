"""How views call actions. The pages of this room stand in the modules beside this one."""

from core.views.attempt import attempt

__all__ = ["attempt"]
