"""What two profiles of one customer come to together, field by field.

Each rule answers alike whichever of the two comes first and in whatever order many are united, up to the bounds, to the
order of interactions within one second, and to what is said of it. A field without a rule is found by
tests/unit/retail/test_union.py.
"""

from collections import Counter
from collections.abc import Callable

from retail import care, dismissals, groups, habits, history, messages
from retail.catalog import item_key
from retail.consents import strictest
from retail.customers import CustomerState, Interaction, Session, Stage, Visit
from retail.household import merged
from retail.outcomes import united_answers
from retail.policy import JourneyPolicy
from retail.pushes import united_pushes
from retail.stages import RANK, stage_of

_Rule = Callable[[CustomerState, CustomerState, JourneyPolicy], object]


def union(customer: CustomerState, part: CustomerState, policy: JourneyPolicy) -> CustomerState:
    """The customer with a part more. What is the profile's own (`applied`, `identity`) stays the customer's."""
    fields = {name: rule(customer, part, policy) for name, rule in RULES.items()}
    return CustomerState(**fields)  # type: ignore[arg-type]  # the table has the types, field by field


def _history(one: CustomerState, other: CustomerState, policy: JourneyPolicy) -> bytes:
    """What is alike to the second, kind, channel and quantity in both is one interaction told twice."""
    records = _records(one.history)
    known = Counter(records)
    for record in _records(other.history):
        known[record] -= 1
        if known[record] < 0:
            records.append(record)
    return b"".join(sorted(records, key=history.second_of)[-policy.history :])


def _records(packed: bytes) -> list[bytes]:
    return [packed[at : at + history.RECORD.size] for at in range(0, len(packed), history.RECORD.size)]


def _version(one: CustomerState, other: CustomerState, _: JourneyPolicy) -> int:
    return one.version + other.version - messages.in_both(one.messages, other.messages)


def _session(one: CustomerState, other: CustomerState, policy: JourneyPolicy) -> Session | None:
    """One session where they are of one channel and no gap is between them; else the newer."""
    if one.session is None or other.session is None:
        return one.session or other.session
    first, second = sorted((one.session, other.session), key=lambda s: (s.last, s.started, s.channel, s.events))
    if first.channel is not second.channel or second.started - first.last > policy.session_gap_ms:
        return second
    return Session(second.channel, min(first.started, second.started), second.last, first.events + second.events)


def _visit(one: CustomerState, other: CustomerState, _: JourneyPolicy) -> Visit | None:
    """The newest stay, unless the customer left a store after its last sign."""
    stays = [state.visit for state in (one, other) if state.visit is not None]
    if not stays:
        return None
    newest = max(stays, key=lambda visit: (visit.last, visit.started, visit.id))
    return newest if newest.last >= max(one.left_at, other.left_at) else None


def _left_at(one: CustomerState, other: CustomerState, policy: JourneyPolicy) -> int:
    """Of two stays the older ended with its last sign."""
    visit = _visit(one, other, policy)
    over = [state.visit.last for state in (one, other) if state.visit is not None and state.visit != visit]
    return max(one.left_at, other.left_at, *over)


def _cart(one: CustomerState, other: CustomerState, policy: JourneyPolicy) -> dict[str, int]:
    """Both, without what was bought elsewhere after it was put in."""
    cart: Counter[str] = Counter()
    for mine, theirs in ((one, other), (other, one)):
        cart.update({item: n for item, n in mine.cart.items() if not _bought_since(item, mine, theirs)})
    lines = [(item, min(quantity, policy.quantity)) for item, quantity in sorted(cart.items())]
    return dict(lines[-policy.cart_lines :])


def _bought_since(item: str, mine: CustomerState, theirs: CustomerState) -> bool:
    key = item_key(item)
    known = [r.at for r in history.interactions(mine.history) if r.item == key and r.kind == Interaction.ADDED]
    return history.happened_since(theirs.history, key, Interaction.BOUGHT, max(known, default=0))


def _stage(one: CustomerState, other: CustomerState, policy: JourneyPolicy) -> Stage:
    """The further one; further still where the two together reach it."""
    furthest = max(one.stage, other.stage, key=RANK.__getitem__)
    views = history.count(_history(one, other, policy), Interaction.VIEWED)
    return stage_of(furthest, one.orders + other.orders, views, policy)


def _stage_since(one: CustomerState, other: CustomerState, policy: JourneyPolicy) -> int:
    stage = _stage(one, other, policy)
    since = [state.stage_since for state in (one, other) if state.stage is stage]
    return min(since) if since else max(one.last, other.last)


def _consents(one: CustomerState, other: CustomerState, _: JourneyPolicy) -> dict[str, bool]:
    return strictest(((one.consents, one.consented_at), (other.consents, other.consented_at)))[0]


def _consented_at(one: CustomerState, other: CustomerState, _: JourneyPolicy) -> dict[str, int]:
    return strictest(((one.consents, one.consented_at), (other.consents, other.consented_at)))[1]


def _traits(customer: CustomerState, part: CustomerState, policy: JourneyPolicy) -> dict[str, str]:
    """What the customer declared under the stronger identifier counts."""
    rest = {name: text for name, text in part.traits.items() if name not in customer.traits}
    return dict([*rest.items(), *customer.traits.items()][-policy.traits :])


def _timers(one: CustomerState, other: CustomerState, _: JourneyPolicy) -> dict[str, int]:
    """A timer may stand too early, never too late (`retail.timers`)."""
    kinds = sorted({*one.timers, *other.timers})
    return {kind: min(state.timers[kind] for state in (one, other) if kind in state.timers) for kind in kinds}


def _last_store(one: CustomerState, other: CustomerState, _: JourneyPolicy) -> str:
    return max((one, other), key=lambda state: (bool(state.last_store), _seen(state), state.last_store)).last_store


def _seen(state: CustomerState) -> int:
    """The last sign of presence in a store."""
    return state.visit.last if state.visit is not None else state.left_at


RULES: dict[str, _Rule] = {
    "version": _version,
    "last": lambda one, other, _: max(one.last, other.last),
    "history": _history,
    "habits": lambda one, other, p: habits.union(one.habits, other.habits, p.habit_decay_s, p.habits),
    "categories": lambda one, other, p: habits.union(one.categories, other.categories, p.habit_decay_s, p.categories),
    "dismissed": lambda one, other, p: dismissals.united(one.dismissed, other.dismissed, p.dismissals),
    "messages": lambda one, other, p: messages.union(one.messages, other.messages, p.message_days, p.message_limit),
    "session": _session,
    "visit": _visit,
    "cart": _cart,
    "stage": _stage,
    "stage_since": _stage_since,
    "orders": lambda one, other, _: one.orders + other.orders,
    "bought_at": lambda one, other, _: max(one.bought_at, other.bought_at),
    "pushes": lambda one, other, p: united_pushes(one.pushes, other.pushes, p),
    "consents": _consents,
    "traits": _traits,
    "left_at": _left_at,
    "consented_at": _consented_at,
    "timers": _timers,
    "applied": lambda customer, _, __: customer.applied,
    "cart_changed": lambda one, other, _: max(one.cart_changed, other.cart_changed),
    "last_store": _last_store,
    "care": lambda one, other, p: care.united(one.care, other.care, p.cases),
    "identity": lambda customer, _, __: customer.identity,
    "household": lambda one, other, _: merged(one.household, other.household),
    "households": lambda one, other, p: groups.united(one.households, other.households, p.households),
    "shared": lambda one, other, _: groups.united_shares(one.shared, other.shared),
    "members": lambda customer, _, __: customer.members,
    "answers": lambda one, other, p: united_answers(one.answers, other.answers, p),
}
"""By field of `CustomerState`. A constraint (an allergen, an age) takes the strictest of both."""
