"""What profiles of one customer tell each other, and operators them: letters, events that only Caudal itself writes.

Who answers what is the job of `retail.crossing`; see docs/decisions/0009-one-customer.md.
"""

import msgspec

from retail.happening import BaseEvent
from retail.household import Household


class IdentifierClaimed(BaseEvent, frozen=True, kw_only=True, tag="Identifier Claimed"):
    """To an identifier's profile: `by` was seen under it. at: when; source: in which message.

    generation: of the hand-over that is asked for. heir_of: who brings it to `by`, "" where that one was seen with it
    itself. moves: how often whoever brings it went from one customer to another. forced: an operator says so.
    """

    by: str
    generation: int
    source: str = ""
    heir_of: str = ""
    moves: int = 0
    forced: bool = False


class ProfileHandedOver(BaseEvent, frozen=True, kw_only=True, tag="Profile Handed Over"):
    """To the customer that claimed it: the state of the profile `of`. links: its own identifiers, and since when."""

    of: str
    generation: int
    state: bytes
    links: dict[str, int] = msgspec.field(default_factory=dict)
    moves: int = 0


class EventForwarded(BaseEvent, frozen=True, kw_only=True, tag="Event Forwarded"):
    """To the customer whose alias `via` is: what came under it, and the identifiers it named besides."""

    via: str
    generation: int
    told: msgspec.Raw
    also: tuple[str, ...] = ()
    moves: int = 0


class IdentifierWithdrawn(BaseEvent, frozen=True, kw_only=True, tag="Identifier Withdrawn"):
    """To the customer that claimed or had it: `of` is not theirs, or no longer."""

    of: str
    generation: int
    reason: str


class IdentifierReleased(BaseEvent, frozen=True, kw_only=True, tag="Identifier Released"):
    """To a profile that `by` has no longer, or that shares its contacts. state: one that holds the pushes alone."""

    by: str
    state: bytes


class MergeOrdered(BaseEvent, frozen=True, kw_only=True, tag="Merge Ordered"):
    """To the stronger of two profiles: an operator says that the weaker, `of`, is the same customer's."""

    of: str
    actor: str


class SplitOrdered(BaseEvent, frozen=True, kw_only=True, tag="Split Ordered"):
    """To an alias: an operator says that it is not the customer's it is taken for."""

    actor: str


class HouseholdTold(BaseEvent, frozen=True, kw_only=True, tag="Household Told"):
    """To a group's profile: what a customer of it declared; None where the customer is of it no longer."""

    member: str
    declared: Household | None


class HouseholdShared(BaseEvent, frozen=True, kw_only=True, tag="Household Shared"):
    """To a customer of a group: what all its others declared."""

    household: str
    declared: Household


LETTERS = frozenset(
    {
        HouseholdTold,
        HouseholdShared,
        IdentifierClaimed,
        ProfileHandedOver,
        EventForwarded,
        IdentifierWithdrawn,
        IdentifierReleased,
        MergeOrdered,
        SplitOrdered,
    }
)
"""Nobody else may write these."""
