"""The fold: what an event changes in a customer's state, and what it gives rise to."""

from collections.abc import Callable
from typing import NamedTuple, TypeVar, cast, get_args

import msgspec

from retail import care, dismissals, groups, interactions, messages, pushes, refusals, timers, visits
from retail.changes import Changes, Surroundings
from retail.consents import consents_after
from retail.customers import CustomerState, Stage
from retail.decisions import Decision, Occasion, Push, decision_id
from retail.events import (
    BeaconSighted,
    ComplaintFiled,
    ComplaintResolved,
    ConsentUpdated,
    CustomerIdentified,
    DeliveryReported,
    Event,
    HouseholdJoined,
    HouseholdLeft,
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
    TimerFired,
    Tracked,
    ZoneEntered,
    ZoneExited,
)
from retail.happening import BaseEvent
from retail.household import household_after
from retail.outcomes import Outcome, answers_after, outcomes_between
from retail.policy import JourneyPolicy
from retail.reference import Reference
from retail.sessions import session_after
from retail.stages import stage_after

_replace = msgspec.structs.replace

_NAMES = {kind: str(kind.__struct_config__.tag) for kind in get_args(Event)}


class StageChange(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """One value of the `journeys` topic. id: the same whenever the change is told again, since a stage is gained once.

    because: the name of the event that caused it.
    """

    id: str
    customer: str
    previous: Stage
    current: Stage
    at: int
    because: str


class Advanced(msgspec.Struct, frozen=True, gc=False):
    """What came of one event. state: the new one (the old one where nothing changed).

    duplicate: the message id was applied before. rejected: why the event was refused, "" if it was not.
    forgotten: message ids that the bound pushed out before their time. outcomes: of what was shown to the customer.
    """

    state: CustomerState
    duplicate: bool = False
    rejected: str = ""
    occasion: Occasion | None = None
    change: StageChange | None = None
    forgotten: int = 0
    outcomes: tuple[Outcome, ...] = ()


def advance(state: CustomerState, event: Event, reference: Reference, policy: JourneyPolicy) -> Advanced:
    """The state after the event. Pure: same arguments, same answer; an event applied twice changes nothing."""
    if type(event) is TimerFired:
        return _fired(state, event, policy)
    mark = messages.mark_of(event.id, messages.content_of(event))
    known = messages.known(state.messages, mark)
    if known:
        conflict = known is messages.Known.OTHER
        return Advanced(state, duplicate=not conflict, rejected=refusals.ID_CONFLICT if conflict else "")
    rule = _RULES[type(event)]
    refusal = rule.refusal(event, reference)
    if refusal:
        return Advanced(state, rejected=refusal)
    changes = _changes(state, event, rule, Surroundings(reference, policy))
    changes["messages"], forgotten = messages.add(
        state.messages, mark, event.received, policy.message_days, policy.message_limit
    )
    return _risen(state, _replace(state, **changes), event, policy, forgotten)


def remember(state: CustomerState, decision: Decision, policy: JourneyPolicy) -> CustomerState:
    """The state after a decision was taken: a push is kept among `pushes`; a withheld one leaves no trace."""
    if not isinstance(decision, Push):
        return state
    return _replace(state, pushes=pushes.pushes_with(state, decision, policy))


def remind_at(state: CustomerState, at: int) -> CustomerState:
    """The state where the reminder of a cart has to wait until `at`, milliseconds."""
    return _replace(state, timers=timers.remind_again(state.timers, at))


def _changes(state: CustomerState, event: BaseEvent, rule: "_Rule", around: Surroundings) -> Changes:
    policy, at = around.policy, event.at
    changes = rule.fold(state, event, around)
    if state.visit is not None and "visit" not in changes:
        changes.update(visits.silence(state, at, policy))
    if event.consents:
        changes.update(consents_after(state, event.consents, at, policy))
    if "visit" in changes or "cart" in changes:
        changes.update(timers.timers_after(state, changes, at, policy))
    answers = answers_after(state.answers, event, policy)
    if answers is not state.answers:
        changes["answers"] = answers
    changes["session"] = session_after(state.session, event, policy.session_gap_ms)
    changes["version"] = state.version + 1
    if at > state.last:
        changes["last"] = at
    return changes


def _fired(state: CustomerState, event: TimerFired, policy: JourneyPolicy) -> Advanced:
    """No sign of life: it counts neither as an event nor as the newest, and what is due no more was fired before."""
    if event.received < event.at:
        return Advanced(state, rejected=refusals.EARLY_TIMER)
    fired = timers.fire(state, event, policy)
    if fired is None:
        return Advanced(state, duplicate=True)
    return Advanced(_replace(state, **fired.changes), occasion=fired.occasion)


def _risen(
    before: CustomerState, grown: CustomerState, event: Event, policy: JourneyPolicy, forgotten: int
) -> Advanced:
    """What the step from one state to the next gives rise to: an occasion, a stage reached."""
    occasion, change, stage = None, None, stage_after(grown, event, policy)
    if grown.visit is not before.visit:
        occasion = visits.occasion_between(before.visit, grown.visit, event.at)
    outcomes = () if grown.answers is before.answers else outcomes_between(before.answers, grown.answers, event)
    if stage is not before.stage:
        grown = _replace(grown, stage=stage, stage_since=event.at)
        change = stage_change(before.stage, stage, event)
    return Advanced(grown, False, "", occasion, change, forgotten, outcomes)


def stage_change(previous: Stage, current: Stage, event: Event) -> StageChange:
    because = _NAMES[type(event)]
    id_ = decision_id(event.customer, f"stage:{current}")
    return StageChange(
        id=id_, customer=event.customer, previous=previous, current=current, at=event.at, because=because
    )


def _identified(state: CustomerState, event: CustomerIdentified, around: Surroundings) -> Changes:
    """What is declared anew replaces the old; of more than `policy.traits` names those unmentioned longest go."""
    kept = {name: text for name, text in state.traits.items() if name not in event.traits}
    changes: Changes = {"traits": dict([*kept.items(), *event.traits.items()][-around.policy.traits :])}
    if event.household is not None:
        changes["household"] = household_after(state.household, event.household, event.at)
    return changes


def _joined(state: CustomerState, event: HouseholdJoined, around: Surroundings) -> Changes:
    """A group, not a merge."""
    return {"households": groups.united(state.households, {event.household: event.at}, around.policy.households)}


def _left(state: CustomerState, event: HouseholdLeft, around: Surroundings) -> Changes:
    return {"households": groups.united(state.households, {event.household: -event.at}, around.policy.households)}


def _nothing(_state: CustomerState, _event: BaseEvent, _around: Surroundings) -> Changes:
    return {}


def _welcome(_event: BaseEvent, _reference: Reference) -> str:
    return ""


_Fold = Callable[[CustomerState, BaseEvent, Surroundings], Changes]
_Refusal = Callable[[BaseEvent, Reference], str]


class _Rule(NamedTuple):
    """fold: what an event of this kind changes. refusal: why it cannot be applied, "" if it can."""

    fold: _Fold
    refusal: _Refusal


_E = TypeVar("_E", bound=BaseEvent)


def _on(
    kind: type[_E],
    fold: Callable[[CustomerState, _E, Surroundings], Changes],
    refusal: Callable[[_E, Reference], str] = _welcome,
) -> tuple[type[BaseEvent], _Rule]:
    # The dictionary below pairs each kind with functions of that very kind, which its type cannot say.
    return kind, _Rule(cast(_Fold, fold), cast(_Refusal, refusal))


_RULES = dict(
    (
        _on(ProductListViewed, _nothing),
        _on(ProductClicked, _nothing),
        _on(ProductViewed, interactions.viewed, refusals.unknown_item),
        _on(ProductAdded, interactions.added, refusals.unknown_item),
        _on(ProductRemoved, interactions.removed, refusals.unknown_item),
        _on(ProductDismissed, dismissals.dismissed, refusals.unknown_item),
        _on(ProductsSearched, _nothing),
        _on(OrderCompleted, interactions.bought),
        _on(StoreEntered, visits.store_entered, refusals.unknown_store),
        _on(StoreExited, visits.store_exited, refusals.unknown_store),
        _on(ZoneEntered, visits.zone_entered, refusals.unknown_zone),
        _on(ZoneExited, visits.zone_exited, refusals.unknown_zone),
        _on(BeaconSighted, visits.sighted, refusals.unknown_beacon),
        _on(LoyaltyCardScanned, care.scanned, refusals.unknown_store),
        _on(SupportContacted, care.contacted),
        _on(ComplaintFiled, care.complained),
        _on(ComplaintResolved, care.resolved),
        _on(SurveyAnswered, care.answered),
        _on(SocialMentionHeard, care.mentioned),
        _on(OrderShipped, care.shipped),
        _on(OrderDelivered, care.delivered),
        _on(ProductReturned, care.returned),
        _on(CustomerIdentified, _identified),
        _on(ConsentUpdated, _nothing),
        _on(DeliveryReported, pushes.reported),
        _on(OfferRedeemed, _nothing),
        _on(Tracked, _nothing),
        _on(HouseholdJoined, _joined),
        _on(HouseholdLeft, _left),
    )
)
