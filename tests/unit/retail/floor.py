"""Anything that can happen in the tiny shop, for properties that hold whatever happens."""

from typing import cast

from hypothesis import strategies as st

from retail.consents import PURPOSES
from retail.events import (
    BeaconSighted,
    Channel,
    ComplaintFiled,
    ComplaintResolved,
    ConsentUpdated,
    CustomerIdentified,
    DeliveryReported,
    DeliveryStatus,
    Event,
    HouseholdJoined,
    HouseholdLeft,
    Line,
    LoyaltyCardScanned,
    OfferRedeemed,
    OrderCompleted,
    OrderDelivered,
    OrderShipped,
    ProductAdded,
    ProductClicked,
    ProductDismissed,
    ProductListViewed,
    ProductRemoved,
    ProductReturned,
    ProductsSearched,
    ProductViewed,
    SocialMentionHeard,
    StoreEntered,
    StoreExited,
    SupportContacted,
    SurveyAnswered,
    SurveyKind,
    Tracked,
    ZoneEntered,
    ZoneExited,
)
from retail.happening import BaseEvent
from tests.shop import (
    ANA,
    BAKERY_BEACON,
    DAIRY_BEACON,
    DAY,
    DOOR_BEACON,
    HOUR,
    ITEMS,
    NEW_YORK_BEACON,
    NOON,
    answer,
)

times = st.integers(NOON - 3 * DAY, NOON + 3 * DAY) | st.integers(NOON, NOON + HOUR)
delays = st.integers(0, 1000) | st.integers(0, DAY)
items = st.sampled_from([item.id for item in ITEMS] + ["nobody-sells-this"])
quantities = st.integers(-3, 100_000)
words = st.text(max_size=8)
stores = st.sampled_from(["madrid", "new-york", "atlantis"])
zones = st.sampled_from(["dairy", "bakery", "home", "attic"])
beacons = st.sampled_from([DOOR_BEACON, DAIRY_BEACON, BAKERY_BEACON, NEW_YORK_BEACON, "lost:0:0"])
consents = st.none() | st.dictionaries(st.sampled_from(sorted(PURPOSES)) | words, st.booleans(), max_size=4)
cases = st.sampled_from(["c-1", "c-2", "c-3"]) | words
moods = st.integers(0, 100)
slates = st.builds(
    lambda number: answer(*(item.id for item in ITEMS), at=NOON + number, number=number), st.integers(0, 5)
)
lines = st.builds(Line, item=items, quantity=quantities, price=st.integers(0, 10_000))


def kinds(ids: st.SearchStrategy[str]) -> list[st.SearchStrategy[Event]]:
    """One strategy per kind of event. ids: message ids."""

    def some(kind: type[BaseEvent], /, **fields: st.SearchStrategy[object]) -> st.SearchStrategy[Event]:
        moments = st.tuples(times, delays).map(lambda t: {"at": t[0], "received": t[0] + t[1]})
        shared = st.fixed_dictionaries({"id": ids, "channel": st.sampled_from(Channel), "consents": consents, **fields})
        built = st.builds(lambda time, rest: kind(customer=ANA, **time, **rest), moments, shared)
        return cast(st.SearchStrategy[Event], built)

    return [
        some(ProductListViewed, shown=slates, items=st.lists(items, max_size=3).map(tuple)),
        some(ProductClicked, shown=slates, item=items),
        some(ProductViewed, item=items, shown=st.none() | slates),
        some(ProductAdded, item=items, quantity=quantities),
        some(ProductRemoved, item=items, quantity=quantities),
        some(ProductDismissed, item=items),
        some(ProductsSearched, query=words),
        some(OrderCompleted, order=words, lines=st.lists(lines, max_size=8).map(tuple), store=st.none() | stores),
        some(StoreEntered, store=stores),
        some(StoreExited, store=stores),
        some(ZoneEntered, store=stores, zone=zones),
        some(ZoneExited, store=stores, zone=zones),
        some(BeaconSighted, beacon=beacons),
        some(LoyaltyCardScanned, store=stores),
        some(SupportContacted, case=cases),
        some(ComplaintFiled, case=cases),
        some(ComplaintResolved, case=cases),
        some(SurveyAnswered, kind=st.sampled_from(SurveyKind), mood=moods),
        some(SocialMentionHeard, network=words, mood=st.none() | moods),
        some(OrderShipped, order=cases),
        some(OrderDelivered, order=cases),
        some(ProductReturned, item=items, quantity=quantities),
        some(CustomerIdentified, traits=st.dictionaries(words, words, max_size=5)),
        some(ConsentUpdated),
        some(DeliveryReported, decision=words, offer=words, status=st.sampled_from(DeliveryStatus)),
        some(OfferRedeemed, offer=items, shown=st.none() | slates),
        some(Tracked, name=words),
        some(HouseholdJoined, household=words),
        some(HouseholdLeft, household=words),
    ]


any_event = st.one_of(kinds(st.uuids().map(str)))
"""Ids never repeat."""

any_event_again = st.one_of(kinds(st.integers(0, 9).map(str)))
"""Few ids, so that they repeat."""
