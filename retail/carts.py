"""Carts: one per customer, across channels; the newest lines, bounded.

Of an addition and a purchase of the same item the later counts, in whichever order they arrive.
"""

from collections.abc import Iterable

from retail.catalog import item_key
from retail.customers import CustomerState, Interaction
from retail.events import OrderCompleted, ProductAdded, ProductRemoved
from retail.history import happened_since
from retail.instants import whole_seconds
from retail.policy import JourneyPolicy


def cart_with(state: CustomerState, event: ProductAdded, policy: JourneyPolicy) -> dict[str, int]:
    """More of an item. Of more than `policy.cart_lines` the oldest line gives way."""
    if event.at < state.bought_at and _known(state, event.item, Interaction.BOUGHT, event.at):
        return state.cart
    quantity = state.cart.get(event.item, 0) + max(event.quantity, 1)
    cart = {**state.cart, event.item: min(quantity, policy.quantity)}
    if len(cart) > policy.cart_lines:
        del cart[next(iter(cart))]
    return cart


def cart_without(state: CustomerState, event: ProductRemoved) -> dict[str, int]:
    """Less of an item; the line goes with its last unit."""
    held = state.cart.get(event.item)
    if held is None:
        return state.cart
    left = held - max(event.quantity, 1)
    if left > 0:
        return {**state.cart, event.item: left}
    return {item: quantity for item, quantity in state.cart.items() if item != event.item}


def cart_after_purchase(state: CustomerState, event: OrderCompleted, items: Iterable[str]) -> dict[str, int]:
    """What was bought is wanted no longer, in whatever quantity and channel."""
    late = event.at < state.last
    bought = {
        item
        for item in items
        if item in state.cart and not (late and _known(state, item, Interaction.ADDED, event.at + 1000))
    }
    if not bought:
        return state.cart
    return {item: quantity for item, quantity in state.cart.items() if item not in bought}


def _known(state: CustomerState, item: str, kind: Interaction, at: int) -> bool:
    return happened_since(state.history, item_key(item), kind, whole_seconds(at))
