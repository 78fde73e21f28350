"""The folds of what customers do with items: view, add to the cart, remove from it, buy."""

from collections.abc import Iterable

from retail import habits, history
from retail.carts import cart_after_purchase, cart_with, cart_without
from retail.catalog import category_key, item_key
from retail.changes import Changes, Surroundings
from retail.customers import CustomerState, Interaction
from retail.events import OrderCompleted, ProductAdded, ProductRemoved, ProductViewed
from retail.instants import whole_seconds
from retail.policy import JourneyPolicy
from retail.reference import Reference
from retail.visits import at_till

# Read on every event: by the class, each costs twice the look-up of a name.
_VIEWED, _ADDED, _REMOVED, _BOUGHT = Interaction


def viewed(state: CustomerState, event: ProductViewed, around: Surroundings) -> Changes:
    at = whole_seconds(event.at)
    record = history.pack(item_key(event.item), at, _VIEWED, event.channel)
    return {"history": history.insert(state.history, record, at, around.policy.history)}


def added(state: CustomerState, event: ProductAdded, around: Surroundings) -> Changes:
    policy = around.policy
    return {
        "history": _history_with(state, event, _ADDED, min(event.quantity, policy.quantity), policy),
        "cart": cart_with(state, event, policy),
    }


def removed(state: CustomerState, event: ProductRemoved, around: Surroundings) -> Changes:
    policy = around.policy
    return {
        "history": _history_with(state, event, _REMOVED, min(event.quantity, policy.quantity), policy),
        "cart": cart_without(state, event),
    }


def bought(state: CustomerState, event: OrderCompleted, around: Surroundings) -> Changes:
    """A purchase counts once for each of its items and categories, however many lines and units it has of it."""
    policy = around.policy
    quantities = _quantities(event, policy)
    keys = [item_key(item) for item in quantities]
    at = whole_seconds(event.at)
    records = b"".join(
        [
            history.pack(key, at, _BOUGHT, event.channel, quantity)
            for key, quantity in zip(keys, quantities.values(), strict=True)
        ]
    )
    changes: Changes = {
        "history": history.insert(state.history, records, at, policy.history),
        "habits": habits.add(state.habits, keys, at, policy.habit_decay_s, policy.habits),
        "orders": state.orders + 1,
        "bought_at": max(state.bought_at, event.at),
    }
    categories = _categories(quantities, around.reference)
    if categories:
        changes["categories"] = habits.add(state.categories, categories, at, policy.habit_decay_s, policy.categories)
    if state.cart:
        changes["cart"] = cart_after_purchase(state, event, quantities)
    if event.store is not None:
        changes.update(at_till(state, event, policy))
    return changes


def _categories(items: Iterable[str], reference: Reference) -> list[int]:
    """Keys of the categories that the catalogue has for the items, each once."""
    known = [reference.items.get(item) for item in items]
    names = dict.fromkeys([item.category for item in known if item is not None])
    return [category_key(name) for name in names if name]


def _history_with(
    state: CustomerState,
    event: ProductAdded | ProductRemoved,
    kind: Interaction,
    quantity: int,
    policy: JourneyPolicy,
) -> bytes:
    at = whole_seconds(event.at)
    record = history.pack(item_key(event.item), at, kind, event.channel, quantity)
    return history.insert(state.history, record, at, policy.history)


def _quantities(event: OrderCompleted, policy: JourneyPolicy) -> dict[str, int]:
    """Units per item, over all lines."""
    quantities: dict[str, int] = {}
    for line in event.lines:
        quantity = quantities.get(line.item, 0) + max(line.quantity, 1)
        quantities[line.item] = min(quantity, policy.quantity)
    return quantities
