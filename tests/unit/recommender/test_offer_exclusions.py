"""What merchandisers exclude is not promoted."""

from recommender.promote import OfferQuery, PromotionQuery, eligible, promote, regate
from retail.consents import MARKETING_PUSH
from retail.customers import CustomerState
from retail.decisions import Decision, Push, Reason, Verdict, Withheld
from retail.merchandising import Effect, Rule
from retail.offers import Offer
from retail.reference import Reference
from tests.shop import GATE, NOON, occasion, offer, shop


def stop(*items: str, placements: frozenset[str] = frozenset()) -> Rule:
    return Rule(id="stop", effect=Effect.EXCLUDE, items=frozenset(items), placements=placements)


def pushed(reference: Reference) -> Decision:
    state = CustomerState(consents={MARKETING_PUSH: True})
    return promote(PromotionQuery(customer="ana", state=state, occasion=occasion()), reference, GATE)


def shop_offering(*offers: Offer) -> Reference:
    reference = shop(offers=list(offers))
    reference.put_rule("stop", stop("cheese", "milk"))
    return reference


def test_an_offer_all_of_whose_items_are_excluded_is_neither_shown_nor_pushed() -> None:
    reference = shop_offering(offer("dairy-week", items=frozenset({"cheese", "milk"})))
    query = OfferQuery(customer="ana", state=CustomerState(consents={MARKETING_PUSH: True}), at=NOON, store="madrid")
    assert eligible(query, reference, GATE) == []
    decision = pushed(reference)
    assert isinstance(decision, Withheld)
    assert Verdict("dairy-week", "excluded by stop") in decision.verdicts
    reference.put_rule("stop", None)
    assert isinstance(pushed(reference), Push)


def test_an_offer_on_something_else_besides_is_made() -> None:
    assert isinstance(pushed(shop_offering(offer("o", items=frozenset({"cheese", "bread"})))), Push)


def test_a_rule_of_the_home_page_leaves_offers_alone() -> None:
    reference = shop_offering(offer("o", items=frozenset({"cheese"})))
    reference.put_rule("stop", stop("cheese", placements=frozenset({"home"})))
    assert isinstance(pushed(reference), Push)


def test_many_excluded_offers_do_not_silence_another() -> None:
    excluded = [offer(f"o{n}", items=frozenset({"cheese"}), priority=9) for n in range(30)]
    decision = pushed(shop_offering(*excluded, offer("bread-week", items=frozenset({"bread"}))))
    assert isinstance(decision, Push)
    assert decision.offer == "bread-week"


def test_what_was_excluded_since_it_was_decided_is_not_sent() -> None:
    reference = shop_offering(offer("o", items=frozenset({"cheese"})))
    reference.put_rule("stop", None)
    push, state = pushed(reference), CustomerState(consents={MARKETING_PUSH: True})
    assert isinstance(push, Push)
    assert regate(push, state, reference, GATE, NOON) is None
    reference.put_rule("stop", stop("cheese"))
    assert regate(push, state, reference, GATE, NOON) is Reason.NO_ELIGIBLE_OFFER
