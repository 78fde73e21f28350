"""Households as groups: several customers who stay several, and are spared what any of them must be spared.

A group has a profile of its own (`household:` and its id) that knows what each of its customers declared. A customer
who joins, leaves or declares tells the group's profile; that tells each of the others what the rest declared. Letters
between two profiles keep their order, so the last one counts. See docs/decisions/0014-households.md.
"""

from collections.abc import Iterable, Mapping

import msgspec

from retail.correspondence import HouseholdShared, HouseholdTold
from retail.customers import CustomerState
from retail.happening import BaseEvent
from retail.household import NOBODY, Household, merged, names_alone
from retail.identifiers import HOUSEHOLD
from retail.letters import Act, Step, note, to
from retail.links import Why

_replace = msgspec.structs.replace


def united(one: Mapping[str, int], other: Mapping[str, int], limit: int) -> dict[str, int]:
    """Of each group the newest word; of a joining and a leaving of the same moment the joining, which spares more.

    limit: groups kept, those joined before those left, then by id.
    """
    newest = {group: max(one.get(group, 0), other.get(group, 0), key=_word) for group in {*one, *other}}
    kept = sorted(newest, key=lambda group: (newest[group] < 0, group))[:limit]
    return {group: newest[group] for group in sorted(kept)}


def united_shares(one: Mapping[str, Household], other: Mapping[str, Household]) -> dict[str, Household]:
    """What was shared with two profiles that are one customer."""
    return {group: merged(one.get(group, NOBODY), other.get(group, NOBODY)) for group in sorted({*one, *other})}


def joined(state: CustomerState) -> list[str]:
    """The groups that the customer is of now."""
    return [group for group, at in state.households.items() if at > 0]


def tell(before: CustomerState, after: CustomerState, event: BaseEvent, *, was: bool, now: bool) -> Step:
    """What a step of a customer means for their groups. was, now: whether the profile is a customer, before and after.

    An alias is of no group by itself: its customer is.
    """
    old, new = (set(joined(before)) if was else set()), (set(joined(after)) if now else set())
    if not old and not new:
        return Step(_replace(after, shared={}) if after.shared else after)
    mine, mine_before = names_alone(after.household), names_alone(before.household)
    left = [_told(group, event, None) for group in sorted(old - new)]
    told = [_told(group, event, mine) for group in sorted(new if mine != mine_before else new - old)]
    shared = {group: share for group, share in {**before.shared, **after.shared}.items() if group in new}
    return Step(after if shared == after.shared else _replace(after, shared=shared), (*left, *told))


def gather(state: CustomerState, event: HouseholdTold, limit: int) -> Step:
    """A group's profile hears of one of its customers, and tells whom it concerns. limit: customers of a group."""
    members = state.members or {}
    if event.declared is None:
        now = {member: said for member, said in members.items() if member != event.member}
    elif event.member not in members and len(members) >= limit:
        refused = note(Act.REFUSED, event.customer, event.member, event, reason=Why.TOO_MANY)
        return Step(_replace(state, members=dict(members)), notes=(refused,))
    else:
        now = {**members, event.member: event.declared}
    shares = {member: _of_the_others(now, member) for member in now}
    concerned = [m for m in now if m == event.member or shares[m] != _of_the_others(members, m)]
    group = event.customer.removeprefix(HOUSEHOLD)
    letters = tuple(HouseholdShared(**to(m, event), household=group, declared=shares[m]) for m in concerned)
    return Step(_replace(state, members=now), letters)


def hear(state: CustomerState, event: HouseholdShared) -> CustomerState:
    """A customer hears what the others of a group declared; of a group that they left meanwhile it is the past."""
    if event.household not in joined(state):
        return state
    others = {group: share for group, share in state.shared.items() if group != event.household}
    shared = others if event.declared == NOBODY else {**others, event.household: event.declared}
    return state if shared == state.shared else _replace(state, shared=shared)


def _word(at: int) -> tuple[int, bool]:
    return abs(at), at > 0


def _told(group: str, event: BaseEvent, declared: Household | None) -> HouseholdTold:
    return HouseholdTold(**to(HOUSEHOLD + group, event), member=event.customer, declared=declared)


def _of_the_others(members: Mapping[str, Household], member: str) -> Household:
    return _all(said for other, said in members.items() if other != member)


def _all(declared: Iterable[Household]) -> Household:
    together = NOBODY
    for said in declared:
        together = merged(together, said)
    return together
