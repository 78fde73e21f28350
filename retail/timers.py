"""Timers: moments at which silence itself means something. They are part of a customer's state."""

from collections.abc import Mapping


def earliest(timers: Mapping[str, int]) -> int:
    """When the first of a customer's timers is due, milliseconds; 0 without one."""
    return min(timers.values(), default=0)
