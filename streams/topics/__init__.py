"""The topics: declared here as plain data, provisioned, written and followed by the modules beside."""

from dataclasses import dataclass
from datetime import timedelta

RECORD_BYTES = 1_000_000
"""Largest record of a topic, unless it says otherwise; just under what a Kafka broker takes by default."""


@dataclass(frozen=True)
class Topic:
    """One Kafka topic. partitions: 0 means the number the settings give for the kind.

    compacted: keeps the last value per key. retention: how long records stay, None for ever.
    record_bytes: largest record.
    """

    name: str
    job: str
    key: str
    partitions: int = 0
    compacted: bool = False
    retention: timedelta | None = timedelta(days=7)
    record_bytes: int = RECORD_BYTES


WEB = Topic("events.web", "what happens on the site", "the sender's strongest identifier")
APP = Topic("events.app", "what happens in the app", "the sender's strongest identifier")
STORE = Topic("events.store", "what happens in the stores: beacons, tills", "the sender's strongest identifier")
SERVICE = Topic("events.service", "what the contact centre hears", "the sender's strongest identifier")
# Its values hold the largest record of another topic in base64.
REJECTED = Topic(
    "events.rejected",
    "what could not be applied: raw bytes, where from, why",
    "source topic",
    retention=timedelta(days=30),
    record_bytes=2 * RECORD_BYTES,
)
CUSTOMER_EVENTS = Topic(
    "customer-events", "decoded events, resolved to one customer", "customer id", retention=timedelta(days=30)
)
CUSTOMER_SNAPSHOTS = Topic(
    "customer-snapshots",
    "the state of each customer as of a while ago, and how far the log is in it",
    "customer id",
    compacted=True,
    retention=None,
)
RECOMMENDATIONS = Topic("recommendations", "a fresh slate per changed customer", "customer id")
PROMOTIONS = Topic("promotions", "what was decided about pushes", "customer id")
JOURNEYS = Topic("journeys", "stages that customers entered", "customer id")
OUTCOMES = Topic(
    "outcomes",
    "what was shown and what became of it: seen, clicked, added, bought",
    "customer id",
    retention=timedelta(days=90),
)
DELIVERIES = Topic("deliveries", "what became of each push", "customer id")
IDENTITIES = Topic(
    "identities", "who was found to be whom, and on what evidence", "customer id", retention=timedelta(days=365)
)
CLICKS = Topic(
    "clicks",
    "what is looked at and bought, for all processes to learn from; no customer is named",
    "none",
    partitions=1,
    retention=timedelta(days=1),
)
CATALOG = Topic("catalog", "items", "item id", partitions=1, compacted=True, retention=None)
STORES = Topic("stores", "stores with zones and beacons", "store id", partitions=1, compacted=True, retention=None)
OFFERS = Topic("offers", "offers", "offer id", partitions=1, compacted=True, retention=None)
MERCHANDISING = Topic(
    "merchandising",
    "rules of merchandisers: what is pinned, boosted, buried, excluded",
    "rule id",
    partitions=1,
    compacted=True,
    retention=None,
)

CHANNELS = (WEB, APP, STORE, SERVICE)
"""Where senders write."""

SOURCES = (*CHANNELS, DELIVERIES)
"""What `identify` reads."""

REFERENCE = (CATALOG, STORES, OFFERS, MERCHANDISING)
"""What every process follows from the beginning."""

ALL = (
    *CHANNELS,
    REJECTED,
    CUSTOMER_EVENTS,
    CUSTOMER_SNAPSHOTS,
    RECOMMENDATIONS,
    PROMOTIONS,
    JOURNEYS,
    OUTCOMES,
    DELIVERIES,
    IDENTITIES,
    CLICKS,
    *REFERENCE,
)
