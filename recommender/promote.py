"""The promotion decision: at an occasion, the best eligible offer as a push, or withheld with a reason."""

from collections.abc import Iterable, Sequence
from typing import NamedTuple

import msgspec

from recommender.affinity import Leanings
from recommender.eligibility import ANY_TRIGGER, Moment
from recommender.explanation import why
from recommender.filters import EXCLUDED_BY, Filters, filters_of
from recommender.gate import Contact, gate, quiet_until, regate
from recommender.merchandising import OFFERS, Steering, steering
from recommender.offer_fitness import unfit_offer
from recommender.offer_index import Display, OfferIndex, index_of
from recommender.policy import GatePolicy
from retail.consents import consented
from retail.customers import EMPTY, CustomerState
from retail.decisions import Decision, Occasion, Push, Reason, Verdict, Withheld, decision_id
from retail.offers import Offer, Trigger
from retail.reference import Reference

__all__ = ["OfferQuery", "PromotionQuery", "eligible", "postponed_until", "promote", "regate", "warm_up"]

_TRIGGERS = {trigger: frozenset({trigger}) for trigger in Trigger}
TRIES = 10
"""Offers that are tried, the best first, until one fits the household; where none of so many does, nothing is sent."""

EXCLUDED = 200
"""As many may be left out in all: a rule that excludes a department must not silence the offers of all others."""

_THROUGH_A_ZONE = frozenset({Trigger.STORE_ENTERED, Trigger.ZONE_ENTERED})


class PromotionQuery(msgspec.Struct, frozen=True, kw_only=True):
    """Whom, at which occasion, in which state (after the event that gave rise to the occasion)."""

    customer: str
    state: CustomerState
    occasion: Occasion


class OfferQuery(msgspec.Struct, frozen=True, kw_only=True):
    """Who asks for offers, where and when. store, zone: None where any will do. at: milliseconds."""

    customer: str
    state: CustomerState
    at: int
    store: str | None = None
    zone: str | None = None


class Fitness(NamedTuple):
    """What leaves an offer out for one customer. rules: merchandisers', None for none."""

    filters: Filters
    rules: Steering | None

    def unfit(self, number: int, index: OfferIndex) -> str:
        """Why, "" where it may be shown."""
        return unfit_offer(index.offers[number], self.filters, index.by_category, self.rules)


def promote(query: PromotionQuery, reference: Reference, policy: GatePolicy) -> Decision:
    """Pure. The gate first (consent, quiet hours, once per visit, cap, dismissed, just bought), then the best
    of the offers that are live, in their time, for this trigger, store, zone and customer.

    The best: highest priority, then what the customer leans to most, then by id.
    """
    occasion = query.occasion
    decision = decision_id(query.customer, occasion.id)
    reason = _forbidden(query, decision, reference, policy)
    if reason is not None:
        return _withheld(query, decision, reason, ())
    index = index_of(reference)
    displays, denied = _displays(query.customer, query.state, index, _moment(query))
    leanings = Leanings(query.state, index, occasion.at, policy)
    filters = filters_of(query.state, reference.items, occasion.at, occasion.store)
    rules = steering(reference, OFFERS, occasion.store, occasion.at)
    winner, displays, unfit = _fit_winner(displays, index, leanings, Fitness(filters, rules))
    if winner is None:
        verdicts = (*unfit, *_excluded(displays, denied))[: policy.verdicts]
        return _withheld(query, decision, Reason.NO_ELIGIBLE_OFFER, verdicts)
    beaten = _beaten(winner, displays, index, leanings, policy.verdicts)
    verdicts = (*beaten, *unfit, *_excluded(displays, denied))[: policy.verdicts]
    offer = index.offers[winner]
    sentence = why(offer, leanings.evidence(winner), occasion, reference, policy)
    return _push(query, offer, sentence, verdicts, policy)


def postponed_until(query: PromotionQuery, reference: Reference, policy: GatePolicy) -> int:
    """When to decide instead of now, milliseconds; 0 where now is the time.

    A cart can wait for the end of the quiet hours; a customer who is in a store cannot.
    """
    if query.occasion.trigger is not Trigger.CART_ABANDONED or _is_stale(query.occasion, policy):
        return 0
    contact = _contact(query, decision_id(query.customer, query.occasion.id))
    return quiet_until(contact, policy, reference) if gate(contact, policy, reference) is Reason.QUIET_HOURS else 0


def eligible(query: OfferQuery, reference: Reference, policy: GatePolicy) -> list[Offer]:
    """The offers the customer may have, best first, by the rules of `promote`, whatever the trigger.

    Without the consent that an offer needs it is left out. The gate is not asked: who asks is not disturbed.
    """
    index = index_of(reference)
    moment = Moment(ANY_TRIGGER, query.store, query.zone, query.at)
    displays, _ = _displays(query.customer, query.state, index, moment)
    strengths = Leanings(query.state, index, query.at, policy).strengths.tolist()
    filters = filters_of(query.state, reference.items, query.at, query.store or "")
    held = (number for display in displays for number in display.offers.tolist())
    fitness = Fitness(filters, steering(reference, OFFERS, query.store or "", query.at))
    numbers = [number for number in held if not fitness.unfit(number, index)]
    # Numbers go by priority and id already, so they decide where priority and leaning do not.
    numbers.sort(key=lambda number: (-index.offers[number].priority, -strengths[number], number))
    return [index.offers[number] for number in numbers]


def warm_up() -> None:
    """Compiles what decisions need, once per process, so that no customer waits for it."""
    Leanings(EMPTY, OfferIndex((), ()), 0, GatePolicy())


def _forbidden(query: PromotionQuery, decision: str, reference: Reference, policy: GatePolicy) -> Reason | None:
    if _is_stale(query.occasion, policy):
        return Reason.EXPIRED
    reason = gate(_contact(query, decision), policy, reference)
    if reason is None and any(sent.decision == decision for sent in query.state.pushes):
        return Reason.ALREADY_SENT
    return reason


def _contact(query: PromotionQuery, decision: str) -> Contact:
    occasion = query.occasion
    return Contact(query.state, decision, occasion.visit, occasion.store, occasion.at)


def _is_stale(occasion: Occasion, policy: GatePolicy) -> bool:
    """Whether it was due so long ago (an outage, an event that came hours late) that it is better left."""
    return occasion.due > 0 and occasion.at - occasion.due > policy.reminder_life_ms


def _moment(query: PromotionQuery) -> Moment:
    """Who walked into the store straight through a zone has entered the store at this very moment, too."""
    occasion, visit = query.occasion, query.state.visit
    triggers = _TRIGGERS[occasion.trigger]
    if occasion.zone and visit is not None and visit.id == occasion.visit and visit.started == occasion.at:
        triggers = _THROUGH_A_ZONE
    return Moment(triggers, occasion.store, occasion.zone, occasion.at)


def _displays(
    customer: str, state: CustomerState, index: OfferIndex, moment: Moment
) -> tuple[list[Display], list[Offer]]:
    """What the customer may choose from, and the strongest offer of each group that lacks consent."""
    displays: list[Display] = []
    denied: list[Offer] = []
    for group in index.groups_of(customer):
        if consented(state, index.groups[group].purpose):
            displays.append(index.display(group, moment))
        else:
            denied.append(index.strongest(group))
    return displays, denied


def _fit_winner(
    displays: list[Display], index: OfferIndex, leanings: Leanings, fitness: Fitness
) -> tuple[int | None, list[Display], tuple[Verdict, ...]]:
    """The best offer that this customer may be shown, the displays without those they may not, and why each of these
    was left out. After `TRIES` that do not fit the household, or `EXCLUDED` in all, there is none."""
    unfit: list[Verdict] = []
    tries = TRIES
    while tries and len(unfit) < EXCLUDED and any(display.front for display in displays):
        winner = _best(displays, index, leanings)
        reason = fitness.unfit(winner, index)
        if not reason:
            return winner, displays, tuple(unfit)
        tries -= not reason.startswith(EXCLUDED_BY)
        unfit.append(Verdict(index.offers[winner].id, reason))
        displays = [_without(display, winner, index) for display in displays]
    return None, displays, tuple(unfit)


def _without(display: Display, number: int, index: OfferIndex) -> Display:
    offers = display.offers[display.offers != number]
    if len(offers) == len(display.offers):
        return display
    front = sum(index.offers[other].priority == index.offers[offers[0]].priority for other in offers.tolist())
    return display._replace(offers=offers, front=front)


def _best(displays: Iterable[Display], index: OfferIndex, leanings: Leanings) -> int:
    """The number of the best offer."""
    fronts = [display.offers[: display.front] for display in displays if display.front]
    # Of equal strengths argmax takes the first, which is the first by id.
    winners = [int(front[leanings.strengths[front].argmax()]) for front in fronts]
    return min(winners, key=lambda number: (-index.offers[number].priority, -leanings.strengths[number], number))


def _beaten(
    winner: int, displays: Iterable[Display], index: OfferIndex, leanings: Leanings, room: int
) -> tuple[Verdict, ...]:
    """The winner, then the strongest of those it won against."""
    rivals = sorted(number for display in displays for number in display.offers[:room].tolist())
    others = [number for number in rivals if number != winner][: room - 1]
    outcomes = [Verdict(index.offers[number].id, _lost_by(number, winner, index, leanings)) for number in others]
    return (Verdict(index.offers[winner].id, "won"), *outcomes)


def _lost_by(number: int, winner: int, index: OfferIndex, leanings: Leanings) -> str:
    if index.offers[number].priority < index.offers[winner].priority:
        return "lower_priority"
    return "lower_affinity" if leanings.strengths[number] < leanings.strengths[winner] else "later_by_id"


def _excluded(displays: Sequence[Display], denied: Sequence[Offer]) -> tuple[Verdict, ...]:
    no_consent = (Verdict(offer.id, Reason.NO_CONSENT.value) for offer in denied)
    return (*no_consent, *(verdict for display in displays for verdict in display.excluded))


def _push(
    query: PromotionQuery, offer: Offer, sentence: str, verdicts: tuple[Verdict, ...], policy: GatePolicy
) -> Push:
    occasion = query.occasion
    return Push(
        id=decision_id(query.customer, occasion.id),
        customer=query.customer,
        occasion=occasion.id,
        visit=occasion.visit,
        offer=offer.id,
        store=occasion.store,
        zone=occasion.zone,
        at=occasion.at,
        expires=min(occasion.at + _life(occasion, policy), offer.ends),
        title=offer.title,
        body=offer.body,
        why=sentence,
        verdicts=verdicts,
    )


def _life(occasion: Occasion, policy: GatePolicy) -> int:
    """Milliseconds for which a push stays worth showing."""
    return policy.reminder_life_ms if occasion.trigger is Trigger.CART_ABANDONED else policy.shelf_life_ms


def _withheld(query: PromotionQuery, decision: str, reason: Reason, verdicts: tuple[Verdict, ...]) -> Withheld:
    occasion = query.occasion
    return Withheld(
        id=decision,
        customer=query.customer,
        occasion=occasion.id,
        at=occasion.at,
        reason=reason,
        verdicts=verdicts,
    )
