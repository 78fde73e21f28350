import pytest

from recommender import serving as module
from recommender.model import Model, make_model
from recommender.placed import Spot, slate_for, warm_slates
from recommender.recommend import Query
from recommender.rollout import Kind, Trial
from recommender.serving import Serving, Tried, served_slates
from retail import history
from retail.catalog import item_key
from retail.customers import CustomerState, Interaction
from retail.events import Channel
from retail.reference import Reference
from retail.slates import decode_slate
from tests.shop import NOON
from tests.unit.recommender.shelves import random_arrays

OLD, NEW = make_model("old", random_arrays(seed=1)), make_model("new", random_arrays(seed=2))


def who_viewed(item: str) -> CustomerState:
    return CustomerState(history=history.pack(item_key(item), NOON // 1000, Interaction.VIEWED, Channel.WEB))


QUERIES = [Query(customer=f"customer-{number}", state=who_viewed(f"i{number % 12}"), at=NOON) for number in range(40)]


def trying(kind: Kind, share: float = 50.0) -> Serving:
    return Serving(OLD, Tried(Trial("new", kind, share), NEW))


def test_a_micro_batch_is_answered_by_each_customers_own_model() -> None:
    serving, reference = trying(Kind.CANDIDATE), Reference()
    slates = served_slates(QUERIES, serving, reference)
    assert slates == [warm_slates([query], serving.of(query.customer), reference)[0] for query in QUERIES]
    assert {decode_slate(slate).model for slate in slates} == {"old", "new"}


def test_a_customer_has_the_same_model_in_warm_slates_and_in_answers() -> None:
    serving, reference = trying(Kind.CANDIDATE), Reference()
    for query, slate in zip(QUERIES, served_slates(QUERIES, serving, reference), strict=True):
        answer = slate_for(query, Spot(), serving.of(query.customer), reference)
        assert answer.model == decode_slate(slate).model


@pytest.mark.parametrize("serving", [Serving(OLD), trying(Kind.SHADOW)], ids=["nothing tried", "a shadow"])
def test_without_a_candidate_nobody_is_asked_for_their_share(serving: Serving, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[tuple[int, Model]] = []
    slates = warm_slates(QUERIES, OLD, Reference())

    def counted(queries: list[Query], model: Model, reference: Reference) -> list[bytes]:
        asked.append((len(queries), model))
        return slates

    monkeypatch.setattr(module, "warm_slates", counted)
    monkeypatch.setattr(Trial, "includes", lambda *_: pytest.fail("a hash per customer, for nothing"))
    assert served_slates(QUERIES, serving, Reference()) is slates
    assert asked == [(len(QUERIES), OLD)]


def test_a_candidate_for_nobody_of_this_batch_costs_no_second_batch() -> None:
    serving = trying(Kind.CANDIDATE, share=1e-9)
    assert served_slates(QUERIES, serving, Reference()) == warm_slates(QUERIES, OLD, Reference())
