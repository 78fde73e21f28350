"""Moments as they are typed on the command line."""

from datetime import UTC, datetime


def instant_of(text: str) -> int:
    """Milliseconds since the epoch, of ISO 8601, UTC where no zone is named. Raises ValueError."""
    at = datetime.fromisoformat(text)
    return int((at if at.tzinfo else at.replace(tzinfo=UTC)).timestamp() * 1000)
