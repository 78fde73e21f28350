"""When warm slates give way: under lag the read path decides instead; folding and promotions never give way."""

from dataclasses import dataclass
from enum import StrEnum


class Slates(StrEnum):
    """How the journey treats warm slates."""

    AUTO = "auto"
    ALWAYS = "always"
    NEVER = "never"


@dataclass(frozen=True)
class Shedding:
    """budget: seconds of lag beyond which warm slates are shed."""

    slates: Slates
    budget: float

    def sheds(self, lag: float) -> bool:
        if self.slates is Slates.AUTO:
            return lag > self.budget
        return self.slates is Slates.NEVER
