"""The recommendation decision: a customer's state and a model in, a slate with reasons out."""

from collections.abc import Sequence

import msgspec

from recommender.model import Model
from retail.customers import CustomerState
from retail.reference import Reference
from retail.slates import Slate


class Query(msgspec.Struct, frozen=True, kw_only=True):
    """Who asks, where and when. store: "" outside stores. at: milliseconds. limit: items wanted, 1 to 100."""

    customer: str
    state: CustomerState
    at: int
    placement: str = "home"
    store: str = ""
    limit: int = 20


def recommend_many(queries: Sequence[Query], model: Model, reference: Reference) -> list[Slate]:
    """One slate per query, computed together in one kernel call. Never raises for want of data:
    an unknown customer or an empty model gives a slate that says what it fell back to."""
    raise NotImplementedError


def recommend(query: Query, model: Model, reference: Reference) -> Slate:
    return recommend_many((query,), model, reference)[0]
