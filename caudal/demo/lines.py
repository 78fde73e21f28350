"""Three lines to paste into a shell: they change a customer's recommendations and bring a push."""

import json
import shlex
import shutil
from collections.abc import Sequence
from dataclasses import dataclass

from caudal.demo.cast import stores_by_wakefulness
from caudal.system import Keys
from retail.offers import Offer, Trigger
from retail.stores import Store
from streams.topics.shop import Shop

VIEWS = 3
"""Items of the offer that the customer looks at."""


@dataclass(frozen=True)
class Guest:
    """Who the lines are about. offer: one that this customer may have in this store. viewed: items to look at."""

    customer: str
    store: Store
    beacon: str
    offer: Offer
    viewed: tuple[str, ...]


class NobodyToShow(Exception):
    """No offer of these days is for a zone of a store."""


def find_guest(shop: Shop, taken: frozenset[str], now: int) -> Guest:
    """A household with a zone offer of these days, in a store that is awake. taken: customers with another part.

    now: milliseconds. Raises NobodyToShow.
    """
    store = stores_by_wakefulness(shop.stores, now)[0]
    sold = {item.id for item in shop.items}
    beacons = {beacon.zone: beacon.id for beacon in store.beacons}
    for offer in sorted(shop.offers, key=lambda offer: offer.id):
        free = sorted(offer.customers - taken)
        zones = sorted(offer.zones & beacons.keys())
        viewed = sorted(offer.items & sold)[:VIEWS]
        if free and zones and viewed and _due(offer, now):
            return Guest(free[0], store, beacons[zones[0]], offer, tuple(viewed))
    raise NobodyToShow("no offer of the data set is due in a zone today")


def _due(offer: Offer, now: int) -> bool:
    return offer.starts <= now < offer.ends and Trigger.ZONE_ENTERED in offer.triggers


def write_lines(guest: Guest, gateway: str, keys: Keys) -> list[str]:
    """Looks and allows pushes; walks past a beacon; reads what came of it. For `curl`, and any shell of POSIX."""
    return [
        _post(f"{gateway}/v1/batch", keys.app, {"batch": _events(guest)}),
        _post(f"{gateway}/v1/sightings", keys.app, {"userId": guest.customer, "beacon": guest.beacon}),
        _get(keys.app, [_recommendations(guest, gateway), f"{gateway}/v1/inbox?customer={guest.customer}"]),
    ]


def _events(guest: Guest) -> list[dict[str, object]]:
    consent = {"consent": {"categoryPreferences": {"marketing_push": True}}}
    asked: dict[str, object] = {
        "type": "track",
        "event": "Segment Consent Preference Updated",
        "userId": guest.customer,
        "context": consent,
    }
    views: list[dict[str, object]] = [
        {"type": "track", "event": "Product Viewed", "userId": guest.customer, "properties": {"product_id": item}}
        for item in guest.viewed
    ]
    return [asked, *views]


def _recommendations(guest: Guest, gateway: str) -> str:
    return f"{gateway}/v1/recommendations?customer={guest.customer}&store={guest.store.id}&limit=5"


def _post(url: str, key: str, body: object) -> str:
    return shlex.join(["curl", "-s", "-u", f"{key}:", url, "-d", json.dumps(body, separators=(",", ":"))])


def _get(key: str, urls: Sequence[str]) -> str:
    return shlex.join(["curl", "-s", "-w", "\\n", "-u", f"{key}:", *urls])


def without_curl(line: str) -> str:
    """The same request for a machine without curl: Python's own client, same address, same body."""
    words = shlex.split(line)
    key = words[words.index("-u") + 1]
    body = words[words.index("-d") + 1] if "-d" in words else None
    urls = [word for word in words if word.startswith("http")]
    program = (
        "import base64,urllib.request as u;"
        f"h={{'Authorization':'Basic '+base64.b64encode({key!r}.encode()).decode()}};"
        f"[print(u.urlopen(u.Request(a,{body!r} and {body!r}.encode(),h)).read().decode()) for a in {urls!r}]"
    )
    return shlex.join(["python3", "-c", program])


def has_curl() -> bool:
    return shutil.which("curl") is not None
