"""Times as the packed parts of a state keep them: whole seconds since the epoch in 32 bits, enough until 2106."""

LAST_SECOND = (1 << 32) - 1


def whole_seconds(at: int) -> int:
    """at: milliseconds. What lies outside 32 bits becomes the nearest end."""
    seconds = at // 1000
    return seconds if 0 <= seconds <= LAST_SECOND else min(max(seconds, 0), LAST_SECOND)
