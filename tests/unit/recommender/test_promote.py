from hypothesis import given
from hypothesis import strategies as st

from recommender.promote import OfferQuery, PromotionQuery, eligible, promote
from retail.customers import EMPTY, CustomerState
from retail.decisions import Decision, Occasion, Push, Reason, Verdict, Withheld, decode_decision, encode_decision
from retail.journey import advance, remember
from retail.offers import Offer, Trigger
from retail.reference import Reference
from tests.shop import (
    ANA,
    BREAD_OFFER,
    CHEESE_OFFER,
    DAIRY_BEACON,
    DAY,
    GATE,
    HOUR,
    ITEMS,
    JOURNEY,
    MINUTE,
    NOON,
    SECOND,
    WELCOME_OFFER,
    added,
    bought,
    consented,
    customer_who,
    entered,
    exited,
    occasion,
    offer,
    shop,
    sighted,
    viewed,
)

WILLING = customer_who(consented(NOON - DAY))
ENTRANCE = occasion()
DAIRY = occasion(zone="dairy")
IN_STORE = (Trigger.STORE_ENTERED, Trigger.ZONE_ENTERED)


def decided(
    *offers: Offer, state: CustomerState = WILLING, at: Occasion = ENTRANCE, reference: Reference | None = None
) -> Decision:
    query = PromotionQuery(customer=ANA, state=state, occasion=at)
    return promote(query, reference or shop(offers=offers), GATE)


def pushed(*offers: Offer, state: CustomerState = WILLING, at: Occasion = ENTRANCE) -> Push:
    decision = decided(*offers, state=state, at=at)
    assert isinstance(decision, Push), decision
    return decision


def withheld(*offers: Offer, state: CustomerState = WILLING, at: Occasion = ENTRANCE) -> Withheld:
    decision = decided(*offers, state=state, at=at)
    assert isinstance(decision, Withheld), decision
    return decision


# --- which offers hold ------------------------------------------------------------------------------------------


def test_entering_a_store_brings_its_offer() -> None:
    push = pushed(WELCOME_OFFER)
    assert (push.offer, push.title, push.store, push.expires) == ("welcome", "Welcome!", "madrid", NOON + 30 * MINUTE)


def rule_against(candidate: Offer, at: Occasion = ENTRANCE) -> str:
    decision = withheld(candidate, at=at)
    assert decision.reason is Reason.NO_ELIGIBLE_OFFER
    (verdict,) = decision.verdicts
    return verdict.reason


def test_an_offer_that_is_switched_off_is_not_pushed() -> None:
    assert rule_against(offer(live=False)) == "not_live"


def test_an_offer_holds_from_its_start_until_before_its_end() -> None:
    assert rule_against(offer(starts=NOON + 1)) == "not_started"
    assert rule_against(offer(ends=NOON)) == "ended"
    assert pushed(offer(starts=NOON, ends=NOON + 1)).expires == NOON + 1


def test_an_offer_for_zones_is_not_pushed_at_the_entrance() -> None:
    assert rule_against(offer(zones=frozenset({"dairy"}))) == "other_zone"


def test_an_offer_of_another_store_is_not_pushed() -> None:
    assert rule_against(offer(stores=frozenset({"new-york"}))) == "other_store"


def test_an_offer_for_another_trigger_is_not_pushed() -> None:
    assert rule_against(offer(triggers=frozenset({Trigger.ZONE_ENTERED}))) == "other_trigger"


def test_an_offer_for_other_customers_is_none_of_ones_business() -> None:
    assert withheld(offer(customers=frozenset({"bob"}))).verdicts == ()
    assert pushed(offer(customers=frozenset({"bob", ANA}))).why == (
        "Because this offer was chosen for you and you are at Madrid Gran Vía."
    )


def test_an_offer_that_needs_another_consent_is_not_pushed_without_it() -> None:
    personal = offer(purpose="personalization")
    assert withheld(personal).verdicts == (Verdict("welcome", "no_consent"),)
    willing = customer_who(consented(NOON - DAY, purpose="personalization"), start=WILLING)
    assert pushed(personal, state=willing).offer == "welcome"


def test_without_offers_nothing_is_pushed() -> None:
    assert withheld().reason is Reason.NO_ELIGIBLE_OFFER


# --- which is the best ------------------------------------------------------------------------------------------


def test_priority_goes_before_liking() -> None:
    fond = customer_who(bought("milk", at=NOON - DAY), start=WILLING)
    push = pushed(offer("dull", priority=1), offer("milk", items=frozenset({"milk"})), state=fond)
    assert push.verdicts == (Verdict("dull", "won"), Verdict("milk", "lower_priority"))


def test_of_equal_priority_what_is_bought_most_wins() -> None:
    fond = customer_who(
        bought("milk", at=NOON - 3 * DAY),
        bought("milk", at=NOON - 2 * DAY),
        bought("bread", at=NOON - DAY),
        start=WILLING,
    )
    push = pushed(offer("a-bread", items=frozenset({"bread"})), offer("b-milk", items=frozenset({"milk"})), state=fond)
    assert push.verdicts == (Verdict("b-milk", "won"), Verdict("a-bread", "lower_affinity"))


def test_what_was_bought_long_ago_weighs_less_than_what_was_bought_lately() -> None:
    fond = customer_who(
        bought("milk", at=NOON - 500 * DAY),
        bought("milk", at=NOON - 499 * DAY),
        bought("bread", at=NOON - DAY),
        start=WILLING,
    )
    push = pushed(offer("a-milk", items=frozenset({"milk"})), offer("b-bread", items=frozenset({"bread"})), state=fond)
    assert push.offer == "b-bread"


def test_a_purchase_weighs_more_than_a_look() -> None:
    fond = customer_who(viewed("lamp", NOON - HOUR), bought("mug", at=NOON - HOUR), start=WILLING)
    push = pushed(offer("a-lamp", items=frozenset({"lamp"})), offer("b-mug", items=frozenset({"mug"})), state=fond)
    assert push.offer == "b-mug"


def test_of_equals_the_first_by_id_wins() -> None:
    push = pushed(offer("b"), offer("c"), offer("a"))
    assert push.verdicts == (Verdict("a", "won"), Verdict("b", "later_by_id"), Verdict("c", "later_by_id"))


def test_a_personal_offer_competes_by_the_same_rules() -> None:
    mine = offer("z-mine", customers=frozenset({ANA}), priority=3)
    assert pushed(offer("a"), mine).offer == "z-mine"
    assert pushed(offer("a", priority=4), mine).offer == "a"


def test_a_decision_names_five_offers_at_most_the_winner_first() -> None:
    push = pushed(*(offer(f"o{n}", priority=n) for n in range(9)))
    assert [verdict.offer for verdict in push.verdicts] == ["o8", "o7", "o6", "o5", "o4"]


# --- why --------------------------------------------------------------------------------------------------------


def test_who_often_buys_a_category_is_told_so() -> None:
    times = (NOON - 9 * DAY, NOON - 6 * DAY, NOON - 3 * DAY)
    fond = customer_who(*(bought("cheese", at=at) for at in times), start=WILLING)
    assert pushed(CHEESE_OFFER, state=fond, at=DAIRY).why == "Because you often buy Cheese and you are in Dairy."


def test_who_bought_once_is_not_said_to_do_so_often() -> None:
    fond = customer_who(bought("bread", at=NOON - DAY), start=WILLING)
    assert pushed(BREAD_OFFER, state=fond).why == "Because you have bought Sourdough and you are at Madrid Gran Vía."


def test_who_looked_at_an_item_is_told_so() -> None:
    curious = customer_who(added("bread", NOON - HOUR), start=WILLING)
    assert pushed(BREAD_OFFER, state=curious).why == "Because you looked at Sourdough and you are at Madrid Gran Vía."


def test_a_stranger_is_told_where_he_is() -> None:
    assert pushed(CHEESE_OFFER, at=DAIRY).why == "Because you are in Dairy."


# --- the same again ---------------------------------------------------------------------------------------------


def test_the_same_occasion_gives_the_same_decision() -> None:
    assert pushed(WELCOME_OFFER) == pushed(WELCOME_OFFER)
    assert pushed(WELCOME_OFFER).id == withheld(state=EMPTY).id


def test_a_decision_that_was_pushed_is_not_pushed_again() -> None:
    push = pushed(WELCOME_OFFER)
    state = remember(WILLING, push, JOURNEY)
    assert withheld(WELCOME_OFFER, state=state).reason is Reason.ALREADY_SENT


def test_a_decision_survives_the_topic() -> None:
    decisions: list[Decision] = [pushed(WELCOME_OFFER, BREAD_OFFER), withheld(state=EMPTY)]
    assert [decode_decision(encode_decision(decision)) for decision in decisions] == decisions


def test_a_new_offer_counts_from_the_next_decision_on() -> None:
    reference = shop(offers=[WELCOME_OFFER])
    assert isinstance(decided(reference=reference), Push)
    reference.put_offer("welcome", None)
    assert isinstance(decided(reference=reference), Withheld)
    reference.put_offer("bread", BREAD_OFFER)
    decision = decided(reference=reference)
    assert isinstance(decision, Push)
    assert decision.offer == "fresh-bread"


def test_an_item_that_changed_its_category_is_found_in_the_new_one() -> None:
    fond = customer_who(bought("mug", at=NOON - DAY), start=WILLING)
    reference = shop(offers=[offer("a"), offer("kitchen", categories=frozenset({"Garden"}))])
    assert decided(reference=reference, state=fond).verdicts[0].offer == "a"
    moved = next(item for item in ITEMS if item.id == "mug")
    reference.put_item("mug", type(moved)(id="mug", name=moved.name, category="Garden"))
    assert decided(reference=reference, state=fond).verdicts[0].offer == "kitchen"


# --- with the journey -------------------------------------------------------------------------------------------


def test_walking_in_gives_one_push_per_visit() -> None:
    reference, state, decisions = shop(), WILLING, []
    steps = [
        entered(at=NOON),
        sighted(DAIRY_BEACON, NOON + MINUTE),
        exited(at=NOON + 5 * MINUTE),
        entered(at=NOON + 10 * MINUTE),
    ]
    for step in steps:
        advanced = advance(state, step, reference, JOURNEY)
        state = advanced.state
        if advanced.occasion is not None:
            query = PromotionQuery(customer=ANA, state=state, occasion=advanced.occasion)
            decision = promote(query, reference, GATE)
            state = remember(state, decision, JOURNEY)
            decisions.append(decision.offer if isinstance(decision, Push) else decision.reason.value)
    assert decisions == ["fresh-bread", "already_sent", "fresh-bread"]


def test_who_walks_in_through_a_zone_gets_the_offers_of_the_entrance_too() -> None:
    advanced = advance(WILLING, sighted(DAIRY_BEACON), shop(), JOURNEY)
    assert advanced.occasion is not None
    for at_the_door in (offer(triggers=frozenset({trigger})) for trigger in IN_STORE):
        assert pushed(at_the_door, state=advanced.state, at=advanced.occasion).offer == "welcome"


# --- on request -------------------------------------------------------------------------------------------------


def offered(
    *offers: Offer, state: CustomerState = WILLING, store: str | None = None, zone: str | None = None
) -> list[str]:
    query = OfferQuery(customer=ANA, state=state, at=NOON, store=store, zone=zone)
    return [one.id for one in eligible(query, shop(offers=offers), GATE)]


def test_offers_on_request_are_ranked_like_pushes() -> None:
    fond = customer_who(bought("milk", at=NOON - DAY), start=WILLING)
    offers = (offer("a"), offer("b", items=frozenset({"milk"})), offer("c", priority=1))
    assert offered(*offers, state=fond) == ["c", "b", "a"]


def test_without_consent_there_is_nothing_on_request() -> None:
    assert offered(WELCOME_OFFER, state=EMPTY) == []


def test_without_a_store_named_the_offers_of_all_stores_are_told() -> None:
    there = offer("there", stores=frozenset({"new-york"}))
    assert offered(there, BREAD_OFFER) == ["fresh-bread", "there"]
    assert offered(there, BREAD_OFFER, store="madrid") == ["fresh-bread"]


def test_a_request_is_answered_in_quiet_hours() -> None:
    query = OfferQuery(customer=ANA, state=WILLING, at=NOON + 12 * HOUR)
    assert eligible(query, shop(offers=[WELCOME_OFFER]), GATE) == [WELCOME_OFFER]


# --- whatever the offers ----------------------------------------------------------------------------------------

some_offers = st.lists(
    st.fixed_dictionaries(
        {
            "priority": st.integers(0, 2),
            "live": st.booleans(),
            "starts": st.integers(NOON - 2, NOON + 1),
            "ends": st.integers(NOON - 1, NOON + 2),
            "stores": st.frozensets(st.sampled_from(["madrid", "new-york"])),
            "zones": st.frozensets(st.sampled_from(["dairy", "bakery"]), max_size=1),
            "customers": st.frozensets(st.sampled_from([ANA, "bob"])),
            "triggers": st.frozensets(st.sampled_from(Trigger)),
            "items": st.frozensets(st.sampled_from(["milk", "mug"])),
            "categories": st.frozensets(st.sampled_from(["Milk", "Bread"])),
            "purpose": st.sampled_from(["marketing_push", "personalization"]),
        }
    ),
    max_size=8,
)


@given(some_offers, st.sampled_from([ENTRANCE, DAIRY]), st.booleans())
def test_the_winner_is_the_one_that_asking_every_offer_would_find(
    drawn: list[dict[str, object]], at: Occasion, fond_of_milk: bool
) -> None:
    """Against the plain rules, one offer after the other."""
    offers = [offer(f"o{n}", **fields) for n, fields in enumerate(drawn)]
    state = customer_who(bought("milk", at=NOON - DAY), start=WILLING) if fond_of_milk else WILLING

    def holds(one: Offer) -> bool:
        return (
            one.live
            and one.starts <= at.at < one.ends
            and at.trigger in one.triggers
            and (not one.stores or at.store in one.stores)
            and (not one.zones or at.zone in one.zones)
            and (not one.customers or ANA in one.customers)
            and one.purpose == "marketing_push"
        )

    def liked(one: Offer) -> bool:
        return fond_of_milk and ("milk" in one.items or "Milk" in one.categories)

    best = min(
        (one for one in offers if holds(one)), key=lambda one: (-one.priority, not liked(one), one.id), default=None
    )
    decision = decided(*offers, state=state, at=at)
    assert (decision.offer if isinstance(decision, Push) else None) == (best.id if best else None)
    assert len(decision.verdicts) <= GATE.verdicts


def test_what_holds_is_forgotten_when_time_moves_on_in_either_direction() -> None:
    reference = shop(offers=[offer("morning", ends=NOON), offer("noon", starts=NOON)])

    def winner(at: int) -> str:
        return decided(at=occasion(at=at), reference=reference).verdicts[0].offer

    assert [winner(at) for at in (NOON - SECOND, NOON, NOON - SECOND)] == ["morning", "noon", "morning"]
