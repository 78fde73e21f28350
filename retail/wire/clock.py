"""When it happened: the sender's clock, corrected by how far it is off."""

from datetime import UTC, datetime

from retail.errors import EventRefused
from retail.policy import EventLimits
from retail.wire.envelope import Envelope, Stamp


def event_time(envelope: Envelope, received: int, limits: EventLimits) -> int:
    """Milliseconds. The sender's clock says when it happened and when it was sent; the difference is right even where
    the clock is not. Times that cannot be read count as not given; without any, the arrival counts.

    Raises EventRefused: `timestamp_out_of_range`.
    """
    happened = None if envelope.original_timestamp is None else milliseconds(envelope.original_timestamp)
    if happened is None:
        happened = milliseconds(envelope.timestamp)
    if happened is None:
        return received
    sent = None if envelope.sent_at is None else milliseconds(envelope.sent_at)
    at = happened if sent is None else received - (sent - happened)
    if at > received + limits.future_ms:
        return received
    if at < received - limits.past_ms or at < 0:
        raise EventRefused(
            "timestamp_out_of_range",
            f"the event happened {(received - at) // 86_400_000} days before it arrived; "
            f"at most {limits.past.days} are taken: check the sender's clock",
        )
    return at


def milliseconds(stamp: Stamp) -> int | None:
    """ISO 8601 (without a zone: UTC) or milliseconds since the epoch; None for what is neither."""
    if not isinstance(stamp, str):
        return None if stamp is None else int(stamp)
    try:
        time = datetime.fromisoformat(stamp)
        return round((time if time.tzinfo else time.replace(tzinfo=UTC)).timestamp() * 1000)
    except (ValueError, OverflowError):
        return None
