"""What happens in a shop under chaos: seeded, with times that the sender chose, so that all can be recomputed.

One event is one `Sent`; its bytes are made when it is sent. What changes a cart or an order comes over one channel per
customer, under the user id and never late, so that it can be counted without knowing any rule for what is late, or for
what two identifiers of one customer come to.
"""

import json
import random
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from enum import StrEnum

import msgspec

from retail.catalog import Item
from retail.decisions import decision_id
from retail.offers import Benefit, BenefitKind, Offer
from retail.stores import Beacon, Store, Zone
from streams.topics import APP, SERVICE, STORE, WEB
from streams.topics.shop import Shop

BEACON = "f7826da6-4fa2-4e98-8024-bc5b71e0893e"
ITEMS = 40
STORES = 4
ZONES = ("", "dairy", "bakery")
"""A beacon at the door, one in each zone."""

UNKNOWN = "no-such-item"
MINUTE = 60_000
PAST = 120 * MINUTE
"""Of the belated: longer than any timer waits."""


class Kind(StrEnum):
    VIEW = "Product Viewed"
    SEARCH = "Products Searched"
    ADD = "Product Added"
    REMOVE = "Product Removed"
    ORDER = "Order Completed"
    CONSENT = "Segment Consent Preference Updated"
    SIGHT = "Beacon Sighted"
    EXIT = "Store Exited"
    TAP = "Push Notification Tapped"
    DISMISS = "Push Notification Dismissed"


LOOKING = frozenset({Kind.VIEW, Kind.SEARCH, Kind.SIGHT})


class Sent(msgspec.Struct, gc=False):
    """One event and what became of sending it.

    n: its place in the order of sending. subject: item, beacon, store, decision, or what was consented.
    at: when it happened, stamp: when it was sent, milliseconds. http: sent through a gateway. outcome: "acked" or
    "maybe"; "" while it is under way. device: the anonymous id that it names, "" for none. known: whether it names the
    customer.
    """

    n: int
    customer: str
    topic: str
    kind: Kind
    subject: str
    quantity: int
    at: int
    stamp: int
    http: bool = False
    outcome: str = ""
    device: str = ""
    known: bool = True

    @property
    def profile(self) -> str:
        """Whose event it is before anything is known of the customer."""
        return self.customer if self.known else f"anonymous:{self.device}"

    @property
    def message(self) -> str:
        return f"m-{self.n}"

    @property
    def refused(self) -> bool:
        """Whether the shop knows no such thing, so that the event is rejected."""
        return self.subject == UNKNOWN

    def body(self) -> dict[str, object]:
        """A Segment-shaped message."""
        told: dict[str, object] = {"type": "track", "event": self.kind, **self._identifiers()}
        told |= {"messageId": self.message, "timestamp": self.at, "properties": self._properties()}
        if self.kind is Kind.CONSENT:
            told["context"] = {"consent": {"categoryPreferences": {"marketing_push": self.subject == "yes"}}}
        return told

    def raw(self) -> bytes:
        return json.dumps(self.body()).encode()

    def _identifiers(self) -> dict[str, object]:
        identifiers = {"userId": self.customer if self.known else "", "anonymousId": self.device}
        return {name: value for name, value in identifiers.items() if value}

    def _properties(self) -> dict[str, object]:
        if self.kind in (Kind.VIEW, Kind.ADD, Kind.REMOVE):
            return {"product_id": self.subject, "quantity": self.quantity}
        if self.kind is Kind.ORDER:
            line = {"product_id": self.subject, "quantity": self.quantity, "price": 1.5}
            return {"order_id": f"order-{self.n}", "products": [line]}
        names = {Kind.SIGHT: "beacon", Kind.EXIT: "store_id", Kind.TAP: "decision_id", Kind.DISMISS: "decision_id"}
        name = names.get(self.kind, "query")
        return {name: self.subject, "rssi": -60} if self.kind is Kind.SIGHT else {name: self.subject}


@dataclass(frozen=True)
class Traffic:
    """events: how many. rate: a second, which also spaces the times. start: of the first event, milliseconds.

    late: the share of views, searches and sightings that tell of up to ten minutes ago. over_http: the share of
    customers whose events come through a gateway. belated: the share of customers whose every event is PAST old when
    it is sent, so that their timers are due as soon as they are set. devices: the share of customers who look around
    without being logged in, too, and log in now and then. first: number of the first event; with it, and a
    seed and so customers of their own, several can follow each other in one journal.
    """

    events: int
    seed: int = 1
    rate: float = 1000.0
    customers: int = 0
    late: float = 0.05
    over_http: float = 0.2
    belated: float = 0.0
    devices: float = 0.2
    first: int = 0
    start: int = field(default_factory=lambda: int(time.time() * 1000))

    def __iter__(self) -> Iterator[Sent]:
        draw = random.Random(self.seed)
        names = [f"c{self.seed}-{number}" for number in range(self.customers or max(50, self.events // 100))]
        shoppers = [Shopper(name, draw.random() < self.over_http, draw) for name in names]
        for shopper in shoppers[: int(self.belated * len(shoppers))]:
            shopper.belated = True
        for shopper in shoppers[len(shoppers) - int(self.devices * len(shoppers)) :]:
            shopper.device = f"phone-of-{shopper.name}"
        for n in range(self.first, self.first + self.events):
            stamp = self.start + int((n - self.first) * 1000 / self.rate)
            shopper = draw.choice(shoppers)
            sent = shopper.next(n, stamp - (PAST if shopper.belated else 0))
            if sent.kind in (Kind.VIEW, Kind.SEARCH, Kind.SIGHT) and draw.random() < self.late:
                sent.at -= draw.randrange(10 * MINUTE)
            yield sent


@dataclass
class Shopper:
    """One customer. visit: store and start of the stay that the customer believes to be in; decisions: likely ones.

    device: where the customer is not always logged in, "" for nowhere.
    """

    name: str
    http: bool
    draw: random.Random
    visit: tuple[int, int] | None = None
    decisions: list[str] = field(default_factory=list)
    known: bool = False
    belated: bool = False
    device: str = ""

    def __post_init__(self) -> None:
        self.home = self.draw.choice([WEB.name, APP.name])
        self.agrees = self.draw.random() < 0.8
        # Who just bought is left alone, so pushes are for those who only look.
        self.buys = self.draw.random() < 0.4

    def next(self, n: int, stamp: int) -> Sent:
        topic, kind, subject = self._act(stamp)
        quantity = self.draw.randrange(1, 4)
        sent = Sent(n, self.name, topic, kind, subject, quantity, stamp, stamp, self.http)
        if self.device:
            self._use_device(sent)
        return sent

    def _use_device(self, sent: Sent) -> None:
        """Half of the looking around is done by nobody known; one in ten of all else says whose the device is."""
        if sent.kind in LOOKING and self.draw.random() < 0.5:
            sent.device, sent.known = self.device, False
        elif self.draw.random() < 0.1:
            sent.device = self.device

    def _act(self, stamp: int) -> tuple[str, Kind, str]:
        if not self.known:
            self.known = True
            return SERVICE.name, Kind.CONSENT, "yes" if self.agrees else "no"
        chance = self.draw.random()
        if chance < 0.25:
            return self._walk(stamp)
        if chance < 0.28 and self.decisions:
            kind = Kind.TAP if self.draw.random() < 0.7 else Kind.DISMISS
            return APP.name, kind, self.decisions.pop(0)
        if chance < 0.29:
            self.agrees = not self.agrees
            return SERVICE.name, Kind.CONSENT, "yes" if self.agrees else "no"
        return self._shop()

    def _shop(self) -> tuple[str, Kind, str]:
        weights = [50, 5, 30, 8, 7 if self.buys else 0]
        kind = self.draw.choices([Kind.VIEW, Kind.SEARCH, Kind.ADD, Kind.REMOVE, Kind.ORDER], weights)[0]
        item = f"item-{self.draw.randrange(ITEMS)}"
        if kind is Kind.SEARCH:
            return WEB.name, kind, "cheese"
        if kind is Kind.VIEW:
            subject = UNKNOWN if self.draw.random() < 0.01 else item
            return self.draw.choice([WEB.name, APP.name]), kind, subject
        return self.home, kind, item

    def _walk(self, stamp: int) -> tuple[str, Kind, str]:
        if self.visit is not None and self.draw.random() < 0.3:
            store, self.visit = self.visit[0], None
            return STORE.name, Kind.EXIT, f"store-{store}"
        zone = self.draw.randrange(len(ZONES))
        if self.visit is None:
            self.visit = self.draw.randrange(STORES), stamp
        store, since = self.visit
        place = f"store-{store}:{since}" + (f"/{ZONES[zone]}" if zone else "")
        self.decisions = [*self.decisions, decision_id(self.name, place)][-3:]
        return STORE.name, Kind.SIGHT, f"{BEACON}:{store}:{zone}"


def poison(draw: random.Random, n: int) -> bytes:
    """Bytes that are no event, each its own."""
    kinds = (
        b"%d",
        b'{"type":"track","n":%d',
        b"\xff\xfe %d",
        b'["%d"]',
        b'{"type":"track","event":7,"n":%d}',
        b'{"type":"track","event":"Product Viewed","messageId":"p-%d"}',
        b'{"type":"track","event":"Product Viewed","userId":"poison","messageId":"p-%d","properties":{}}',
        b'{"type":"no such type","userId":"poison","messageId":"p-%d"}',
        b'{"a":' * 2_000 + b"%d",
        b"x" * 40_000 + b"%d",
    )
    return draw.choice(kinds) % n


def chaos_shop() -> Shop:
    """Items, stores with zones and beacons where it is day now, offers."""
    items = [
        Item(id=f"item-{n}", name=f"Item {n}", category=("Cheese", "Bread", "Home")[n % 3], price=100 + n)
        for n in range(ITEMS)
    ]
    stores = [
        Store(
            id=f"store-{store}",
            name=f"Store {store}",
            time_zone=awake(),
            zones=(Zone("dairy", "Dairy", ("Cheese",)), Zone("bakery", "Bakery", ("Bread",))),
            beacons=tuple(Beacon(f"{BEACON}:{store}:{n}", zone) for n, zone in enumerate(ZONES)),
        )
        for store in range(STORES)
    ]
    return Shop(items, stores, [_offer("cheese-week", "Cheese"), _offer("fresh-bread", "Bread"), _offer("welcome")])


def _offer(id_: str, category: str = "") -> Offer:
    categories = frozenset({category}) if category else frozenset()
    benefit = Benefit(BenefitKind.PERCENT, 10)
    return Offer(id=id_, name=id_, title=f"{id_}!", body="Today.", benefit=benefit, categories=categories)


def awake() -> str:
    """A time zone where it is day now, and for some hours: nobody is woken by a push."""
    zones = ((0, "Etc/GMT"), (8, "Etc/GMT-8"), (-8, "Etc/GMT+8"))
    return next(zone for ahead, zone in zones if 9 <= (time.gmtime().tm_hour + ahead) % 24 < 19)
