"""The ranker: learned from each customer's last training baskets, which the model behind its features has not seen.

LambdaMART (Burges, From RankNet to LambdaRank to LambdaMART, 2010), as LightGBM has it, over the best candidates of
the blend. Customers who teach and customers who judge are different ones: they decide after how many trees to stop, and
whether there is a ranker at all. `lightgbm` needs an OpenMP runtime (see `openmp`) and is imported only here.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from recommender.arrays import sealed
from recommender.batch import room
from recommender.kernel import answer
from recommender.model import Model
from recommender.policy import TrainingPolicy
from recommender.rank_columns import FEATURES, SCORE
from recommender.rank_features import Known, Repeats, features_of
from recommender.ranker import RANKED, Trees
from recommender.recommend import Query, batch_of
from recommender.training.blend_tuning import better
from recommender.training.progress import Progress, silent
from recommender.training.repeats import repeats
from recommender.training.shopping import Basket, baskets_each, before_recent, recent_baskets
from recommender.training.transactions import Transactions
from recommender.workspace import Workspace, cached_weights

if TYPE_CHECKING:
    import lightgbm

BASKETS = range(3, 7)
"""Last baskets of a customer that are asked about, and at most a third of all, but for the last. As few as are enough:
the model behind the features is to be as fresh as the one that serves."""

ENOUGH = 5000
"""Baskets for which no customer is asked about more of them."""

FEWEST = 400
"""Baskets without which nothing is learned: on less, the trees find chance."""

DEPTH = 100
"""Candidates of a basket that teach; usually more than are put in order when serving, because most of a list was not
bought."""

DEEPER = (60, DEPTH)
"""Tried instead of `RANKED` candidates to be put in order."""

WORTHWHILE = 1.03
"""Times as much must more candidates find, since each costs as much as the first ones: what is watched once gains a
tenth from 100 of them, groceries next to nothing (docs/decisions/0010-ranking.md)."""

AT_ONCE = 500

JUDGES = 6
"""One customer in so many judges instead of teaching."""

MANY, SURE = 500, 2.0
"""Judges' baskets from which on one standard error tells whether the trees are better, and how many it takes before:
few judges also stop the trees where it suits them, and the trees of few baskets have learned their chance."""

PLACES = 10
"""Length of the lists that are judged."""

ROUNDS, PATIENCE = 400, 30
"""Trees at most, and trees that are tried without a better one."""

PARAMETERS: dict[str, object] = {
    "objective": "lambdarank",
    "lambdarank_truncation_level": 30,
    "metric": "ndcg",
    "eval_at": [PLACES],
    "learning_rate": 0.08,
    "num_leaves": 15,
    "min_data_in_leaf": 200,
    "feature_fraction": 0.6,
    "bagging_fraction": 0.8,
    "bagging_freq": 1,
    "lambda_l2": 5.0,
    "max_bin": 63,
    "use_missing": False,
    # Threads of OpenMP wait busily for each other: on a busy machine two took four times the CPU of one.
    "num_threads": 1,
    "force_row_wise": True,
    "deterministic": True,
    "verbosity": -1,
}

Teach = Callable[[Transactions], Model]
"""How a model is made of lines, with the weights that serve."""


class Order(NamedTuple):
    """depth: candidates that are put in order."""

    trees: Trees
    depth: int


@dataclass(frozen=True, eq=False)
class Examples:
    """C candidates of B baskets. features: (C, F). wanted: (C,) whether it was bought. sizes: (B,) candidates of each.

    bought: (B,) items of each basket. customers: (B,) numbers.
    """

    features: NDArray[np.float32]
    wanted: NDArray[np.bool_]
    sizes: NDArray[np.int64]
    bought: NDArray[np.int64]
    customers: NDArray[np.int64]

    def only(self, chosen: NDArray[np.bool_]) -> "Examples":
        """chosen: (B,)."""
        lines = np.repeat(chosen, self.sizes)
        return Examples(
            self.features[lines],
            self.wanted[lines],
            self.sizes[chosen],
            self.bought[chosen],
            self.customers[chosen],
        )

    def recalls(self, worth: NDArray[np.float64], depth: int) -> NDArray[np.float64]:
        """(B,) recall@10 of the first `depth` candidates by falling worth (C,)."""
        starts = np.cumsum(self.sizes) - self.sizes
        found = np.zeros(len(self.sizes))
        for basket, (start, size) in enumerate(zip(starts.tolist(), self.sizes.tolist(), strict=True)):
            own = slice(start, start + min(size, depth))
            best = np.argsort(-worth[own], kind="stable")[:PLACES]
            found[basket] = self.wanted[own][best].sum() / self.bought[basket]
        return found


def learn_ranker(
    lines: Transactions, teach: Teach, policy: TrainingPolicy, progress: Progress = silent
) -> tuple[Order | None, str]:
    """The trees and how many candidates they put in order, None where the blend stays in charge; and why.

    lines: each item of a basket once.
    """
    if not policy.ranked:
        return None, "no ranker: none was asked for"
    most = baskets_each(lines, ENOUGH, BASKETS[0], BASKETS[-1])
    held_out = recent_baskets(lines, most)
    there = len(np.unique(lines.basket[held_out]))
    if there < FEWEST:
        return None, f"no ranker: {there} baskets to ask about, {FEWEST} are needed"
    progress("what the ranker is asked", 0.0)
    taught = lines.only(~held_out)
    model = teach(taught)
    chance = np.random.default_rng(policy.seed)
    asked = _questions(_some(lines, held_out, policy.ranked, chance), most)
    examples = _examples(asked, lines.customers, model, repeats(taught, list(model.items)))
    judging = chance.permutation(len(lines.customers))[examples.customers] % JUDGES == 0
    teaching, judges = examples.only(~judging), examples.only(judging)
    if not (teaching.wanted.any() and judges.wanted.any()):
        return None, "no ranker: no candidate was ever bought"
    progress("in which order", 0.4)
    return _tried(_boosted(teaching, judges, policy.seed), judges)


def trees_of(booster: "lightgbm.Booster") -> Trees:
    """The booster's trees as arrays; what they say of a candidate is the sum of the leaves that it comes to."""
    nodes: list[list[float]] = []
    leaves: list[float] = []
    trees = booster.dump_model(num_iteration=booster.best_iteration)["tree_info"]
    roots = [_add(tree["tree_structure"], nodes, leaves) for tree in trees]
    features, thresholds, left, right = np.array(nodes, np.float64).reshape(-1, 4).T
    columns = (
        np.array(roots, np.int32),
        features.astype(np.int32),
        thresholds.copy(),
        left.astype(np.int32),
        right.astype(np.int32),
        np.array(leaves, np.float64),
    )
    return Trees(*map(sealed, columns))  # type: ignore[arg-type]


def _add(node: dict[str, Any], nodes: list[list[float]], leaves: list[float]) -> int:
    """A node before its children: ways lead only onward."""
    if "leaf_value" in node:
        leaves.append(node["leaf_value"])
        return -len(leaves)
    number = len(nodes)
    nodes.append([node["split_feature"], node["threshold"], 0.0, 0.0])
    nodes[number][2] = _add(node["left_child"], nodes, leaves)
    nodes[number][3] = _add(node["right_child"], nodes, leaves)
    return number


def _boosted(teaching: Examples, judges: Examples, seed: int) -> "lightgbm.Booster":
    import lightgbm

    names = [name.replace(" ", "_") for name in FEATURES]
    known = lightgbm.Dataset(teaching.features, teaching.wanted, group=teaching.sizes, feature_name=names)
    asked = lightgbm.Dataset(judges.features, judges.wanted, group=judges.sizes, reference=known)
    stop = lightgbm.early_stopping(PATIENCE, verbose=False)
    return lightgbm.train({**PARAMETERS, "seed": seed}, known, ROUNDS, valid_sets=[asked], callbacks=[stop])


def _tried(booster: "lightgbm.Booster", judges: Examples) -> tuple[Order | None, str]:
    """Kept where it beats the blend by more than a standard error of the differences, or two where few judge; more
    candidates in the same way, where they are also worth their time."""
    worth = np.asarray(booster.predict(judges.features, num_iteration=booster.best_iteration), np.float64)
    before = judges.recalls(judges.features[:, SCORE].astype(np.float64), PLACES)
    depth, after = RANKED, judges.recalls(worth, RANKED)
    for deeper in DEEPER:
        tried = judges.recalls(worth, deeper)
        if better(tried, after) and tried.mean() > WORTHWHILE * after.mean():
            depth, after = deeper, tried
    told = f"recall@{PLACES} {after.mean():.4f}, the blend {before.mean():.4f}, on {len(after)} baskets"
    if not better(after, before, 1.0 if len(after) >= MANY else SURE):
        return None, f"no ranker: not better than the blend; {told}"
    trees = trees_of(booster)
    return Order(trees, depth), f"{len(trees.roots)} trees over the best {depth}; {told}"


def _some(lines: Transactions, held_out: NDArray[np.bool_], most: int, chance: np.random.Generator) -> Transactions:
    """All lines of as many customers as have `most` baskets to ask about, roughly; of those who have one."""
    having = np.unique(lines.customer[held_out])
    asked = len(np.unique(lines.basket[held_out]))
    if asked > most:
        having = chance.choice(having, int(len(having) * most / asked), replace=False)
    return lines.only(np.isin(lines.customer, having))


def _questions(lines: Transactions, most: int) -> list[tuple[Query, Basket]]:
    """Each of the recent baskets, and what was asked just before it."""
    return [
        (Query(customer=basket.customer, state=before, at=basket.at * 1000, store=basket.store), basket)
        for before, basket in before_recent(lines, most)
    ]


def _examples(asked: list[tuple[Query, Basket]], customers: Sequence[str], model: Model, again: Repeats) -> Examples:
    numbers = {customer: number for number, customer in enumerate(customers)}
    parts = [_described(asked[start : start + AT_ONCE], model, again) for start in range(0, len(asked), AT_ONCE)]
    features, wanted, sizes = (np.concatenate(column) for column in zip(*parts, strict=True))
    return Examples(
        features,
        wanted,
        sizes,
        np.array([len(basket.items) for _, basket in asked]),
        np.array([numbers[basket.customer] for _, basket in asked]),
    )


def _described(
    asked: list[tuple[Query, Basket]], model: Model, again: Repeats
) -> tuple[NDArray[np.float32], NDArray[np.bool_], NDArray[np.int64]]:
    batch, weights = batch_of([query for query, _ in asked], model), cached_weights(model.blend)
    answers = room(len(asked), DEPTH, DEPTH)
    answer(model.shelf, batch, weights, _workspace.pad_for(model.shelf, batch, weights), answers)
    features = features_of(Known(model.shelf, model.keys, again), batch, answers)
    valid = np.arange(DEPTH) < answers.counts[:, None]
    wanted = np.zeros(valid.shape, bool)
    for n, (_, basket) in enumerate(asked):
        bought = [row for row in map(model.row, basket.items) if row >= 0]
        wanted[n] = np.isin(answers.rows[n], bought)
    return features[valid], wanted[valid], answers.counts.astype(np.int64)


_workspace = Workspace()
