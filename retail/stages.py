"""Stages: how far a customer's journey has come, and what moves it.

The rules are the two tables below. A stage is only ever gained: the machine says how far a relation has come, not
what the customer does today. So the order in which events arrive does not matter.

stage         reached by
aware         a view, a store or zone entered, a beacon sighted, a loyalty card scanned
researching   a search, or `policy.researching_views` views among the remembered interactions
deciding      something put into the cart
customer      a purchase
loyal         `policy.loyal_orders` purchases
"""

from retail.customers import CustomerState, Interaction, Stage
from retail.events import (
    BeaconSighted,
    LoyaltyCardScanned,
    OrderCompleted,
    ProductAdded,
    ProductsSearched,
    ProductViewed,
    StoreEntered,
    ZoneEntered,
)
from retail.happening import BaseEvent
from retail.history import count
from retail.policy import JourneyPolicy

# Read on every event: by the class, each costs twice the look-up of a name.
_NEW, _AWARE, _RESEARCHING, _DECIDING, _CUSTOMER, _LOYAL = Stage
_VIEWED = Interaction.VIEWED

RANK = {stage: rank for rank, stage in enumerate(Stage)}

REACHED_BY: dict[type[BaseEvent], Stage] = {
    ProductViewed: Stage.AWARE,
    StoreEntered: Stage.AWARE,
    ZoneEntered: Stage.AWARE,
    BeaconSighted: Stage.AWARE,
    LoyaltyCardScanned: Stage.AWARE,
    ProductsSearched: Stage.RESEARCHING,
    ProductAdded: Stage.DECIDING,
    OrderCompleted: Stage.CUSTOMER,
}


def stage_after(state: CustomerState, event: BaseEvent, policy: JourneyPolicy) -> Stage:
    """state: with the event applied, its stage still the old one."""
    stage, reached = state.stage, REACHED_BY.get(type(event))
    if reached is None:
        return stage
    if reached is _AWARE and stage is not _NEW:
        return _RESEARCHING if stage is _AWARE and _researches(state, policy) else stage
    if reached is _CUSTOMER and state.orders >= policy.loyal_orders:
        reached = _LOYAL
    return reached if RANK[reached] > RANK[stage] else stage


def stage_of(stage: Stage, orders: int, views: int, policy: JourneyPolicy) -> Stage:
    """At least `stage`; what the purchases and remembered views of several profiles reach together."""
    if stage is _CUSTOMER and orders >= policy.loyal_orders:
        return _LOYAL
    if stage is _AWARE and views >= policy.researching_views:
        return _RESEARCHING
    return stage


def _researches(state: CustomerState, policy: JourneyPolicy) -> bool:
    return count(state.history, _VIEWED) >= policy.researching_views
