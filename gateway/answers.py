"""The shapes of what goes out: every answer that is a success, as documented and as sent."""

import msgspec

from retail.offers import Benefit
from retail.slates import Source


class Accepted(msgspec.Struct, frozen=True):
    """Everything in the request is stored, or kept among the rejects with its reason."""

    success: bool = True


class RecommendedItem(msgspec.Struct, frozen=True):
    """why: a sentence for the customer. because: the item of the customer's own history that led to it, or ""."""

    item: str
    name: str
    score: float
    source: Source
    because: str
    why: str


class Recommendations(msgspec.Struct, frozen=True):
    """id: names this very answer. version: the customer's state version it was made from.
    fallback: why it is not personal, "" if it is."""

    id: str
    customer: str
    placement: str
    items: list[RecommendedItem]
    model: str
    version: int
    fallback: str


class OfferedOffer(msgspec.Struct, frozen=True):
    """ends: milliseconds since the epoch. items: at most some of those the offer is about."""

    offer: str
    name: str
    title: str
    body: str
    benefit: Benefit
    ends: int
    items: list[str]


class Offers(msgspec.Struct, frozen=True):
    """reason: why the list is empty, "" if it is not."""

    customer: str
    store: str
    offers: list[OfferedOffer]
    reason: str


class InboxEntry(msgspec.Struct, frozen=True):
    """id: give it as `after` to go on from here. message: what was decided, with `title`, `body`, `why`, `expires`."""

    id: str
    decision: str
    message: msgspec.Raw


class Inbox(msgspec.Struct, frozen=True):
    """messages: oldest first. after: what to ask from next time."""

    customer: str
    messages: list[InboxEntry]
    after: str


class Readiness(msgspec.Struct, frozen=True):
    """dependencies: name to "ok" or what is wrong."""

    ready: bool
    dependencies: dict[str, str]


class Liveness(msgspec.Struct, frozen=True):
    alive: bool = True
