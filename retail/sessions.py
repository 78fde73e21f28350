"""Sessions: a stretch of one channel without a gap."""

from retail.customers import Session
from retail.events import BaseEvent, DeliveryReported, DeliveryStatus

_OURS = frozenset({DeliveryStatus.SENT, DeliveryStatus.FAILED, DeliveryStatus.WITHHELD})


def session_after(session: Session | None, event: BaseEvent, gap: int) -> Session | None:
    """gap: milliseconds. An event of a session long past changes nothing, nor does what we report ourselves."""
    if isinstance(event, DeliveryReported) and event.status in _OURS:
        return session
    if session is None:
        return Session(event.channel, event.at, event.at, 1)
    if event.channel is session.channel and session.started - gap <= event.at <= session.last + gap:
        started, last = min(session.started, event.at), max(session.last, event.at)
        return Session(session.channel, started, last, session.events + 1)
    if event.at < session.last:
        return session
    return Session(event.channel, event.at, event.at, 1)
