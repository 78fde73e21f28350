"""Policies to judge by logged choices, and the report about them."""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence

import msgspec
import numpy as np

from recommender.evaluation.choices import Choice, Reward, groups, rewards
from recommender.evaluation.off_policy import Estimate, Floats, Judgement, Logged, judge

Policy = Callable[[Choice], Sequence[float]]
"""The probabilities of a choice's candidates."""

SERVED, RANKED, UNIFORM, POPULAR, GIVEN = "served", "ranked", "uniform", "popular", "given"


class PolicyReport(msgspec.Struct, frozen=True, kw_only=True):
    """n: choices judged, of `customers`. fixed: left out, since nothing else could have been shown there.

    mean: reward of what was shown. policies: by name; "served" checks the method, its value is `mean`.
    """

    reward: Reward
    n: int
    fixed: int
    customers: int
    mean: float
    policies: dict[str, Judgement]


def evaluate_policies(choices: Sequence[Choice], reward: Reward = Reward.CLICKED) -> PolicyReport:
    """Raises ValueError where no choice was left to chance, or only some lines have a `target`."""
    open_ = [choice for choice in choices if len(choice.candidates) > 1]
    if not open_:
        raise ValueError(
            f"none of the {len(choices)} choices was left to chance, so nothing can be said of another policy: serve "
            "with CAUDAL_EXPLORATION above 0 for a while"
        )
    logged = logged_of(open_, reward)
    judged = {name: judge(logged, _targets(policy, open_)) for name, policy in _policies(open_).items()}
    return PolicyReport(
        reward=reward,
        n=len(open_),
        fixed=len(choices) - len(open_),
        customers=len({choice.customer for choice in open_}),
        mean=float(logged.reward.mean()),
        policies=judged,
    )


def logged_of(choices: Sequence[Choice], reward: Reward) -> Logged:
    """An item is another one at another position: what stands lower is clicked less."""
    numbers: dict[tuple[str, int], int] = {}
    starts = np.cumsum([0, *(len(choice.candidates) for choice in choices)], dtype=np.int64)
    places = [choice.candidates.index(choice.item) for choice in choices]
    items = [
        numbers.setdefault((item, choice.position), len(numbers)) for choice in choices for item in choice.candidates
    ]
    return Logged(
        starts=starts,
        shown=starts[:-1] + np.array(places, np.int64),
        reward=rewards(choices, reward),
        group=groups(choices),
        items=np.array(items, np.int64),
        chosen=np.array([p for choice in choices for p in choice.probabilities], np.float64),
    )


def header() -> list[str]:
    return ["policy", "DR", "SNIPS", "IPS", "effective n", "largest weight"]


def rows(report: PolicyReport) -> list[list[str]]:
    return [
        [
            name,
            *(told(estimate) for estimate in (one.dr, one.snips, one.ips)),
            f"{one.effective:,.0f}",
            f"{one.largest_weight:.1f}",
        ]
        for name, one in report.policies.items()
    ]


def told(estimate: Estimate) -> str:
    """The value and its 95 %."""
    return f"{estimate.value:.4f} ({estimate.low:.4f} to {estimate.high:.4f})"


def _policies(choices: Sequence[Choice]) -> Mapping[str, Policy]:
    policies: dict[str, Policy] = {
        SERVED: lambda choice: choice.probabilities,
        RANKED: _likeliest,
        UNIFORM: lambda choice: [1.0 / len(choice.candidates)] * len(choice.candidates),
        POPULAR: _most_popular(choices),
    }
    given = sum(choice.target is not None for choice in choices)
    if 0 < given < len(choices):
        raise ValueError(f"{given} of {len(choices)} lines have a target: all of a policy's lines need one, or none")
    if given:
        policies[GIVEN] = lambda choice: choice.target or ()
    return policies


def _likeliest(choice: Choice) -> Sequence[float]:
    """Always what the served policy showed most: the ranking without exploration."""
    return _certain(choice, choice.probabilities.index(max(choice.probabilities)))


def _most_popular(choices: Sequence[Choice]) -> Policy:
    """Of the candidates the one that could be shown to most: popularity as the models see it, not as it was clicked,
    which would judge a policy by what it learned from."""
    wanted = Counter(item for choice in choices for item in choice.candidates)

    def policy(choice: Choice) -> Sequence[float]:
        best = max(range(len(choice.candidates)), key=lambda n: (wanted[choice.candidates[n]], -n))
        return _certain(choice, best)

    return policy


def _certain(choice: Choice, place: int) -> Sequence[float]:
    return [float(n == place) for n in range(len(choice.candidates))]


def _targets(policy: Policy, choices: Sequence[Choice]) -> Floats:
    return np.array([p for choice in choices for p in policy(choice)], np.float64)
