"""How views call actions. The pages of this room stand in the modules beside this one."""

from core.views.attempt import attempt
from core.views.reason import reason_of

__all__ = ["attempt", "reason_of"]
