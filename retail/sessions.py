"""Sessions: a stretch of one channel without a gap."""

from retail.customers import Session
from retail.events import DeliveryReported, DeliveryStatus
from retail.happening import BaseEvent

_OURS = frozenset({DeliveryStatus.SENT, DeliveryStatus.FAILED, DeliveryStatus.WITHHELD})


def session_after(session: Session | None, event: BaseEvent, gap: int) -> Session | None:
    """gap: milliseconds. An event of a session long past changes nothing, nor does what we report ourselves."""
    if type(event) is DeliveryReported and event.status in _OURS:
        return session
    at = event.at
    if session is None:
        return Session(event.channel, at, at, 1)
    started, last = session.started, session.last
    if event.channel is session.channel and started - gap <= at <= last + gap:
        return Session(event.channel, min(at, started), max(at, last), session.events + 1)
    return session if at < last else Session(event.channel, at, at, 1)
