import msgspec

from gateway.answers import Rules
from retail.merchandising import Effect, Rule
from tests.unit.gateway.running import Running


async def test_merchandisers_see_which_rules_hold(gateway: Running) -> None:
    gateway.reference.put_rule("star", Rule(id="star", effect=Effect.PIN, items=frozenset({"milk"})))
    gateway.reference.put_rule(
        "stop", Rule(id="stop", effect=Effect.EXCLUDE, items=frozenset({"mug"}), stores=frozenset({"madrid"}))
    )
    answer = await gateway.get("/v1/merchandising", "admin")
    assert answer.status_code == 200, answer.text
    told = msgspec.json.decode(answer.content, type=Rules)
    assert [(one.id, one.holds, one.why_not) for one in told.rules] == [
        ("star", True, ""),
        ("stop", False, "other_store"),
    ]
    here = msgspec.json.decode((await gateway.get("/v1/merchandising?store=madrid", "admin")).content, type=Rules)
    assert all(one.holds for one in here.rules)
