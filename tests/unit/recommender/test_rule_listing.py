"""Merchandisers see of each rule whether it holds, what it concerns and where it leaves few items."""

import pytest

from caudal.commands.merchandising import readable
from recommender.rule_listing import ListedRule, listed_rules
from retail.merchandising import Effect, Rule
from retail.reference import Reference
from tests.shop import DAY, NOON, shop
from tests.unit.recommender.shelves import trained
from tests.unit.recommender.test_recommend import PURCHASES

MODEL = trained(PURCHASES)


def stop(id_: str = "stop", **fields: object) -> Rule:
    return Rule(id=id_, effect=Effect.EXCLUDE, **{"items": frozenset({"cheese"}), **fields})  # type: ignore[arg-type]


def listed(*rules: Rule, store: str = "", reference: Reference | None = None) -> dict[str, ListedRule]:
    known = reference or shop()
    for one in rules:
        known.put_rule(one.id, one)
    return {one.id: one for one in listed_rules(known, MODEL, store, NOON)}


@pytest.mark.parametrize(
    ("fields", "store", "why_not"),
    [
        ({}, "", ""),
        ({"live": False}, "", "off"),
        ({"starts": NOON + DAY}, "", "not_started"),
        ({"ends": NOON}, "", "ended"),
        ({"stores": frozenset({"madrid"})}, "", "other_store"),
        ({"stores": frozenset({"madrid"})}, "madrid", ""),
        ({"hours": "13:00-14:00"}, "new-york", "other_hours"),
        ({"hours": "13:00-14:00"}, "madrid", ""),
    ],
)
def test_of_a_rule_that_does_not_hold_the_reason_is_told(fields: dict[str, object], store: str, why_not: str) -> None:
    one = listed(stop("stop", **fields), store=store)["stop"]
    assert (one.holds, one.why_not) == (not why_not, why_not)


def test_the_items_that_a_rule_concerns_are_counted_once() -> None:
    dairy = stop(items=frozenset({"cheese", "mug", "unheard-of"}), categories=frozenset({"Dairy", "Milk"}))
    assert listed(dairy)["stop"].items == 3


def test_pages_on_which_a_rule_leaves_few_are_named() -> None:
    found = listed(stop("dairy", items=frozenset(), categories=frozenset({"Dairy"})), store="madrid")
    assert {"home", "category Dairy", "zone dairy"} <= set(found["dairy"].starves)
    assert "zone bakery" not in found["dairy"].starves


def test_a_rule_that_does_not_hold_starves_nothing() -> None:
    assert listed(stop(live=False))["stop"].starves == ()


def test_it_is_printed_a_line_a_rule() -> None:
    found = listed(
        stop("dairy", name="no dairy", hours="10:00-14:00", items=frozenset(), categories=frozenset({"Dairy"}))
    )
    lines = readable(list(found.values())).splitlines()
    assert lines[0] == "holds        exclude  dairy · no dairy · Dairy · everywhere · 10:00-14:00 · 2 items"
    assert "             leaves few on category Dairy" in lines
    assert "there are no rules" in readable([])
