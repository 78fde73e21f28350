"""The estimates against sums done by hand, and against a simulated shop whose truth is known."""

from pathlib import Path

import msgspec
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from recommender.evaluation.choices import BadChoice, Choice, Reward, read_choices, write_choices
from recommender.evaluation.off_policy import (
    dr,
    effective_size,
    expected_rewards,
    ips,
    judge,
    snips,
    weights_of,
)
from recommender.evaluation.policies import evaluate_policies, logged_of

RATE = 0.3
TRUE = np.array([0.05, 0.10, 0.20, 0.40])
"""How often each item is clicked when it is shown."""


def choice(item: str = "a", customer: str = "ana", *, clicked: bool = False, **more: object) -> Choice:
    """Of a and b, each as likely as the other."""
    told: dict[str, object] = {"candidates": ("a", "b"), "probabilities": (0.5, 0.5), **more}
    return Choice(answer="x", customer=customer, placement="home", position=8, item=item, clicked=clicked, **told)  # type: ignore[arg-type]


def simulated(n: int, seed: int) -> list[Choice]:
    """The ranked item is one of four by chance; the others are drawn with 0.1 each."""
    chance = np.random.default_rng(seed)
    choices: list[Choice] = []
    for number in range(n):
        order = chance.permutation(4)
        place = int(chance.choice(4, p=[1 - RATE, RATE / 3, RATE / 3, RATE / 3]))
        item = order[place]
        choices.append(
            Choice(
                answer=f"{number}",
                customer=f"c{number // 2}",
                placement="home",
                position=8,
                item=f"i{item}",
                candidates=tuple(f"i{one}" for one in order),
                probabilities=(1 - RATE, RATE / 3, RATE / 3, RATE / 3),
                clicked=bool(chance.random() < TRUE[item]),
                target=tuple(float(one == 3) for one in order),
            )
        )
    return choices


def test_by_hand() -> None:
    logged = logged_of(
        [choice("a", "1", clicked=True), choice("b", "2"), choice("b", "3", clicked=True), choice("a", "4")],
        Reward.CLICKED,
    )
    always_b = np.array([0.0, 1.0] * 4)
    weights = weights_of(logged, always_b)
    assert weights.tolist() == [0.0, 2.0, 2.0, 0.0]
    assert ips(weights, logged.reward, logged.group).value == pytest.approx(2 / 4)
    assert snips(weights, logged.reward, logged.group).value == pytest.approx(2 / 4)
    assert effective_size(weights) == pytest.approx(2.0)
    # Direct 0.25 each; surprises 2 * (0 - 0.25) and 2 * (1 - 0.25).
    assert dr(logged, always_b, np.full(8, 0.25)).value == pytest.approx((4 * 0.25 - 0.5 + 1.5) / 4)


def test_an_interval_by_hand() -> None:
    values = np.array([0.0, 1.0, 1.0, 0.0])
    estimate = ips(np.ones(4), values, np.arange(4))
    assert estimate.high - estimate.value == pytest.approx(1.96 * np.std(values, ddof=1) / 2)


def test_the_same_customer_twice_is_not_two_witnesses() -> None:
    values = np.array([0.0, 1.0] * 50)
    alone = ips(np.ones(100), values, np.arange(100))
    paired = ips(np.ones(200), np.repeat(values, 2), np.repeat(np.arange(100), 2))
    assert paired.width == pytest.approx(alone.width)


def test_a_customers_own_clicks_do_not_predict_them() -> None:
    lucky = logged_of([choice("a", "1", clicked=True)] * 3 + [choice("a", "2")] * 3, Reward.CLICKED)
    expected = expected_rewards(lucky)
    assert expected[:6] == pytest.approx(np.zeros(6))
    assert (expected[6::2] > 0.9).all()


def test_the_truth_is_within_its_intervals_as_often_as_they_say() -> None:
    truth = {"uniform": TRUE.mean(), "ranked": TRUE.mean(), "given": TRUE[3]}
    runs = 30
    inside = dict.fromkeys([(policy, name) for policy in truth for name in ("ips", "snips", "dr")], 0)
    means = dict.fromkeys(inside, 0.0)
    for seed in range(runs):
        report = evaluate_policies(simulated(1000, seed))
        for policy, name in inside:
            estimate = getattr(report.policies[policy], name)
            inside[policy, name] += estimate.low <= truth[policy] <= estimate.high
            means[policy, name] += estimate.value / runs
    assert min(inside.values()) >= 0.83 * runs, inside
    for (policy, name), mean in means.items():
        assert mean == pytest.approx(truth[policy], abs=0.02), (policy, name)


def test_dr_is_surer_than_ips_where_the_expected_rewards_are_fair() -> None:
    reports = [evaluate_policies(simulated(800, seed)).policies["given"] for seed in range(20)]
    spread = {name: np.std([getattr(one, name).value for one in reports]) for name in ("ips", "dr")}
    assert spread["dr"] < 0.9 * spread["ips"]
    assert all(one.dr.width < one.ips.width for one in reports)


def test_what_served_is_worth_what_it_earned() -> None:
    report = evaluate_policies(simulated(500, 0))
    assert report.policies["served"].ips.value == pytest.approx(report.mean)
    assert report.policies["served"].effective == pytest.approx(500)
    assert report.policies["served"].warnings == ()


@settings(max_examples=50)
@given(st.lists(st.tuples(st.booleans(), st.booleans()), min_size=1, max_size=12), st.floats(0.0, 1.0))
def test_a_reward_of_one_for_all_is_worth_one_to_every_policy(drawn: list[tuple[bool, bool]], share: float) -> None:
    choices = [choice("ab"[b], str(n), clicked=True) for n, (b, _) in enumerate(drawn)]
    logged = logged_of(choices, Reward.CLICKED)
    target = np.array([share, 1 - share] * len(choices))
    judged = judge(logged, target)
    assert judged.dr.value == pytest.approx(1.0) or len(choices) < 6
    assert judged.snips.value == pytest.approx(1.0) or judged.effective == 0.0


def test_what_could_never_be_shown_is_warned_of() -> None:
    never = [choice("a", str(n), probabilities=(1.0, 0.0), target=(0.5, 0.5)) for n in range(200)]
    judged = evaluate_policies(never).policies["given"]
    assert judged.uncovered == pytest.approx(0.5)
    assert "could never have been shown" in judged.warnings[0]


def test_weak_overlap_is_warned_of() -> None:
    told = ("a", "b", "c")
    rare = [
        choice(told[0 if n else 1], str(n), candidates=told, probabilities=(0.998, 0.001, 0.001), target=(0, 1, 0))
        for n in range(300)
    ]
    assert any("weak overlap" in warning for warning in evaluate_policies(rare).policies["given"].warnings)


def test_probabilities_that_were_not_drawn_with_are_warned_of() -> None:
    wrong = [choice("a", str(n)) for n in range(400)]
    assert any(
        "not those that the items were drawn with" in w for w in evaluate_policies(wrong).policies["ranked"].warnings
    )


def test_without_exploration_there_is_nothing_to_judge_by() -> None:
    with pytest.raises(ValueError, match="CAUDAL_EXPLORATION"):
        evaluate_policies([choice(candidates=("a",), probabilities=(1.0,))])


def test_a_file_reads_as_it_was_written(tmp_path: Path) -> None:
    file = tmp_path / "choices.jsonl"
    file.write_bytes(write_choices(simulated(5, 1)))
    assert read_choices(file) == simulated(5, 1)


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"item": "z"}, "not among the candidates"),
        ({"probabilities": (0.5,)}, "1 numbers for 2 candidates"),
        ({"probabilities": (0.5, 0.4)}, "add up to"),
        ({"probabilities": (0.0, 1.0)}, "cannot be 0"),
        ({"target": (2.0, -1.0)}, "target"),
    ],
)
def test_a_line_that_cannot_be_used_is_named(tmp_path: Path, change: dict[str, object], says: str) -> None:
    file = tmp_path / "choices.jsonl"
    file.write_bytes(write_choices([choice(), msgspec.structs.replace(choice(), **change)]))
    with pytest.raises(BadChoice, match=f":2: .*{says}"):
        read_choices(file)
