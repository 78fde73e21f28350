"""What was sent, written down by the sender, and an independent recount of what must have come of it.

Shares nothing with the folds but the shape of a stored state: counting is done anew, on plain dictionaries.
"""

import json
import random
import time
from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field

import redis
from kafka import KafkaProducer

from retail.customers import CustomerState, decode_state
from streams.settings import Settings
from streams.state import keys
from streams.topics import WEB
from streams.topics.partitions import partition_of
from tests.patience import PATIENCE


@dataclass
class Journal:
    """Everything sent, per customer, in order. sends: records in Kafka, repetitions included."""

    settings: Settings
    sent: dict[str, list[dict[str, object]]] = field(default_factory=lambda: defaultdict(list))
    messages: set[str] = field(default_factory=set)
    sends: int = 0

    def send(self, events: Iterator[dict[str, object]], pause: float = 0.0) -> None:
        """Writes them to `events.web` as any producer of the shop would, keyed by customer."""
        producer = KafkaProducer(bootstrap_servers=self.settings.broker.split(","), acks="all")
        for event in events:
            self.note(event)
            key = str(event["userId"]).encode()
            producer.send(WEB.name, key=key, value=json.dumps(event).encode())
            if pause:
                time.sleep(pause)
        producer.flush(30)
        producer.close()

    def note(self, event: dict[str, object]) -> None:
        self.sends += 1
        message = str(event["messageId"])
        if message not in self.messages:
            self.messages.add(message)
            self.sent[str(event["userId"])].append(event)

    def carts(self) -> dict[str, dict[str, int]]:
        """Each customer's cart, recounted."""
        carts: dict[str, Counter[str]] = {customer: Counter() for customer in self.sent}
        for customer, events in self.sent.items():
            for event in events:
                self._count(carts[customer], event)
        return {customer: {item: n for item, n in cart.items() if n > 0} for customer, cart in carts.items()}

    @staticmethod
    def _count(cart: Counter[str], event: dict[str, object]) -> None:
        properties = event.get("properties", {})
        assert isinstance(properties, dict)
        if event.get("event") == "Product Added":
            cart[properties["product_id"]] += properties["quantity"]
        if event.get("event") == "Order Completed":
            for line in properties["products"]:
                cart.pop(line["product_id"], None)

    def orders(self) -> dict[str, int]:
        return {
            customer: sum(event.get("event") == "Order Completed" for event in events)
            for customer, events in self.sent.items()
        }


@dataclass(frozen=True)
class Ledger:
    """What Redis holds at the end."""

    settings: Settings

    def states(self, customers: Iterator[str]) -> dict[str, CustomerState]:
        with redis.Redis.from_url(self.settings.redis_url) as client:
            blobs = {c: client.get(keys.customer(self._partition(c), c)) for c in customers}
        return {customer: decode_state(blob) for customer, blob in blobs.items() if blob}

    def applied(self) -> int:
        """Records of `customer-events` applied, summed over the ledgers."""
        partitions = range(self.settings.customer_partitions)
        with redis.Redis.from_url(self.settings.redis_url) as client:
            return sum(int(client.hget(keys.ledger(partition), "next") or 0) for partition in partitions)

    def wait(self, journal: Journal) -> dict[str, CustomerState]:
        """The states once every message was applied, or after the patience has run out, whatever they are."""
        deadline = time.monotonic() + PATIENCE
        while True:
            states = self.states(iter(journal.sent))
            if sum(state.version for state in states.values()) >= len(journal.messages) or time.monotonic() > deadline:
                return states
            time.sleep(0.1)

    def applied_to(self, customer: str) -> int:
        """Events applied to the customer, as soon as there are any, or 0 after the patience has run out."""
        deadline = time.monotonic() + PATIENCE
        while time.monotonic() < deadline:
            if state := self.states(iter([customer])).get(customer):
                return state.version
            time.sleep(0.1)
        return 0

    def _partition(self, customer: str) -> int:
        return partition_of(customer, self.settings.customer_partitions)


def shopping(count: int, *, customers: int = 50, seed: int = 1, start: int = 0) -> Iterator[dict[str, object]]:
    """`count` seeded events of looking, adding and buying; message ids run from `start`."""
    draw = random.Random(seed)
    for n in range(start, start + count):
        name = draw.choice(["Product Viewed", "Product Viewed", "Product Added", "Order Completed"])
        yield track(f"customer-{draw.randrange(customers)}", name, f"message-{n}", _properties(draw, name, n))


def _properties(draw: random.Random, name: str, n: int) -> dict[str, object]:
    item = f"item-{draw.randrange(20)}"
    if name == "Order Completed":
        return {"order_id": f"order-{n}", "products": [{"product_id": item, "quantity": 1, "price": 1.5}]}
    return {"product_id": item, "quantity": 1 + draw.randrange(3)}


def track(customer: str, name: str, message: str, properties: dict[str, object]) -> dict[str, object]:
    """One Segment-shaped track call."""
    return {"type": "track", "event": name, "userId": customer, "messageId": message, "properties": properties}


def check(journal: Journal, states: dict[str, CustomerState]) -> None:
    """Nothing lost, nothing doubled: versions, orders and carts as the journal has them."""
    assert {c: s.version for c, s in states.items()} == {c: len(events) for c, events in journal.sent.items()}
    assert {c: s.orders for c, s in states.items()} == journal.orders()
    assert {c: s.cart for c, s in states.items()} == journal.carts()
