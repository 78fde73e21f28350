"""What is sent over HTTP: the workload's events in the Segment shape and questions for slates, as whole requests."""

import random
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from itertools import islice

import msgspec

from benchmarks.workload import Shape, events
from retail.events import (
    BeaconSighted,
    ConsentUpdated,
    Event,
    Line,
    OrderCompleted,
    ProductAdded,
    ProductViewed,
    StoreEntered,
    ZoneEntered,
)

Body = Mapping[str, object]

IN_A_STORE = 0.25
"""Share of the questions that name a store."""


def messages(shape: Shape, count: int, until: int, run: str = "") -> Iterator[Body]:
    """The workload as SDKs would send it. run: makes the message ids differ from another run's."""
    return (message(event, run) for event in events(shape, count, until))


def event_requests(told: Iterable[Body], batch: int, key: str) -> list[bytes]:
    """Requests of `batch` messages each; of one message each they are single calls."""
    if batch == 1:
        return [post("/v1/track", each, key) for each in told]
    rest = iter(told)
    return [post("/v1/batch", {"batch": part}, key) for part in iter(lambda: list(islice(rest, batch)), [])]


def slate_requests(shape: Shape, count: int, key: str) -> list[bytes]:
    """Questions of the customers who are there most, as often as they are; some from inside a store."""
    draw = random.Random(shape.seed)
    requests: list[bytes] = []
    for _ in range(count):
        query = f"customer=customer-{int(shape.customers * draw.random() ** 1.5)}&placement=home&limit=10"
        if draw.random() < IN_A_STORE:
            query += f"&store=store-{draw.randrange(shape.stores)}"
        requests.append(get(f"/v1/recommendations?{query}", key))
    return requests


def message(event: Event, run: str) -> Body:
    """One event as an SDK would send it."""
    name, properties = _told(event)
    return {
        "type": "track",
        "event": name,
        "messageId": run + event.id,
        "userId": event.customer,
        "timestamp": datetime.fromtimestamp(event.at / 1000, UTC).isoformat(timespec="milliseconds"),
        "context": {"consent": {"categoryPreferences": event.consents}} if event.consents else {},
        "properties": properties,
    }


def post(path: str, body: Body, key: str) -> bytes:
    encoded = msgspec.json.encode(body)
    return (
        f"POST {path} HTTP/1.1\r\nHost: bench\r\nX-Api-Key: {key}\r\nContent-Type: application/json\r\n"
        f"Content-Length: {len(encoded)}\r\n\r\n"
    ).encode() + encoded


def get(target: str, key: str) -> bytes:
    return f"GET {target} HTTP/1.1\r\nHost: bench\r\nX-Api-Key: {key}\r\n\r\n".encode()


def _told(event: Event) -> tuple[str, Body]:
    """Name and properties. Raises ValueError for an event that the workload does not make."""
    match event:
        case ProductViewed(item=item):
            return "Product Viewed", {"product_id": item}
        case ProductAdded(item=item, quantity=quantity):
            return "Product Added", {"product_id": item, "quantity": quantity}
        case OrderCompleted(order=order, lines=lines, store=store):
            return "Order Completed", {"order_id": order, "store_id": store, "products": _products(lines)}
        case StoreEntered(store=store):
            return "Store Entered", {"store_id": store}
        case ZoneEntered(store=store, zone=zone):
            return "Zone Entered", {"store_id": store, "zone_id": zone}
        case BeaconSighted(beacon=beacon, rssi=rssi):
            return "Beacon Sighted", {"beacon": beacon, "rssi": rssi}
        case ConsentUpdated():
            return "Segment Consent Preference Updated", {}
    raise ValueError(f"no message for {type(event).__name__}: add it to benchmarks.traffic")


def _products(lines: Sequence[Line]) -> list[Body]:
    return [{"product_id": line.item, "quantity": line.quantity, "price": line.price / 100} for line in lines]
