"""What a customer did: one typed event per thing that can happen, named as the Segment spec names it.

These are the values of the `customer-events` topic (JSON, tagged by `event`): decoded, validated,
clock-corrected and resolved to one customer. How they look before that is the job of `retail.wire`.
"""

from enum import StrEnum

import msgspec

from retail.attribution import Shown
from retail.correspondence import (
    EventForwarded,
    HouseholdShared,
    HouseholdTold,
    IdentifierClaimed,
    IdentifierReleased,
    IdentifierWithdrawn,
    MergeOrdered,
    ProfileHandedOver,
    SplitOrdered,
)
from retail.happening import BaseEvent
from retail.happening import Channel as Channel
from retail.household import Declared
from retail.reading import read_json


class Line(msgspec.Struct, frozen=True, omit_defaults=True, gc=False):
    """One line of a cart or an order. `price` is in minor units of the order's currency."""

    item: str
    quantity: int = 1
    price: int = 0


class ProductListViewed(BaseEvent, frozen=True, kw_only=True, tag="Product List Viewed"):
    """An answer came on the screen. items: those of it that did, empty for all."""

    shown: Shown
    items: tuple[str, ...] = ()


class ProductClicked(BaseEvent, frozen=True, kw_only=True, tag="Product Clicked"):
    """An item of an answer was chosen."""

    item: str
    shown: Shown


class ProductViewed(BaseEvent, frozen=True, kw_only=True, tag="Product Viewed"):
    """shown: the answer that led there, None where the sender does not say."""

    item: str
    shown: Shown | None = None


class ProductAdded(BaseEvent, frozen=True, kw_only=True, tag="Product Added"):
    """shown: as of a view."""

    item: str
    quantity: int = 1
    shown: Shown | None = None


class ProductRemoved(BaseEvent, frozen=True, kw_only=True, tag="Product Removed"):
    item: str
    quantity: int = 1


class ProductDismissed(BaseEvent, frozen=True, kw_only=True, tag="Product Dismissed"):
    """The customer is not interested in the item, and said so where it was shown."""

    item: str


class ProductsSearched(BaseEvent, frozen=True, kw_only=True, tag="Products Searched"):
    query: str


class OrderCompleted(BaseEvent, frozen=True, kw_only=True, tag="Order Completed"):
    """A purchase, in whichever channel. store: where, if it was in a store. shown: the answer that led to it."""

    order: str
    lines: tuple[Line, ...]
    store: str | None = None
    shown: Shown | None = None


class StoreEntered(BaseEvent, frozen=True, kw_only=True, tag="Store Entered"):
    store: str


class StoreExited(BaseEvent, frozen=True, kw_only=True, tag="Store Exited"):
    store: str


class ZoneEntered(BaseEvent, frozen=True, kw_only=True, tag="Zone Entered"):
    store: str
    zone: str


class ZoneExited(BaseEvent, frozen=True, kw_only=True, tag="Zone Exited"):
    store: str
    zone: str


class BeaconSighted(BaseEvent, frozen=True, kw_only=True, tag="Beacon Sighted"):
    """A sighting. beacon: `uuid:major:minor`, lower case. rssi: dBm, None where the sender has none."""

    beacon: str
    rssi: float | None = None


class LoyaltyCardScanned(BaseEvent, frozen=True, kw_only=True, tag="Loyalty Card Scanned"):
    """A card at a till or a gate: its holder is there. The card itself is among the identifiers."""

    store: str


class SupportContacted(BaseEvent, frozen=True, kw_only=True, tag="Support Contacted"):
    """A call, chat or mail to the contact centre. case: "" where none was opened. topic: as the centre names it."""

    case: str = ""
    topic: str = ""


class ComplaintFiled(BaseEvent, frozen=True, kw_only=True, tag="Complaint Filed"):
    """order: that it is about, "" for none."""

    case: str
    order: str = ""
    topic: str = ""


class ComplaintResolved(BaseEvent, frozen=True, kw_only=True, tag="Complaint Resolved"):
    case: str


class SurveyKind(StrEnum):
    """NPS asks 0 to 10, CSAT and CES ask 1 to 5 or 1 to 7."""

    NPS = "nps"
    CSAT = "csat"
    CES = "ces"
    OTHER = "other"


class SurveyAnswered(BaseEvent, frozen=True, kw_only=True, tag="Survey Answered"):
    """mood: the answer on a scale from 0 (worst) to 100."""

    kind: SurveyKind
    mood: int


class SocialMentionHeard(BaseEvent, frozen=True, kw_only=True, tag="Social Mention Heard"):
    """The customer spoke of the retailer in public. mood: how, from 0 (worst) to 100; None where nobody judged it."""

    network: str
    mood: int | None = None


class OrderShipped(BaseEvent, frozen=True, kw_only=True, tag="Order Shipped"):
    order: str


class OrderDelivered(BaseEvent, frozen=True, kw_only=True, tag="Order Delivered"):
    order: str


class ProductReturned(BaseEvent, frozen=True, kw_only=True, tag="Product Returned"):
    """One item of an order came back."""

    item: str
    order: str = ""
    quantity: int = 1


class CustomerIdentified(BaseEvent, frozen=True, kw_only=True, tag="Customer Identified"):
    """An `identify` call: what the customer declared. traits: text by name, bounded at the edge.

    household: what may not be shown to them, where the message said something about it.
    """

    traits: dict[str, str] = msgspec.field(default_factory=dict)
    household: Declared | None = None


class ConsentUpdated(BaseEvent, frozen=True, kw_only=True, tag="Segment Consent Preference Updated"):
    """Carries nothing but `consents`."""


class DeliveryStatus(StrEnum):
    SENT = "sent"
    OPENED = "opened"
    DISMISSED = "dismissed"
    REDEEMED = "redeemed"
    FAILED = "failed"
    WITHHELD = "withheld"


class DeliveryReported(BaseEvent, frozen=True, kw_only=True, tag="Delivery Reported"):
    """What became of a push after it was decided. reason: why, for failed and withheld."""

    decision: str
    offer: str
    status: DeliveryStatus
    reason: str = ""


class OfferRedeemed(BaseEvent, frozen=True, kw_only=True, tag="Offer Redeemed"):
    """An offer that no push brought was made use of. shown: the answer that led there, None where nobody says."""

    offer: str
    shown: Shown | None = None


class Tracked(BaseEvent, frozen=True, kw_only=True, tag="Tracked"):
    """Any other event: kept as a sign of life, without an effect of its own. name: the sender's event name."""

    name: str


class TimerFired(BaseEvent, frozen=True, kw_only=True, tag="Timer Fired"):
    """A timer of the customer's state is due. at: since when, received: when it was noticed.

    Made by the owner of the partition alone, see `streams.timers`; from outside it is refused.
    """


class HouseholdJoined(BaseEvent, frozen=True, kw_only=True, tag="Household Joined"):
    """The customer is one of a household: a group of people for allergens and replenishment, never one customer."""

    household: str


class HouseholdLeft(BaseEvent, frozen=True, kw_only=True, tag="Household Left"):
    """The customer is one of the household no longer."""

    household: str


Event = (
    ProductListViewed
    | ProductClicked
    | ProductViewed
    | ProductAdded
    | ProductRemoved
    | ProductDismissed
    | ProductsSearched
    | OrderCompleted
    | StoreEntered
    | StoreExited
    | ZoneEntered
    | ZoneExited
    | BeaconSighted
    | LoyaltyCardScanned
    | SupportContacted
    | ComplaintFiled
    | ComplaintResolved
    | SurveyAnswered
    | SocialMentionHeard
    | OrderShipped
    | OrderDelivered
    | ProductReturned
    | CustomerIdentified
    | ConsentUpdated
    | DeliveryReported
    | OfferRedeemed
    | Tracked
    | TimerFired
    | HouseholdJoined
    | HouseholdLeft
    | HouseholdTold
    | HouseholdShared
    | IdentifierClaimed
    | ProfileHandedOver
    | EventForwarded
    | IdentifierWithdrawn
    | IdentifierReleased
    | MergeOrdered
    | SplitOrdered
)

_decoder = msgspec.json.Decoder(Event)
_encoder = msgspec.json.Encoder()


def decode_event(raw: bytes) -> Event:
    """One value of `customer-events`. Raises msgspec.DecodeError (ValidationError among it)."""
    event: Event = read_json(_decoder, raw)
    return event


def encode_event(event: Event) -> bytes:
    return _encoder.encode(event)
