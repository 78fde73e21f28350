"""What attribution and exploration cost: the token of an answer, what exploring asks more, the fold of what comes back.

CPU microseconds, medians of single calls, over a model of random numbers. `plain` and
`remembering` fold the same cart event, the latter of a customer with a full memory of answers.
"""

import argparse
import time
from collections.abc import Callable

import numpy as np
from msgspec.structs import replace

from benchmarks.report import Figures, show
from benchmarks.shelves import random_arrays
from gateway.attributed import token_of
from recommender.exploration import ExplorationPolicy, Explored, deepened, drawn
from recommender.model import make_model
from recommender.placed import NOWHERE, slate_for
from recommender.recommend import Query
from retail.attribution import unseal
from retail.catalog import Item
from retail.customers import EMPTY, CustomerState, encode_state
from retail.events import Event, ProductAdded, ProductClicked, ProductListViewed
from retail.journey import advance
from retail.policy import JourneyPolicy
from retail.reference import Reference
from tests.shop import common

NOW = 1_750_000_000_000
"""Milliseconds; only differences count."""

ANSWER = "0f" * 16
KEY = b"a shop's secret of some length"
POLICY = JourneyPolicy()


def measure(rounds: int, items: int) -> Figures:
    model = make_model("bench", random_arrays(items=items, factors=32, neighbours=20))
    reference = Reference(items={item: Item(id=item) for item in model.items})
    query = Query(customer="ana", state=EMPTY, at=NOW, limit=10)
    off, on = ExplorationPolicy(), ExplorationPolicy(rate=0.1)

    def explored(policy: ExplorationPolicy) -> Explored:
        return drawn(query, slate_for(deepened(query, policy), NOWHERE, model, reference), policy)

    plain, tried = explored(off), explored(on)
    token = token_of(ANSWER, tried, "madrid", KEY)
    full = _remembering(tried, reference)
    shown = unseal(token, KEY)
    added = ProductAdded(item=shown.items[0], **common(NOW))
    return {
        "token of ten items, characters": len(token_of(ANSWER, plain, "madrid", KEY)),
        "the same with three places explored, characters": len(token),
        "making a token, us": _median(rounds, lambda: token_of(ANSWER, plain, "madrid", KEY)),
        "the same with three places explored, us": _median(rounds, lambda: token_of(ANSWER, tried, "madrid", KEY)),
        "reading a token, us": _median(rounds, lambda: unseal(token, KEY)),
        "a slate of ten without exploration, us": _median(rounds, lambda: slate_for(query, NOWHERE, model, reference)),
        "the same with exploration, us": _median(rounds, lambda: explored(on)),
        "folding an impression, us": _fold(rounds, reference, EMPTY, ProductListViewed(shown=shown, **common(NOW))),
        "folding a click, us": _fold(
            rounds, reference, full, ProductClicked(item=shown.items[3], shown=shown, **common(NOW))
        ),
        "folding a cart event, plain, us": _fold(rounds, reference, EMPTY, added),
        "folding a cart event, remembering, us": _fold(rounds, reference, full, added),
        "memory of four answers, bytes": len(encode_state(full)) - len(encode_state(_without(full))),
    }


def _remembering(tried: Explored, reference: Reference) -> CustomerState:
    state = EMPTY
    for number in range(POLICY.answers + 1):
        shown = unseal(token_of(f"{number:032x}", tried, "", KEY), KEY)
        state = advance(state, ProductListViewed(shown=shown, **common(NOW)), reference, POLICY).state
    return state


def _without(state: CustomerState) -> CustomerState:
    return replace(state, answers=b"")


def _fold(rounds: int, reference: Reference, state: CustomerState, event: Event) -> float:
    return _median(rounds, lambda: advance(state, event, reference, POLICY))


def _median(rounds: int, work: Callable[[], object]) -> float:
    taken = []
    for _ in range(rounds):
        started = time.thread_time_ns()
        work()
        taken.append(time.thread_time_ns() - started)
    return float(np.median(taken)) / 1000


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=5000)
    parser.add_argument("--items", type=int, default=20_000)
    parser.add_argument("--json", action="store_true")
    given = parser.parse_args()
    show("attribution", measure(given.rounds, given.items), as_json=given.json)
