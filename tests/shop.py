"""A tiny shop and what happens in it: builders with defaults, for every test.

Two stores in different time zones, three zones, six items, three offers. It is NOON (UTC) unless told otherwise.
"""

from collections.abc import Iterable
from itertools import count
from typing import TypedDict

from recommender.policy import GatePolicy
from retail.attribution import Draw, Shown
from retail.catalog import Item
from retail.consents import MARKETING_PUSH
from retail.customers import EMPTY, CustomerState
from retail.decisions import Occasion, Push
from retail.events import (
    BeaconSighted,
    Channel,
    ConsentUpdated,
    CustomerIdentified,
    DeliveryReported,
    DeliveryStatus,
    Event,
    Line,
    OfferRedeemed,
    OrderCompleted,
    ProductAdded,
    ProductClicked,
    ProductDismissed,
    ProductListViewed,
    ProductRemoved,
    ProductsSearched,
    ProductViewed,
    StoreEntered,
    StoreExited,
    TimerFired,
    ZoneEntered,
    ZoneExited,
)
from retail.journey import advance
from retail.offers import Benefit, BenefitKind, Offer, Trigger
from retail.policy import JourneyPolicy
from retail.reference import Reference
from retail.stores import Beacon, Store, Zone

SECOND = 1000
MINUTE = 60 * SECOND
HOUR = 60 * MINUTE
DAY = 24 * HOUR

NOON = 1_795_435_200_000
"""Monday 23 November 2026, 12:00 UTC: 13:00 in Madrid, 07:00 in New York."""

ANA = "ana"

DAIRY_BEACON = "f7826da6-4fa2-4e98-8024-bc5b71e0893e:1:1"
BAKERY_BEACON = "f7826da6-4fa2-4e98-8024-bc5b71e0893e:1:2"
DOOR_BEACON = "f7826da6-4fa2-4e98-8024-bc5b71e0893e:1:0"
NEW_YORK_BEACON = "f7826da6-4fa2-4e98-8024-bc5b71e0893e:2:1"

JOURNEY = JourneyPolicy()
GATE = GatePolicy()

ITEMS = (
    Item(id="cheese", name="Manchego", category="Cheese", department="Dairy", price=899),
    Item(id="milk", name="Whole milk", category="Milk", department="Dairy", price=119),
    Item(id="bread", name="Sourdough", category="Bread", department="Bakery", price=349),
    Item(id="croissant", name="Croissant", category="Pastry", department="Bakery", price=159),
    Item(id="mug", name="Blue mug", category="Kitchen", department="Home", price=1299),
    Item(id="lamp", name="Desk lamp", category="Lighting", department="Home", price=3999),
)

MADRID = Store(
    id="madrid",
    name="Madrid Gran Vía",
    time_zone="Europe/Madrid",
    country="ES",
    zones=(Zone("dairy", "Dairy", ("Cheese", "Milk")), Zone("bakery", "Bakery", ("Bread", "Pastry"))),
    beacons=(Beacon(DOOR_BEACON, ""), Beacon(DAIRY_BEACON, "dairy"), Beacon(BAKERY_BEACON, "bakery")),
)

NEW_YORK = Store(
    id="new-york",
    name="New York Broadway",
    time_zone="America/New_York",
    country="US",
    zones=(Zone("home", "Home", ("Kitchen", "Lighting")),),
    beacons=(Beacon(NEW_YORK_BEACON, "home"),),
)

_ids = count(1)


def offer(id_: str = "welcome", **fields: object) -> Offer:
    """10 % off, for everybody, anywhere, always."""
    defaults: dict[str, object] = {
        "name": id_.title(),
        "title": f"{id_.title()}!",
        "body": "10 % off today.",
        "benefit": Benefit(BenefitKind.PERCENT, 10),
    }
    return Offer(id=id_, **{**defaults, **fields})  # type: ignore[arg-type]


CHEESE_OFFER = offer("cheese-week", categories=frozenset({"Cheese"}), zones=frozenset({"dairy"}), priority=5)
BREAD_OFFER = offer("fresh-bread", items=frozenset({"bread"}), stores=frozenset({"madrid"}), priority=5)
WELCOME_OFFER = offer("welcome", triggers=frozenset({Trigger.STORE_ENTERED}))


def shop(
    offers: Iterable[Offer] = (CHEESE_OFFER, BREAD_OFFER, WELCOME_OFFER),
    items: Iterable[Item] = ITEMS,
    stores: Iterable[Store] = (MADRID, NEW_YORK),
) -> Reference:
    return Reference(
        items={item.id: item for item in items},
        stores={store.id: store for store in stores},
        offers={one.id: one for one in offers},
    )


class _Common(TypedDict):
    id: str
    customer: str
    channel: Channel
    at: int
    received: int
    consents: dict[str, bool] | None


def common(
    at: int = NOON,
    *,
    customer: str = ANA,
    channel: Channel = Channel.WEB,
    id: str = "",
    late: int = 0,
    consents: dict[str, bool] | None = None,
) -> _Common:
    """What every event carries. late: how long it was under way. Each has an id of its own unless told."""
    return {
        "id": id or f"message-{next(_ids)}",
        "customer": customer,
        "channel": channel,
        "at": at,
        "received": at + late,
        "consents": consents,
    }


def viewed(item: str = "mug", at: int = NOON, **more: object) -> ProductViewed:
    return ProductViewed(item=item, **common(at, **more))  # type: ignore[arg-type]


def added(item: str = "mug", at: int = NOON, quantity: int = 1, **more: object) -> ProductAdded:
    return ProductAdded(item=item, quantity=quantity, **common(at, **more))  # type: ignore[arg-type]


def answer(*items: str, at: int = NOON, number: int = 1, draws: tuple[Draw, ...] = ()) -> Shown:
    """A slate that was shown. number: tells it from others."""
    shown = items or ("mug", "lamp", "bread")
    sources = ("taste",) * len(shown)
    return Shown(answer=f"{number:032x}", at=at, placement="home", items=shown, sources=sources, draws=draws)


def listed(shown: Shown, *items: str, at: int = NOON, **more: object) -> ProductListViewed:
    """The answer, or some of its items, came on the screen."""
    return ProductListViewed(shown=shown, items=items, **common(at, **more))  # type: ignore[arg-type]


def clicked(item: str, shown: Shown, at: int = NOON, **more: object) -> ProductClicked:
    return ProductClicked(item=item, shown=shown, **common(at, **more))  # type: ignore[arg-type]


def dismissed(item: str = "mug", at: int = NOON, **more: object) -> ProductDismissed:
    return ProductDismissed(item=item, **common(at, **more))  # type: ignore[arg-type]


def redeemed(offer: str = "welcome", at: int = NOON, shown: Shown | None = None, **more: object) -> OfferRedeemed:
    return OfferRedeemed(offer=offer, shown=shown, **common(at, **more))  # type: ignore[arg-type]


def removed(item: str = "mug", at: int = NOON, quantity: int = 1, **more: object) -> ProductRemoved:
    return ProductRemoved(item=item, quantity=quantity, **common(at, **more))  # type: ignore[arg-type]


def searched(query: str = "cheese", at: int = NOON, **more: object) -> ProductsSearched:
    return ProductsSearched(query=query, **common(at, **more))  # type: ignore[arg-type]


def bought(*items: str | Line, at: int = NOON, store: str | None = None, **more: object) -> OrderCompleted:
    lines = tuple(line if isinstance(line, Line) else Line(line) for line in items or ("mug",))
    shared = common(at, **more)  # type: ignore[arg-type]
    return OrderCompleted(order=f"order-{shared['id']}", lines=lines, store=store, **shared)


def _in_store(more: dict[str, object]) -> dict[str, object]:
    return {"channel": Channel.STORE, **more}


def entered(store: str = "madrid", at: int = NOON, zone: str = "", **more: object) -> StoreEntered | ZoneEntered:
    """A store, or a zone of it."""
    shared = common(at, **_in_store(more))  # type: ignore[arg-type]
    return ZoneEntered(store=store, zone=zone, **shared) if zone else StoreEntered(store=store, **shared)


def exited(store: str = "madrid", at: int = NOON, zone: str = "", **more: object) -> StoreExited | ZoneExited:
    shared = common(at, **_in_store(more))  # type: ignore[arg-type]
    return ZoneExited(store=store, zone=zone, **shared) if zone else StoreExited(store=store, **shared)


def sighted(beacon: str = DAIRY_BEACON, at: int = NOON, rssi: float | None = -60.0, **more: object) -> BeaconSighted:
    return BeaconSighted(beacon=beacon, rssi=rssi, **common(at, **_in_store(more)))  # type: ignore[arg-type]


def identified(at: int = NOON, traits: dict[str, str] | None = None, **more: object) -> CustomerIdentified:
    return CustomerIdentified(traits=traits or {}, **common(at, **more))  # type: ignore[arg-type]


def consented(at: int = NOON, *, granted: bool = True, purpose: str = MARKETING_PUSH, **more: object) -> ConsentUpdated:
    return ConsentUpdated(**common(at, consents={purpose: granted}, **more))  # type: ignore[arg-type]


def reported(push: Push, status: DeliveryStatus, at: int = NOON, **more: object) -> DeliveryReported:
    shared = common(at, **{"channel": Channel.APP, **more})  # type: ignore[arg-type]
    return DeliveryReported(decision=push.id, offer=push.offer, status=status, **shared)


def timer(at: int = NOON, *, late: int = 0, customer: str = ANA) -> TimerFired:
    """Due at `at`, noticed `late` milliseconds after."""
    return TimerFired(**common(at, customer=customer, channel=Channel.SERVICE, id=f"timer:{customer}:{at}", late=late))


def customer_who(*events: Event, reference: Reference | None = None, start: CustomerState = EMPTY) -> CustomerState:
    """The state after the events, each of which must have been applied."""
    state, shelves = start, reference or shop()
    for event in events:
        advanced = advance(state, event, shelves, JOURNEY)
        assert (advanced.rejected, advanced.duplicate) == ("", False), event
        state = advanced.state
    return state


def occasion(store: str = "madrid", zone: str = "", at: int = NOON, visit: str = "") -> Occasion:
    """The entrance of a store, or of a zone of it."""
    visit = visit or f"{store}:{at}"
    trigger = Trigger.ZONE_ENTERED if zone else Trigger.STORE_ENTERED
    id_ = f"{visit}/{zone}" if zone else visit
    return Occasion(id=id_, trigger=trigger, visit=visit, store=store, zone=zone, at=at)
