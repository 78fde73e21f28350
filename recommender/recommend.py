"""The recommendation decision: a customer's state and a model in, a slate with reasons out."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from typing import NamedTuple

import msgspec
import numpy as np
from numpy.typing import NDArray

from recommender.batch import NO_ROWS, PERSONAL, POPULAR, SOURCE_OF_CODE, Answers, Batch, room
from recommender.draft import Draft
from recommender.exclusions import excluded, exclusions_at
from recommender.filters import Filters, at_home, filters_of
from recommender.kernel import answer
from recommender.ladder import everywhere, fill, reason
from recommender.model import Model
from recommender.placements import HOME
from recommender.policy import DEEPER, BlendPolicy
from recommender.rank_trees import best, rerank
from recommender.records import HABIT, INTERACTION, pack
from recommender.rests import rests_of
from recommender.screen import on_screen
from recommender.sessions import add_sessions
from recommender.sieve import Left, Ranked, Sieve, Sifted, cart_keys, left_over, sift
from recommender.slate_text import write_slates
from recommender.stock import CODES, Stock, stock_of
from recommender.straight import straight
from recommender.trending import add_trends
from recommender.workspace import Workspace
from retail.customers import CustomerState
from retail.reference import Reference
from retail.slates import Dropped, Recommendation, Slate, encode_slate

LIMITS = range(1, 101)
"""Items that may be asked for; more or fewer are taken as the nearest."""


class Query(msgspec.Struct, frozen=True, kw_only=True):
    """Who asks, where and when. store: "" outside stores. at: milliseconds. limit: items wanted, 1 to 100."""

    customer: str
    state: CustomerState
    at: int
    placement: str = "home"
    store: str = ""
    limit: int = 20


class Choice(NamedTuple):
    """One customer's part. items: kept. dropped: left out. personal: whether one starts from their own history.
    known: own items that the model knows."""

    items: tuple[Recommendation, ...]
    dropped: tuple[Dropped, ...]
    personal: bool
    known: int


def recommend_many(
    queries: Sequence[Query], model: Model, reference: Reference, policy: BlendPolicy | None = None
) -> list[Slate]:
    """One slate per query, computed together in one kernel call. policy: where none is given, the model's own.

    Never raises for want of data: an unknown customer or an empty model gives a slate that
    says what it fell back to.
    """
    if not queries:
        return []
    policy = policy or model.blend
    sifted = _answer(queries, model, reference, policy)
    slates: list[Slate] = []
    for choice, query in zip(choices(sifted, model), queries, strict=True):
        if len(choice.items) < wanted(query):
            choice = _filled(choice, query, model, reference, policy)
        slates.append(slate_of(choice, query, model))
    return slates


def recommend(query: Query, model: Model, reference: Reference, policy: BlendPolicy | None = None) -> Slate:
    return recommend_many((query,), model, reference, policy)[0]


def encoded_slates(
    queries: Sequence[Query], model: Model, reference: Reference, policy: BlendPolicy | None = None
) -> list[bytes]:
    """What `encode_slate` makes of `recommend_many`'s answer, byte for byte, without an object an item.

    policy: where none is given, the model's own without its ranker, which costs as much as all the rest: the slates of
    a micro-batch are kept warm for the case that nobody can decide anew.
    """
    if not queries:
        return []
    policy = policy or replace(model.blend, ranked=0)
    sifted = _answer(queries, model, reference, policy)
    bodies, own, known = write_slates(model.texts, *sifted), _personal(sifted.kept), sifted.kept.known.tolist()
    texts = [_text(*part, model) for part in zip(queries, bodies, own, known, strict=True)]
    counts = sifted.kept.counts.tolist()
    short = [n for n, query in enumerate(queries) if counts[n] < wanted(query)]
    for n, choice in zip(short, choices(_those(sifted, short), model) if short else (), strict=True):
        filled = _filled(choice, queries[n], model, reference, policy)
        texts[n] = encode_slate(slate_of(filled, queries[n], model))
    return texts


def ranking(queries: Sequence[Query], model: Model, policy: BlendPolicy) -> Answers:
    """The ranking behind the slates of an unknown shop, without a slate: for judging many variants."""
    return _answer(queries, model, Reference(), policy).kept


def batch_of(queries: Sequence[Query], model: Model, offered: NDArray[np.int32] = NO_ROWS) -> Batch:
    """offered: (N,) item rows that are candidates of every customer."""
    habits = pack([query.state.habits for query in queries], HABIT)
    history = pack([query.state.history for query in queries], INTERACTION)
    return Batch(
        habits=habits.records,
        habit_starts=habits.starts,
        history=history.records,
        history_starts=history.starts,
        at=np.array([query.at // 1000 for query in queries], np.int64),
        store=np.array([model.stores.get(query.store, -1) for query in queries], np.int32),
        offered=offered,
    )


def ranked(batch: Batch, model: Model, policy: BlendPolicy, places: int, workspace: Workspace) -> Answers:
    """The `places` best candidates of each customer, of which nothing is left out yet; parts are of no use any more."""
    weights, ranker = workspace.weights_for(policy), model.ranker if policy.ranked else None
    deep = places if ranker is None else max(places, policy.ranked)
    answers = room(len(batch.at), deep, 0 if ranker is None else deep)
    _answer_all(model.shelf, batch, weights, workspace.pad_for(model.shelf, batch, weights), answers)
    if ranker is not None:
        counts = np.minimum(answers.counts, np.int32(policy.ranked))
        known = workspace.known_for(model.shelf, model.keys, ranker.repeats)
        rerank(known, ranker.trees, batch, answers._replace(counts=counts))
        answers = answers if deep == places else best(answers, places)
    add_sessions(model, batch, policy, answers)
    add_trends(model, batch, policy, answers)
    return answers


def _answer(queries: Sequence[Query], model: Model, reference: Reference, policy: BlendPolicy) -> Sifted:
    batch = batch_of(queries, model)
    limits = [wanted(query) for query in queries]
    answers = ranked(batch, model, policy, max(limits) + policy.spare, _workspace)
    return sifted(queries, Ranked(batch, answers, limits), model, reference, policy)


def sifted(queries: Sequence[Query], found: Ranked, model: Model, reference: Reference, policy: BlendPolicy) -> Sifted:
    """What may be shown of it, and what may not."""
    batch, answers, limits = found
    left = left_over(*answers.rows.shape)
    carts, cart_starts = cart_keys([query.state.cart for query in queries])
    stock, gone = stock_of(model, reference), excluded(queries, answers, model, reference)
    sieve = Sieve(
        stock=stock.codes,
        personal=_personal_codes(queries, answers, stock, reference),
        excluded=gone.codes,
        rests=gone.rests,
        keys=model.keys,
        limits=np.array(limits, np.int32),
        carts=carts,
        cart_starts=cart_starts,
        in_view=policy.in_view.total_seconds(),
    )
    _sift(batch, sieve, answers, left)
    return Sifted(answers, left, gone.reasons)


def _personal_codes(
    queries: Sequence[Query], answers: Answers, stock: Stock, reference: Reference
) -> NDArray[np.uint8]:
    """(Q, k) codes of the candidates that depend on who asks: all of a household with an allergen or a diet and of who
    waved something away, and of everybody those with an age limit or a stock by store. Usually few, so that each is
    looked at by itself."""
    codes = np.zeros(answers.rows.shape, np.uint8)
    choosy = [n for n, query in enumerate(queries) if _is_choosy(query.state)]
    if not stock.items or not (choosy or stock.any_conditional):
        return codes
    valid = np.arange(answers.rows.shape[1]) < answers.counts[:, None]
    asked = stock.conditional[np.where(valid, answers.rows, 0)] & valid
    asked[choosy] = valid[choosy]
    for n in np.flatnonzero(asked.any(axis=1)).tolist():
        query = queries[n]
        refusal = _filters(query, reference).refusal
        for place in np.flatnonzero(asked[n]).tolist():
            codes[n, place] = CODES[refusal(stock.items[answers.rows[n, place]])]
    return codes


def _filters(query: Query, reference: Reference, screen: str = "") -> Filters:
    filters = filters_of(query.state, reference.items, query.at, query.store, screen)
    return at_home(filters, query.state, query.at) if query.placement == HOME else filters


def _is_choosy(state: CustomerState) -> bool:
    return bool(state.household.allergens or state.household.diets or state.shared or state.dismissed)


def wanted(query: Query) -> int:
    """Items of the slate at most."""
    return min(max(query.limit, LIMITS[0]), LIMITS[-1])


def choices(sifted: Sifted, model: Model) -> Iterator[Choice]:
    """Plain Python values, converted for the whole batch at once."""
    kept, left, reasons = sifted
    counts, counts_left = kept.counts.tolist(), left.counts.tolist()
    most, most_left = max(counts), max(counts_left)
    lists = (
        kept.rows[:, :most].tolist(),
        kept.scores[:, :most].astype(np.float64).round(4).tolist(),
        kept.sources[:, :most].tolist(),
        kept.evidence[:, :most].tolist(),
        counts,
        kept.known.tolist(),
        left.rows[:, :most_left].tolist(),
        left.codes[:, :most_left].tolist(),
        counts_left,
    )
    item_of, source_of, reason_of = model.names.__getitem__, SOURCE_OF_CODE.__getitem__, reasons.__getitem__
    for rows, scores, sources, evidence, count, known, out, codes, gone in zip(*lists, strict=True):
        items = map(item_of, rows[:count])
        yield Choice(
            tuple(map(Recommendation, items, scores, map(source_of, sources), map(item_of, evidence))),
            tuple(map(Dropped, map(item_of, out[:gone]), map(reason_of, codes))) if gone else (),
            any(map(_IS_PERSONAL, sources[:count])),
            known,
        )


def _filled(choice: Choice, query: Query, model: Model, reference: Reference, policy: BlendPolicy) -> Choice:
    """What comes deeper in the ranking, where rules exclude much of it; then the fallback ladder adds to it. What that
    adds is nobody's own."""
    rules = exclusions_at(query, reference)
    if rules is not None:
        deeper = replace(policy, spare=DEEPER)
        choice = next(choices(_answer((query,), model, reference, deeper), model))
    screen = on_screen(query.state, query.at, model, policy.in_view)
    filters = _filters(query, reference, screen)
    draft = Draft(filters, wanted(query), list(choice.items), list(choice.dropped), steering=rules)
    draft.rests = rests_of(query.state, rules, query.at)
    fill(draft, everywhere(query.store, model, reference))
    return choice._replace(items=tuple(draft.kept), dropped=tuple(draft.dropped))


def _those(sifted: Sifted, customers: Sequence[int]) -> Sifted:
    """The answers of some of the customers."""
    kept, left = ([array[customers] for array in part] for part in sifted[:2])
    return Sifted(Answers._make(kept), Left._make(left), sifted.reasons)


def _personal(kept: Answers) -> list[bool]:
    """Per customer whether an item starts from their own history."""
    valid = np.arange(kept.sources.shape[1]) < kept.counts[:, None]
    own: list[bool] = np.any(PERSONAL[np.where(valid, kept.sources, POPULAR)], axis=1).tolist()
    return own


def _text(query: Query, body: bytes, personal: bool, known: int, model: Model) -> bytes:
    """A slate as `encode_slate` writes it. body: of `write_slates`."""
    fallback = "" if personal else _fallback(query, known, model)
    return b'{"customer":%b,"placement":%b,"at":%d,"version":%d,"model":%b,%b%b' % (
        _encode(query.customer),
        _encode(query.placement),
        query.at,
        query.state.version,
        _encode(model.version),
        body,
        b',"fallback":%b}' % _encode(fallback) if fallback else b"}",
    )


def _fallback(query: Query, known: int, model: Model) -> str:
    return reason(model, bool(query.state.history or query.state.habits), known)


def slate_of(choice: Choice, query: Query, model: Model) -> Slate:
    return Slate(
        customer=query.customer,
        placement=query.placement,
        at=query.at,
        version=query.state.version,
        model=model.version,
        items=choice.items,
        dropped=choice.dropped,
        fallback="" if choice.personal else _fallback(query, choice.known, model),
    )


_workspace = Workspace()
_answer_all, _sift = straight(answer, 0, 2), straight(sift)
_IS_PERSONAL: Callable[[int], bool] = PERSONAL.tolist().__getitem__
_encode = msgspec.json.Encoder().encode
