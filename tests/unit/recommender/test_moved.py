"""Pins, boosts and burials give a micro-batch the slates that they would give one by one, at little more cost."""

import time

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from recommender.merchandising import steering
from recommender.model import Model
from recommender.moved import moved_slates
from recommender.placed import _home, warm_slates
from recommender.recommend import Query
from retail.merchandising import Effect, Rule
from retail.reference import Reference
from tests.shop import NOON
from tests.unit.recommender.test_forbidden import MODELS
from tests.unit.recommender.test_kernel import somebody
from tests.unit.recommender.test_merchandising import LARGE, RANKED, ids, rule, wide_query, wide_world


def moving_world(chance: np.random.Generator) -> Reference:
    """As `wide_world`, with pins, boosts and burials."""
    reference = wide_world(chance)
    for number in range(int(chance.integers(1, 7))):
        effect = (Effect.PIN, Effect.BOOST, Effect.BURY)[int(chance.integers(3))]
        names = (
            {"items": frozenset({f"i{int(chance.integers(0, 165))}"}), "place": int(chance.integers(1, 9))}
            if effect is Effect.PIN
            else {"brands": frozenset({f"b{row}" for row in chance.integers(0, 17, 3)})}
        )
        strength, stores = (1.5, 2.0, 8.0)[number % 3], frozenset({"s0"} if chance.random() < 0.3 else ())
        one = Rule(id=f"m{number}", effect=effect, strength=strength, stores=stores, **names)
        reference.put_rule(one.id, one)
    return reference


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 10_000), st.sampled_from([*MODELS, LARGE, RANKED]))
def test_pins_and_boosts_give_the_same_slates_in_a_batch_as_one_by_one(seed: int, model: Model) -> None:
    chance = np.random.default_rng(seed)
    reference = moving_world(chance)
    queries = [wide_query(chance, number) for number in range(6)]
    ruled = [(one, rules) for one in queries if (rules := steering(reference, "home", one.store, one.at)) is not None]
    ruled = [(query, rules) for query, rules in ruled if rules.moves]
    if not ruled:
        return
    together = moved_slates([one for one, _ in ruled], [rules for _, rules in ruled], model, reference, model.blend)
    for (query, rules), slate in zip(ruled, together, strict=True):
        alone = _home(query, rules, model.blend, model, reference)
        if slate is None:
            assert len(alone.items) < query.limit or any(one.score == 0 for one in alone.items)
        else:
            assert ids(slate) == ids(alone)
            assert [one.rule for one in slate.items] == [one.rule for one in alone.items]
            assert slate.dropped == alone.dropped
            assert slate.fallback == alone.fallback


def test_together_they_cost_less_than_one_by_one() -> None:
    reference = Reference()
    reference.put_rule("star", rule("star", Effect.PIN, "i7", place=3))
    reference.put_rule("own", rule("own", Effect.BOOST, *(f"i{n}" for n in range(40))))
    queries = [Query(customer="ana", state=somebody(np.random.default_rng(n)), at=NOON, limit=10) for n in range(100)]
    rules = steering(reference, "home", "", NOON)
    assert rules is not None
    together, alone = ([], [])  # type: tuple[list[float], list[float]]
    for _ in range(5):
        start = time.process_time()
        warm_slates(queries, LARGE, reference)
        between = time.process_time()
        for query in queries:
            _home(query, rules, LARGE.blend, LARGE, reference)
        together.append(between - start)
        alone.append(time.process_time() - between)
    assert min(together) < 0.7 * min(alone)
