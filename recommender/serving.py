"""Models side by side: the one that serves, and one that is tried on a share of the customers or in shadow; pure."""

from collections.abc import Sequence
from dataclasses import dataclass

from recommender.model import Model
from recommender.placed import warm_slates
from recommender.recommend import Query
from recommender.rollout import Kind, Trial
from retail.reference import Reference


@dataclass(frozen=True, eq=False)
class Tried:
    """The model of a trial."""

    trial: Trial
    model: Model


@dataclass(frozen=True, eq=False)
class Serving:
    """Whoever decides takes it once and keeps it for that decision. tried: None where nothing is."""

    current: Model
    tried: Tried | None = None

    @property
    def models(self) -> tuple[Model, ...]:
        return (self.current,) if self.tried is None else (self.current, self.tried.model)

    @property
    def shadow(self) -> Tried | None:
        tried = self.tried
        return tried if tried is not None and tried.trial.kind is Kind.SHADOW else None

    def of(self, customer: str) -> Model:
        """The one that answers this customer, the same in every process."""
        tried = self.tried
        if tried is None or tried.trial.kind is not Kind.CANDIDATE or not tried.trial.includes(customer):
            return self.current
        return tried.model


def served_slates(queries: Sequence[Query], serving: Serving, reference: Reference) -> list[bytes]:
    """As `warm_slates`, each by the model of its customer: without a candidate one batch, with one two."""
    if serving.tried is None or serving.shadow is not None:
        return warm_slates(queries, serving.current, reference)
    models = [serving.of(query.customer) for query in queries]
    slates = {}
    for model in serving.models:
        theirs = [query for query, by in zip(queries, models, strict=True) if by is model]
        slates[model] = iter(warm_slates(theirs, model, reference))
    return [next(slates[model]) for model in models]
