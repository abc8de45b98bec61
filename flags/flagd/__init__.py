"""flagd's JSON: the rule set for evaluators in other processes, and a product's flags out and in. Pure."""

from flags.flagd.logic import Inexpressible
from flags.flagd.write import write

__all__ = ["Inexpressible", "write"]
