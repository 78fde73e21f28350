"""The blend once more, in plain Python and float64: slow, short, and written from the description alone."""

import math
from collections.abc import Iterable

import numpy as np

from recommender.policy import BlendPolicy
from recommender.shelf import Shelf
from retail import habits, history
from retail.customers import CustomerState, Interaction

Parts = dict[int, float]
"""Part by item row."""


def slow_scores(shelf: Shelf, policy: BlendPolicy, state: CustomerState, at: int, store: int) -> Parts:
    """Score by item row, of every candidate. at: seconds. store: its number, -1 for none."""
    decay = policy.habit_decay.total_seconds()
    bought = {row(shelf, h.item): h.strength(at, decay) for h in habits.all_habits(state.habits)}
    bought.pop(-1, None)
    seeds = slow_seeds(shelf, policy, state)
    basis = slow_basis(policy, bought, seeds)
    here = {}
    if store >= 0:
        places = range(shelf.here_starts[store], shelf.here_starts[store + 1])
        here = {int(shelf.here[place]): float(shelf.here_weights[place]) for place in places}
    near = neighbours(shelf, seeds)
    kin = {
        int(shelf.alike[own, n])
        for own in list(basis)[: policy.kin]
        for n in range(shelf.alike.shape[1])
        if shelf.alike_weights[own, : n + 1].all()
    }
    candidates = {*bought, *near, *kin, *here, *range(min(policy.popular_depth, len(shelf.keys)))}
    popular = {own: float(shelf.popularity[own]) for own in candidates}
    return weighed(
        candidates,
        (policy.habit * confidence(policy, bought), bought),
        (policy.together * pull(policy, state, at), near),
        (policy.taste, liking(shelf, basis, candidates)),
        (policy.here, here),
        (policy.popular, popular),
    )


def confidence(policy: BlendPolicy, bought: Parts) -> float:
    """How much of their weight the habits have, by the strongest of them."""
    strongest_habit = max(bought.values(), default=0.0)
    return strongest_habit / (strongest_habit + policy.doubt) if strongest_habit > 0 else 0.0


def weighed(candidates: Iterable[int], *sources: tuple[float, Parts]) -> Parts:
    scores = dict.fromkeys(candidates, 0.0)
    for weight, parts in sources:
        largest = max(parts.values(), default=0.0)
        for item, part in parts.items():
            scores[item] += weight * part / largest if largest > 0 else 0.0
    return scores


def row(shelf: Shelf, key: int) -> int:
    found = np.flatnonzero(shelf.keys == np.uint64(key))
    return int(shelf.rows[found[0]]) if len(found) else -1


def slow_seeds(shelf: Shelf, policy: BlendPolicy, state: CustomerState) -> Parts:
    """Weight by row, the newest first; removed ones with weight 0."""
    seeds: Parts = {}
    for own in reversed(list(history.interactions(state.history))):
        item = row(shelf, own.item)
        if item >= 0 and item not in seeds and len(seeds) < policy.seeds:
            seeds[item] = 0.0 if own.kind == Interaction.REMOVED else policy.seed_decay ** len(seeds)
    return seeds


def slow_basis(policy: BlendPolicy, bought: Parts, seeds: Parts) -> Parts:
    """Value by row, the strongest first: the strongest habits; each seed that is not among them joins, newest first."""
    basis = strongest(bought, policy.basis)
    for item, weight in seeds.items():
        if weight > 0 and item not in basis:
            basis = strongest({**basis, item: weight}, policy.basis)
    return basis


def strongest(values: Parts, limit: int) -> Parts:
    return dict(sorted(values.items(), key=lambda pair: (-pair[1], pair[0]))[:limit])


def neighbours(shelf: Shelf, seeds: Parts) -> Parts:
    near: Parts = {}
    for seed, weight in seeds.items():
        for neighbour, strength in zip(shelf.together[seed].tolist(), shelf.together_weights[seed], strict=True):
            if weight * strength <= 0:
                break
            near[neighbour] = near.get(neighbour, 0.0) + weight * float(strength)
    return near


def liking(shelf: Shelf, basis: Parts, candidates: Iterable[int]) -> Parts:
    """The textbook fold-in, solved in K unknowns, from the definition of the aids: factors A^-1."""
    if not basis:
        return {}
    items = list(basis)
    confidence = 1.0 + float(shelf.alpha[0]) * np.array([basis[item] for item in items])
    factors = shelf.factors.astype(np.float64)
    gram = np.linalg.pinv(np.linalg.pinv(factors) @ shelf.aids)
    own = factors[items]
    taste = np.linalg.solve(gram + own.T @ np.diag(confidence - 1) @ own, own.T @ confidence)
    coarse = shelf.codes * shelf.scales[:, None].astype(np.float64)
    return {item: max(0.0, float(coarse[item] @ taste)) for item in candidates}


def pull(policy: BlendPolicy, state: CustomerState, at: int) -> float:
    newest = [own.at for own in history.interactions(state.history)][-1:]
    fresh = math.exp(-max(0, at - newest[0]) / policy.fresh.total_seconds()) if newest else 0.0
    return policy.stale + (1 - policy.stale) * fresh
