"""Timers: moments at which silence itself means something. They are part of a customer's state.

timer            stands while                 due                                    what it does
visit_end        there is a visit             visit_gap + late after the last sign   the visit ends, as of that sign
cart_abandoned   the cart holds something     abandoned_cart after its last change   an occasion, once per change

A timer may stand too early, never too late: signs of presence and changes of the cart leave it where it is, and when it
fires before its time it is set to the moment that the state then says. So it costs a write per `visit_gap`, not one per
sighting. `TimerFired` brings no news of the customer: it fires whatever of the state is due at its moment, so that
firing again, after a restart or by two workers, changes nothing.

Why a visit waits for `late` on top of the gap: who was seen before the gap was over says so within `late`, or is not
believed to tell of the present (`retail.visits.is_late`). So the visit ends the same way, whether its timer or the
customer's next event comes first. tests/unit/retail/test_timers.py
"""

from collections.abc import Mapping
from typing import NamedTuple

from retail.changes import Changes
from retail.customers import CustomerState, Visit
from retail.decisions import Occasion
from retail.events import TimerFired
from retail.offers import Trigger
from retail.policy import JourneyPolicy

VISIT_END = "visit_end"
CART_ABANDONED = "cart_abandoned"


class Fired(NamedTuple):
    """What a timer that was due changes, and what it gives rise to."""

    changes: Changes
    occasion: Occasion | None


def earliest(timers: Mapping[str, int]) -> int:
    """When the first of a customer's timers is due, milliseconds; 0 without one."""
    return min(timers.values(), default=0)


def timers_after(state: CustomerState, changes: Changes, at: int, policy: JourneyPolicy) -> Changes:
    """What a customer's event at `at` means for the timers. changes: all else that it changes."""
    more: Changes = {}
    timers = state.timers
    visit, cart = changes.get("visit", state.visit), changes.get("cart", state.cart)
    if visit is not None and VISIT_END not in timers:
        timers = {**timers, VISIT_END: _visit_end(visit, policy)}
    elif visit is None and VISIT_END in timers:
        timers = _without(timers, VISIT_END)
    if cart is not state.cart:
        more["cart_changed"] = max(state.cart_changed, at)
        timers = _with_cart(timers, cart, at if at > state.cart_changed else None, policy)
    if timers is not state.timers:
        more["timers"] = timers
    return more


def fire(state: CustomerState, event: TimerFired, policy: JourneyPolicy) -> Fired | None:
    """None where nothing is due at the event's moment: it fired before."""
    due = [kind for kind, moment in state.timers.items() if moment <= event.at]
    if not due:
        return None
    changes: Changes = {"timers": {kind: moment for kind, moment in state.timers.items() if kind not in due}}
    if VISIT_END in due:
        _end_visit(state, event.at, policy, changes)
    occasion = _cart_occasion(state, event, policy, changes) if CART_ABANDONED in due else None
    return Fired(changes, occasion)


def remind_again(timers: Mapping[str, int], at: int) -> dict[str, int]:
    """The timers where the reminder of the cart has to wait until `at`."""
    return {**timers, CART_ABANDONED: at}


def _visit_end(visit: Visit, policy: JourneyPolicy) -> int:
    """The first moment at which nobody can say any more that the visit went on."""
    return visit.last + policy.visit_gap_ms + policy.late_ms + 1


def _end_visit(state: CustomerState, at: int, policy: JourneyPolicy, changes: Changes) -> None:
    visit = state.visit
    if visit is None:
        return
    due = _visit_end(visit, policy)
    if due > at:
        changes["timers"][VISIT_END] = due
        return
    changes["visit"], changes["left_at"] = None, visit.last


def _cart_occasion(state: CustomerState, event: TimerFired, policy: JourneyPolicy, changes: Changes) -> Occasion | None:
    """The moment of contact is when the timer fired: it may be long after it was due."""
    due = state.cart_changed + policy.abandoned_cart_ms
    if not state.cart:
        return None
    if due > event.at:
        changes["timers"][CART_ABANDONED] = due
        return None
    return Occasion(
        id=f"cart:{state.cart_changed}",
        trigger=Trigger.CART_ABANDONED,
        visit="",
        store="",
        zone="",
        at=event.received,
        due=state.timers[CART_ABANDONED],
    )


def _with_cart(
    timers: dict[str, int], cart: Mapping[str, int], changed: int | None, policy: JourneyPolicy
) -> dict[str, int]:
    """changed: when the cart became what it is, None where the change came late: it was reminded of as it stands."""
    if not cart:
        return _without(timers, CART_ABANDONED) if CART_ABANDONED in timers else timers
    if changed is None or CART_ABANDONED in timers:
        return timers
    return {**timers, CART_ABANDONED: changed + policy.abandoned_cart_ms}


def _without(timers: Mapping[str, int], kind: str) -> dict[str, int]:
    return {other: moment for other, moment in timers.items() if other != kind}
