"""What a `group` message tells: that a customer is one of a household, or no longer; else a sign of life, no more."""

import msgspec

from retail.events import Event, HouseholdJoined, HouseholdLeft, Tracked
from retail.identifiers import checked_id
from retail.policy import EventLimits
from retail.wire.envelope import Common, Envelope
from retail.wire.traits import raw_traits

HOUSEHOLD = "household"


class _Group(msgspec.Struct, gc=False):
    type: str | None = None
    left: object = None


_group = msgspec.json.Decoder(_Group)


def event_of_group(envelope: Envelope, common: Common, limits: EventLimits) -> Event:
    """A household is a group whose trait `type` says so; with the trait `left` the customer is of it no longer.

    Raises EventRefused: `malformed_id`.
    """
    group = _read(envelope)
    if envelope.group_id is None or group.type != HOUSEHOLD:
        return Tracked(**common, name=(envelope.name or envelope.type)[: limits.text])
    kind = HouseholdLeft if group.left is True else HouseholdJoined
    return kind(**common, household=checked_id(str(envelope.group_id), "groupId"))


def _read(envelope: Envelope) -> _Group:
    try:
        return _group.decode(raw_traits(envelope) or b"{}")
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return _Group()
