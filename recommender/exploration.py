"""Exploration: some places of a slate are left to chance, with known probabilities, so that policies can be compared.

Epsilon-greedy with the randomness passed in: the same customer, hour and placement draw alike, whichever process
answers. Each place has alternatives of its own, the next of the ranking that passed every filter, so the draws are
independent and each item's probability is exact. Source: Langford and Zhang, "The Epoch-Greedy Algorithm", 2007; that
the probabilities must be logged: Bottou et al., "Counterfactual Reasoning and Learning Systems", 2013.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import blake2b
from typing import NamedTuple

import msgspec

from recommender.recommend import Query, wanted
from retail.attribution import Draw
from retail.slates import Recommendation, Slate, Source

HOUR = 3_600_000
"""Milliseconds in which a customer sees the same draws: a page that is loaded again must not flicker."""


@dataclass(frozen=True)
class ExplorationPolicy:
    """rate: probability that a place shows an alternative; 0 explores nothing. A shop decides what it is worth.

    places: from 0; those that few look at (the eighth to tenth), so that a wrong guess costs little.
    alternatives: of each place; more would learn about more items, and more slowly about each.
    """

    rate: float = 0.0
    places: tuple[int, ...] = (7, 8, 9)
    alternatives: int = 4


class Explored(NamedTuple):
    """draws: of the places that were left to chance, in order."""

    slate: Slate
    draws: tuple[Draw, ...] = ()


def deepened(query: Query, policy: ExplorationPolicy) -> Query:
    """The query whose slate has room for the alternatives, too."""
    limit = wanted(query)
    places = _places(limit, policy)
    return msgspec.structs.replace(query, limit=limit + len(places) * policy.alternatives) if places else query


def drawn(query: Query, slate: Slate, policy: ExplorationPolicy) -> Explored:
    """slate: of the `deepened` query. One too short for alternatives is the ranked one."""
    limit = wanted(query)
    places = _places(limit, policy)
    if not places:
        return Explored(slate)
    draws = _draws(slate.items, limit, places, policy)
    items = list(slate.items[:limit])
    for draw, (whether, which) in zip(draws, _chances(query, len(draws)), strict=True):
        if whether < draw.rate:
            items[draw.place] = _alternative(draw, which, slate.items[limit:])
    return Explored(msgspec.structs.replace(slate, items=tuple(items)), draws)


def _places(limit: int, policy: ExplorationPolicy) -> list[int]:
    """Those that may be left to chance, of a slate of `limit` items."""
    return [place for place in policy.places if place < limit] if policy.rate > 0.0 else []


def _draws(
    ranking: Sequence[Recommendation], limit: int, places: Sequence[int], policy: ExplorationPolicy
) -> tuple[Draw, ...]:
    """The alternatives are dealt in turn, so that each place has some of the better ones."""
    pool = [one.item for one in ranking[limit : limit + len(places) * policy.alternatives]]
    dealt = ((place, pool[number :: len(places)]) for number, place in enumerate(places))
    return tuple(Draw(place, (ranking[place].item, *others), policy.rate) for place, others in dealt if others)


def _alternative(draw: Draw, which: float, pool: Sequence[Recommendation]) -> Recommendation:
    item = draw.items[1 + int(which * (len(draw.items) - 1))]
    score = next(one.score for one in pool if one.item == item)
    return Recommendation(item, score, Source.EXPLORED)


def _chances(query: Query, count: int) -> list[tuple[float, float]]:
    """`count` pairs of numbers, uniform in [0, 1): whether to explore, and what."""
    occasion = f"{query.customer}\x00{query.at // HOUR}\x00{query.placement}".encode()
    return [(_uniform(occasion, 2 * number), _uniform(occasion, 2 * number + 1)) for number in range(count)]


def _uniform(occasion: bytes, number: int) -> float:
    """53 bits, so that the largest stays below 1."""
    digest = blake2b(occasion, digest_size=8, salt=number.to_bytes(8, "little")).digest()
    return (int.from_bytes(digest, "little") >> 11) / float(1 << 53)
