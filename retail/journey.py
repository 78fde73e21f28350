"""The fold: what an event changes in a customer's state, and what it gives rise to."""

import msgspec

from retail.customers import CustomerState, Stage
from retail.decisions import Decision, Occasion
from retail.events import Event
from retail.policy import JourneyPolicy
from retail.reference import Reference


class StageChange(msgspec.Struct, frozen=True, kw_only=True):
    """One value of the `journeys` topic. because: the name of the event that caused it."""

    customer: str
    previous: Stage
    current: Stage
    at: int
    because: str


class Advanced(msgspec.Struct, frozen=True):
    """What came of one event. state: the new one (the old one where nothing changed).

    duplicate: the message id was applied before. rejected: why the event was refused, "" if it was not.
    forgotten: message ids that the bound pushed out before their time.
    """

    state: CustomerState
    duplicate: bool = False
    rejected: str = ""
    occasion: Occasion | None = None
    change: StageChange | None = None
    forgotten: int = 0


def advance(state: CustomerState, event: Event, reference: Reference, policy: JourneyPolicy) -> Advanced:
    """The state after the event. Pure: same arguments, same answer; an event applied twice changes nothing."""
    raise NotImplementedError


def remember(state: CustomerState, decision: Decision, policy: JourneyPolicy) -> CustomerState:
    """The state after a decision was taken: a push is kept among `pushes`; a withheld one leaves no trace."""
    raise NotImplementedError
