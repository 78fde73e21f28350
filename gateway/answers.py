"""The shapes of what goes out: every answer that is a success, as documented and as sent."""

import msgspec

from recommender.rule_listing import ListedRule
from retail.customers import Stage
from retail.identifiers import Kind
from retail.offers import Benefit
from retail.slates import Source


class Accepted(msgspec.Struct, frozen=True):
    """Everything in the request is stored, or kept among the rejects with its reason."""

    success: bool = True


class RecommendedItem(msgspec.Struct, frozen=True):
    """why: a sentence for the customer. because: the item of the customer's own history that led to it, or "".
    due: when the customer is likely to need it again, milliseconds since the epoch, where that is told."""

    item: str
    name: str
    score: float
    source: Source
    because: str
    why: str
    due: int | None = None


class Recommendations(msgspec.Struct, frozen=True):
    """id: names this very answer. version: the customer's state version it was made from.
    fallback: why it is not personal, "" if it is. attribution: give it back as the property of that name with
    `Product List Viewed`, `Product Clicked`, `Product Viewed`, `Product Added` or `Order Completed`."""

    id: str
    customer: str
    placement: str
    items: list[RecommendedItem]
    model: str
    version: int
    fallback: str
    attribution: str


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
    """reason: why the list is empty, "" if it is not. id: names this very answer. attribution: give it back as the
    property of that name with `Promotion Viewed`, `Promotion Clicked`, `Offer Redeemed` or `Coupon Redeemed`."""

    customer: str
    store: str
    offers: list[OfferedOffer]
    reason: str
    id: str
    attribution: str


class Rules(msgspec.Struct, frozen=True):
    """at: the moment of which it is told, milliseconds. rules: all of them, by id; those that hold say so."""

    store: str
    at: int
    rules: list[ListedRule]


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


class Stay(msgspec.Struct, frozen=True):
    """A session of one channel, or a visit to a store. started, last: milliseconds since the epoch."""

    where: str
    started: int
    last: int


class Continued(msgspec.Struct, frozen=True):
    """cart: item to quantity. changed: when it last did, milliseconds. version: of the customer's state.

    identifiers: how many the customer has beside the strongest.
    """

    customer: str
    stage: Stage
    cart: dict[str, int]
    changed: int
    session: Stay | None
    visit: Stay | None
    identifiers: int
    version: int


class Identifier(msgspec.Struct, frozen=True):
    """since, source: when and in which message it was first seen with the customer. reason: why it is not theirs.

    standing: asked, linked, refused or apart. confidence: below 1 it never counts for caps and coupons.
    """

    identifier: str
    kind: Kind
    standing: str
    since: int
    source: str
    reason: str
    confidence: float


class Profile(msgspec.Struct, frozen=True):
    """customer: whose the asked identifier is. events: applied so far. households: groups they are of."""

    asked: str
    customer: str
    stage: Stage
    events: int
    orders: int
    consents: dict[str, bool]
    households: list[str]
    identifiers: list[Identifier]


class Ordered(msgspec.Struct, frozen=True):
    """order: the id under which it is told of."""

    order: str


class Readiness(msgspec.Struct, frozen=True):
    """dependencies: name to "ok" or what is wrong."""

    ready: bool
    dependencies: dict[str, str]


class Liveness(msgspec.Struct, frozen=True):
    alive: bool = True
