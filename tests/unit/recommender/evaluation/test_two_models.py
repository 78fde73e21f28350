import random

import pytest

from recommender.evaluation.choices import Choice, Reward
from recommender.evaluation.two_models import compare
from recommender.rollout import Kind, Trial

TRIAL = Trial("new", Kind.CANDIDATE, 30.0)


def seen(customer: str, model: str, *, at: int, clicked: bool = False) -> Choice:
    return Choice(
        answer=f"{at:032x}",
        customer=customer,
        placement="home",
        position=1,
        item="mug",
        candidates=("mug",),
        probabilities=(1.0,),
        at=at,
        model=model,
        clicked=clicked,
    )


def week(seed: int, old: float, new: float) -> list[Choice]:
    """300 customers with 10 places each; some like to click, some do not. old, new: how often of a hundred they do."""
    chance, choices = random.Random(seed), []
    for number in range(300):
        customer = f"{seed}-{number}"
        model, taste = ("new", new) if TRIAL.includes(customer) else ("old", old)
        liking = taste * chance.uniform(0.0, 2.0)
        choices += [seen(customer, model, at=at, clicked=chance.random() < liking) for at in range(10)]
    return choices


def test_what_is_better_is_found_to_be_better() -> None:
    found = compare(week(1, old=0.1, new=0.3), "old", "new")
    assert 0.0 < found.difference.low < 0.2 < found.difference.high
    assert found.old.customers + found.new.customers == 300


def test_the_interval_holds_the_truth_about_as_often_as_it_says() -> None:
    """Customers differ, so places of one customer are not 10 customers."""
    found = [compare(week(seed, old=0.2, new=0.25), "old", "new").difference for seed in range(100)]
    held = sum(one.low <= 0.05 <= one.high for one in found)
    assert 88 <= held <= 100


def test_days_before_the_trial_and_customers_who_moved_say_nothing() -> None:
    before = [seen(f"customer-{number}", "old", at=-1, clicked=True) for number in range(100)]
    moved = [seen("ana", "old", at=2, clicked=True), seen("ana", "new", at=3, clicked=True)]
    trial = [seen(f"{model}-{n}", model, at=at) for model in ("old", "new") for n in range(5) for at in (1, 9)]
    found = compare([*before, *moved, *trial], "old", "new")
    assert (found.first, found.last, found.moved) == (1, 9, 1)
    assert (found.old.n, found.old.mean.value, found.new.n, found.new.mean.value) == (10, 0.0, 10, 0.0)


def test_what_counts_as_a_success_is_chosen() -> None:
    choices = [seen(f"{model}-{n}", model, at=1, clicked=True) for model in ("old", "new") for n in range(3)]
    assert compare(choices, "old", "new").new.mean.value == 1.0
    assert compare(choices, "old", "new", Reward.BOUGHT).new.mean.value == 0.0


def test_a_model_that_answered_nobody_is_told_with_those_that_did() -> None:
    choices = week(1, old=0.1, new=0.1)
    with pytest.raises(ValueError, match="there are some by: new, old"):
        compare(choices, "old", "newer")
    with pytest.raises(ValueError, match="nothing to compare"):
        compare([seen("ana", "old", at=1), seen("bob", "new", at=5)], "old", "new")
