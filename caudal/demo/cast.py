"""Who walks the simulated shop floor: real households, each with a store, a habit with the app, and an errand."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, time
from enum import StrEnum
from random import Random
from zoneinfo import ZoneInfo

from caudal.demo.receipts import Receipts
from recommender.policy import GatePolicy
from retail.offers import Offer
from retail.stores import Store
from streams.topics.shop import Shop

WALKERS = 150
"""Customers on the floor during one run: six in a hundred of the households."""

SEED = 20_170_101
"""The cast is the same in every run; only the stores that are open change with the hour."""

TARGETED = 0.8
"""Share of the cast that some campaign of these days was mailed to; the others have no offer to get."""

OPEN_STORES = 2
"""Most walkers are in one of the stores that are most awake; every time zone has that many."""

NIGHT = 0.06
"""Share of walkers in the store that is least awake: the night shift with the app on."""


class Errand(StrEnum):
    """What the walker does, beside walking."""

    BROWSES_FIRST = "browses_first"
    WANDERS = "wanders"
    REFUSES = "refuses"
    NEVER_ASKED = "never_asked"
    DISMISSES = "dismisses"
    BUYS_FIRST = "buys_first"


ERRANDS: Mapping[Errand, int] = {
    Errand.BROWSES_FIRST: 5,
    Errand.WANDERS: 3,
    Errand.DISMISSES: 2,
    Errand.NEVER_ASKED: 2,
    Errand.BUYS_FIRST: 2,
    Errand.REFUSES: 1,
}
"""Invented shares; they only have to show every way a push can go."""


@dataclass(frozen=True)
class Walker:
    """usual: an item this household really bought, and may look at again."""

    customer: str
    store: Store
    errand: Errand
    usual: str


def cast(receipts: Receipts, shop: Shop, now: int) -> list[Walker]:
    """now: milliseconds. The same arguments give the same cast."""
    chance = Random(SEED)
    first_items = receipts.items[receipts.starts[:-1]].tolist()
    usual = dict(zip(map(str, receipts.household.tolist()), map(str, first_items), strict=True))
    households = _households(usual, live_audience(shop.offers, now), chance)
    awake = stores_by_wakefulness(shop.stores, now)
    errands = list(ERRANDS)
    weights = list(ERRANDS.values())
    return [
        Walker(customer, _store(awake, chance), chance.choices(errands, weights)[0], usual[customer])
        for customer in households
    ]


def _households(usual: Mapping[str, str], audience: frozenset[str], chance: Random) -> list[str]:
    mailed = sorted(audience & usual.keys())
    others = sorted(usual.keys() - audience)
    wanted = min(round(WALKERS * TARGETED), len(mailed))
    chosen = chance.sample(mailed, wanted) + chance.sample(others, min(WALKERS - wanted, len(others)))
    chance.shuffle(chosen)
    return chosen


def _store(awake: Sequence[Store], chance: Random) -> Store:
    return awake[-1] if chance.random() < NIGHT else chance.choice(awake[:OPEN_STORES])


def live_audience(offers: Sequence[Offer], now: int) -> frozenset[str]:
    """Everybody that an offer of these days is for."""
    return frozenset().union(*(offer.customers for offer in offers if offer.starts <= now < offer.ends))


def stores_by_wakefulness(stores: Sequence[Store], now: int) -> list[Store]:
    """Stores with beacons: first those where pushes may be sent for longest from now, last those that sleep."""
    moment = datetime.fromtimestamp(now / 1000, UTC)
    return sorted(
        (store for store in stores if store.beacons), key=lambda store: (-_awake_for(store, moment), store.id)
    )


def _awake_for(store: Store, moment: datetime) -> float:
    """Hours until the quiet hours begin; negative while they last."""
    policy = GatePolicy()
    local = moment.astimezone(ZoneInfo(store.time_zone)).time()
    day = (_hours(policy.quiet_from) - _hours(policy.quiet_until)) % 24
    return day - (_hours(local) - _hours(policy.quiet_until)) % 24


def _hours(clock: time) -> float:
    return clock.hour + clock.minute / 60
