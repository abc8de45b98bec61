"""flagd's JSON: the rule set for evaluators in other processes, and a product's flags out and in. Pure."""

from flags.flagd.export import Portable, export
from flags.flagd.read import Read, read
from flags.flagd.write import write

__all__ = ["Portable", "Read", "export", "read", "write"]
