"""What a `group` message tells: that a customer is one of a household, or nothing more than a sign of life."""

import msgspec

from retail.events import Event, HouseholdJoined, Tracked
from retail.identifiers import checked_id
from retail.policy import EventLimits
from retail.wire.envelope import Common, Envelope
from retail.wire.traits import raw_traits

HOUSEHOLD = "household"


class _Group(msgspec.Struct, gc=False):
    type: str | None = None


_group = msgspec.json.Decoder(_Group)


def event_of_group(envelope: Envelope, common: Common, limits: EventLimits) -> Event:
    """A household is a group whose trait `type` says so. Raises EventRefused: `malformed_id`."""
    if envelope.group_id is None or _kind(envelope) != HOUSEHOLD:
        return Tracked(**common, name=(envelope.name or envelope.type)[: limits.text])
    return HouseholdJoined(**common, household=checked_id(str(envelope.group_id), "groupId"))


def _kind(envelope: Envelope) -> str | None:
    try:
        return _group.decode(raw_traits(envelope) or b"{}").type
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None
