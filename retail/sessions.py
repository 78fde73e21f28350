"""Sessions: a stretch of one channel without a gap."""

from retail.customers import Session
from retail.events import DeliveryReported, DeliveryStatus
from retail.happening import BaseEvent

_OURS = frozenset({DeliveryStatus.SENT, DeliveryStatus.FAILED, DeliveryStatus.WITHHELD})


def session_after(session: Session | None, event: BaseEvent, gap: int) -> Session | None:
    """gap: milliseconds. An event of a session long past changes nothing, nor does what we report ourselves."""
    if type(event) is DeliveryReported and event.status in _OURS:
        return session
    at, channel = event.at, event.channel
    if session is None:
        return Session(channel, at, at, 1)
    last = session.last
    if channel is session.channel:
        if last <= at <= last + gap:
            return Session(channel, session.started, at, session.events + 1)
        if session.started - gap <= at <= last:
            return Session(channel, min(at, session.started), last, session.events + 1)
    return session if at < last else Session(channel, at, at, 1)
