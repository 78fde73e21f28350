import msgspec
import pytest

from gateway.answers import Offers
from retail.attribution import unseal
from retail.customers import encode_state
from tests.shop import consented, customer_who, offer, viewed
from tests.unit.gateway.running import Running

WILLING = encode_state(customer_who(consented()))
UNASKED = encode_state(customer_who(viewed()))


async def asked(gateway: Running, query: str = "customer=ana") -> Offers:
    answer = await gateway.get(f"/v1/offers?{query}")
    assert answer.status_code == 200, answer.text
    return msgspec.json.decode(answer.content, type=Offers)


async def test_a_customer_who_agreed_sees_the_offers_best_first(gateway: Running) -> None:
    await gateway.know("ana", WILLING)
    answer = await asked(gateway)
    assert [one.offer for one in answer.offers][-1] == "welcome"
    assert {one.offer for one in answer.offers} == {"cheese-week", "fresh-bread", "welcome"}
    assert answer.reason == ""


@pytest.mark.parametrize("blob", [None, UNASKED])
async def test_without_consent_nothing_is_offered_and_the_reason_said(gateway: Running, blob: bytes | None) -> None:
    if blob:
        await gateway.know("ana", blob)
    answer = await asked(gateway)
    assert (answer.offers, answer.reason) == ([], "no_consent")


async def test_an_offer_of_another_store_is_not_shown_here(gateway: Running) -> None:
    await gateway.know("ana", WILLING)
    answer = await asked(gateway, "customer=ana&store=new-york")
    assert "fresh-bread" not in {one.offer for one in answer.offers}


async def test_when_nothing_is_on_offer_the_reason_is_said(gateway: Running) -> None:
    await gateway.know("ana", WILLING)
    for known in list(gateway.reference.offers):
        gateway.reference.put_offer(known, offer(known, live=False))
    assert (await asked(gateway)).reason == "no_eligible_offer"
    assert (await asked(gateway, "customer=ana&store=atlantis")).reason == "unknown_store"


async def test_the_token_says_which_offers_were_shown(gateway: Running) -> None:
    await gateway.know("ana", WILLING)
    answer = await asked(gateway, "customer=ana&store=madrid")
    token = unseal(answer.attribution, b"")
    assert (token.answer, token.placement, token.store) == (answer.id, "offers", "madrid")
    assert token.items == tuple(one.offer for one in answer.offers)
    told = {"promotion_id": token.items[0], "attribution": answer.attribution}
    event = {"userId": "ana", "messageId": "1", "event": "Promotion Viewed", "properties": told}
    assert (await gateway.post("/v1/track", event)).status_code == 200


async def test_no_more_offers_than_asked(gateway: Running) -> None:
    await gateway.know("ana", WILLING)
    assert len((await asked(gateway, "customer=ana&limit=1")).offers) == 1


async def test_with_redis_down_nothing_is_offered_since_consent_is_unknown(gateway: Running) -> None:
    gateway.state.down = True
    answer = await gateway.get("/v1/offers?customer=ana")
    assert (answer.status_code, answer.json()["code"]) == (503, "state_unavailable")
    assert answer.headers["retry-after"] == "1"
