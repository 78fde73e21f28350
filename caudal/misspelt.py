"""Settings in the environment that are wrong, told by the names under which they were set."""

import os
from collections.abc import Iterable
from difflib import get_close_matches

from pydantic import ValidationError

from gateway.settings import GatewaySettings

PREFIX = "CAUDAL_"

OTHERS = frozenset({"CAUDAL_DEBUG", "CAUDAL_FAULTS"})
"""Variables that are read elsewhere."""

OURS = ("CAUDAL_TEST_", "CAUDAL_CHAOS_")
"""How the variables of the test suite begin."""


def strangers(environment: Iterable[str] = os.environ) -> list[str]:
    """A sentence for each variable that looks like a setting and is none: it is ignored, and nobody would know."""
    known = {f"{PREFIX}{name}".upper() for name in GatewaySettings.model_fields} | OTHERS
    unknown = sorted(name for name in environment if name.startswith(PREFIX) and not name.startswith(OURS))
    return [_sentence(name, known) for name in unknown if name not in known]


def _sentence(name: str, known: Iterable[str]) -> str:
    close = get_close_matches(name, sorted(known), n=1)
    return f"no setting is called {name}" + (f"; {close[0]} is" if close else "")


def told(fault: ValidationError) -> str:
    """What is wrong with which setting. What it was set to is not shown: it may be a key."""
    return "\n".join(
        f"{PREFIX}{name.upper()} (--{name.replace('_', '-')}): {error['msg']}"
        for error in fault.errors(include_url=False, include_input=False)
        for name in [".".join(map(str, error["loc"]))]
    )
