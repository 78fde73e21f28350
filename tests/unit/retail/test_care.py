from retail.care import complains_since
from retail.customers import EMPTY
from retail.events import (
    ComplaintFiled,
    ComplaintResolved,
    LoyaltyCardScanned,
    OrderDelivered,
    OrderShipped,
    ProductReturned,
    SocialMentionHeard,
    SupportContacted,
    SurveyAnswered,
    SurveyKind,
)
from retail.journey import advance
from tests.shop import DAY, HOUR, JOURNEY, MINUTE, NOON, common, customer_who, shop


def filed(at: int = NOON, case: str = "c-1") -> ComplaintFiled:
    return ComplaintFiled(case=case, **common(at=at))


def settled(at: int = NOON + HOUR, case: str = "c-1") -> ComplaintResolved:
    return ComplaintResolved(case=case, **common(at=at))


def test_a_settlement_that_arrives_before_its_complaint_still_settles_it() -> None:
    assert complains_since(customer_who(settled(), filed()).care) == 0


def test_of_two_complaints_the_open_one_counts() -> None:
    state = customer_who(filed(case="c-1"), filed(NOON + MINUTE, case="c-2"), settled(case="c-1"))
    assert complains_since(state.care) == NOON + MINUTE


def test_contacts_and_returns_are_counted() -> None:
    state = customer_who(
        SupportContacted(**common()),
        SupportContacted(case="c-1", **common(at=NOON + HOUR)),
        ProductReturned(item="mug", quantity=2, **common(at=NOON + DAY)),
    )
    assert (state.care.contacts, state.care.contacted_at) == (2, NOON + HOUR)
    assert (state.care.returns, state.care.returned_at) == (2, NOON + DAY)


def test_the_newest_word_says_in_which_mood_a_customer_is() -> None:
    survey = SurveyAnswered(kind=SurveyKind.NPS, mood=90, **common())
    mention = SocialMentionHeard(network="mastodon", mood=10, **common(at=NOON + HOUR))
    assert customer_who(survey, mention).care.mood == 10
    assert customer_who(mention, survey).care.mood == 10


def test_a_mention_that_nobody_judged_changes_no_mood() -> None:
    assert customer_who(SocialMentionHeard(network="mastodon", **common())).care.mood == -1


def test_a_parcel_is_under_way_until_it_arrives() -> None:
    shipped, delivered = OrderShipped(order="o-1", **common()), OrderDelivered(order="o-1", **common(at=NOON + DAY))
    assert customer_who(shipped).care.parcels == {"o-1": NOON}
    assert customer_who(delivered, shipped).care.parcels == {"o-1": -(NOON + DAY)}


def test_of_many_cases_the_settled_give_way_first() -> None:
    many = [filed(NOON + n, f"c-{n}") for n in range(JOURNEY.cases)]
    state = customer_who(*many, settled(NOON + HOUR, "c-7"), filed(NOON + DAY, "c-new"))
    assert "c-7" not in state.care.complaints
    assert {"c-0", "c-new"} <= state.care.complaints.keys()


def test_whose_card_is_scanned_is_in_the_store() -> None:
    state = customer_who(LoyaltyCardScanned(store="madrid", **common()))
    assert state.visit is not None
    assert (state.visit.store, state.care.scanned_at, state.last_store) == ("madrid", NOON, "madrid")


def test_a_card_scanned_in_a_store_we_do_not_have_is_refused() -> None:
    scan = LoyaltyCardScanned(store="atlantis", **common())
    assert advance(EMPTY, scan, shop(), JOURNEY).rejected == "unknown_store"
