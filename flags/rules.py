"""Growth, decided without a database: can a change give anybody the new thing who did not have it before?"""

from dataclasses import dataclass

from core.weights import FULL
from flags.choices import Carrier


@dataclass(frozen=True)
class Exposure:
    """Who has a flag in an environment. `weight` is in parts per 100 000."""

    enabled: bool
    carrier: str
    weight: int
    build: str
    seed: str

    @property
    def nobody(self) -> bool:
        return not self.enabled or self.weight <= 0 or (self.carrier == Carrier.BUILD and not self.build)

    @property
    def everybody(self) -> bool:
        return self.enabled and self.carrier == Carrier.PERCENTAGE and self.weight >= FULL


def grows(before: Exposure, after: Exposure) -> bool:
    """Whether somebody may have it after who had not before: enabling, more weight, another build, another carrier,
    another seed while it is split. What stays within those who have it is no growth, nor is a flag that nobody has.
    """
    if after.nobody or before.everybody:
        return False
    if before.nobody or before.carrier != after.carrier:
        return True
    if after.carrier == Carrier.BUILD:
        return before.build != after.build
    return after.weight > before.weight or before.seed != after.seed
