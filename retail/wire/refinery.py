"""One raw message in, one typed event out, or a refusal that says what was wrong."""

from collections.abc import Callable
from typing import NamedTuple

from retail.errors import EventRefused
from retail.events import Channel, CustomerIdentified, Event, Tracked
from retail.identifiers import checked_id
from retail.policy import EventLimits
from retail.wire.clock import event_time
from retail.wire.consent import said_in_context
from retail.wire.envelope import Common, Envelope, open_envelope
from retail.wire.groups import event_of_group
from retail.wire.persons import named_in
from retail.wire.tracks import event_of_track
from retail.wire.traits import declared

LIMITS = EventLimits()


class Refined(NamedTuple):
    """event: to the profile of its strongest identifier. also: the profiles of the others."""

    event: Event
    also: tuple[str, ...] = ()


def refine(raw: bytes, channel: Channel, received: int, limits: EventLimits = LIMITS, *, unnamed: str = "") -> Event:
    """As `refine_named`: the event alone."""
    return refine_named(raw, channel, received, limits, unnamed=unnamed).event


def refine_named(
    raw: bytes, channel: Channel, received: int, limits: EventLimits = LIMITS, *, unnamed: str = ""
) -> Refined:
    """The event that a Segment-shaped JSON object tells of, and whom it names.

    channel: where it came in. received: its arrival, milliseconds. unnamed: the id of a message that has none; without
    it such a message is refused. Raises EventRefused, and nothing else, with code `event_too_large`, `malformed_json`,
    `too_deep`, `wrong_type`, `missing_id`, `malformed_id`, `blocked_id`, `reserved_id`, `self_alias`,
    `missing_message_id`, `unknown_message_type`, `missing_event_name`, `timestamp_out_of_range`, or what
    `retail.wire.tracks` refuses.
    """
    envelope = open_envelope(raw, limits)
    shape = _SHAPES.get(envelope.message_type())
    if shape is None:
        known = ", ".join(_SHAPES)
        raise EventRefused("unknown_message_type", f"type {envelope.type!r:.40} is none of {known}")
    message_id = envelope.message_id or unnamed
    if not message_id:
        raise EventRefused("missing_message_id", "messageId is missing; without it a repetition cannot be recognised")
    who = named_in(envelope, limits)
    common: Common = {
        "id": checked_id(message_id, "messageId"),
        "customer": who.customer,
        "channel": channel,
        "at": event_time(envelope, received, limits),
        "received": received,
        "consents": said_in_context(envelope.context),
    }
    return Refined(shape(envelope, common, limits), who.also)


def _track(envelope: Envelope, common: Common, limits: EventLimits) -> Event:
    if not envelope.event:
        raise EventRefused("missing_event_name", "a track message needs `event`, the name of what happened")
    return event_of_track(envelope.event, envelope.properties, common, limits)


def _identify(envelope: Envelope, common: Common, limits: EventLimits) -> Event:
    traits, consents, household = declared(envelope, limits)
    if consents:
        common["consents"] = {**(common["consents"] or {}), **consents}
    return CustomerIdentified(**common, traits=traits, household=household)


def _sign_of_life(envelope: Envelope, common: Common, limits: EventLimits) -> Event:
    """Pages, screens and aliases: named by their own name where they have one."""
    return Tracked(**common, name=(envelope.name or envelope.type)[: limits.text])


_SHAPES: dict[str, Callable[[Envelope, Common, EventLimits], Event]] = {
    "track": _track,
    "identify": _identify,
    "page": _sign_of_life,
    "screen": _sign_of_life,
    "group": event_of_group,
    "alias": _sign_of_life,
}
