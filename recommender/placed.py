"""A slate for a placement: the customer's state as the recipe sees it, ranked, filtered, selected; pure.

Where a recipe starts from an item, a cart or an order, the customer is asked about as if these were all they had ever
looked at: the same kernels then answer for the page instead of for the person. The filters are always the person's.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from typing import NamedTuple

import msgspec
import numpy as np

from recommender.aisles import Aisles, aisles_of, holds, is_of, popular_rows, unknown_items
from recommender.batch import NO_ROWS, SOURCE_OF_CODE
from recommender.draft import Candidate, Draft
from recommender.filters import at_home, filters_of
from recommender.introduced import home_slates, introduced
from recommender.ladder import Rung, everywhere, fill, reason
from recommender.merchandising import Pin, Steering, any_holds, steering
from recommender.model import Model
from recommender.moved import moved_slates
from recommender.newcomers import among_newcomers
from recommender.outset import outset
from recommender.placements import HOME, RECIPES, Basis, Recipe, Scope
from recommender.policy import DEEPER, BlendPolicy
from recommender.recommend import Query, batch_of, encoded_slates, ranked, wanted
from recommender.refusals import remembering
from recommender.replenishment import Cycles, dated, nearest_first
from recommender.rests import rests_of
from recommender.screen import on_screen
from recommender.selection import Selection, bought_within
from recommender.trending import add_aisle_trends, aisle_of
from recommender.workspace import Workspace
from retail.reference import Reference
from retail.slates import Slate, Source, encode_slate

OFFERED = 300
"""The most popular items of the placement's categories that are candidates for everybody."""

EMPTY_SCOPE = "empty_scope"
"""Nothing in the catalogue is of the category or zone that was asked for."""

MISSING = {Basis.ITEM: "no_item", Basis.CART: "empty_cart", Basis.ORDER: "no_order"}
"""What a slate had nothing of to start from; it then starts from the customer, and says so."""

IMPERSONAL = frozenset(
    {Source.POPULAR, Source.POPULAR_HERE, Source.TRENDING, Source.NEW, Source.CATALOG, Source.PINNED}
)


class Spot(msgspec.Struct, frozen=True):
    """What the page, the till or the shelf knows. item: on the page. cart: ids, in place of the cart we know of; None
    for that one. category: or department. zone: of the query's store, "" for where the customer stands."""

    item: str = ""
    cart: tuple[str, ...] | None = None
    category: str = ""
    zone: str = ""


class Seen(NamedTuple):
    """A query as its recipe sees it. names: categories it is limited to, None for no limit. missing: see MISSING.
    steering: merchandisers' rules that hold here, None for none. cycles: what is bought again when, if asked for."""

    query: Query
    recipe: Recipe
    names: frozenset[str] | None
    missing: str
    steering: Steering | None = None
    cycles: Cycles | None = None


NOWHERE = Spot()


def slate_for(query: Query, spot: Spot, model: Model, reference: Reference) -> Slate:
    """The slate of the query's placement. Raises KeyError where there is no such recipe."""
    if query.placement == HOME:
        rules = steering(reference, HOME, query.store, query.at)
        if rules is None or not rules.moves:
            return home_slates((query,), model, reference)[0]
        [slate] = _homes([(query, rules)], model.blend, model, reference)
        return introduced(slate, query, model, reference)
    if spot.cart is not None:
        query = _with(query, cart=dict.fromkeys(spot.cart, 1))
    query = _in_store(query)
    rules = steering(reference, query.placement, query.store, query.at)
    return _placed(_seen(query, spot, model, reference)._replace(steering=rules), query, spot, model, reference)


def is_plain(query: Query, reference: Reference) -> bool:
    """Whether its slate is the home slate that no merchandiser's rule concerns: `home_slates` makes many at once."""
    return query.placement == HOME and steering(reference, HOME, query.store, query.at) is None


def warm_slates(queries: Sequence[Query], model: Model, reference: Reference) -> list[bytes]:
    """The home slates of a micro-batch, encoded: together in one kernel call, and in another those in which a
    merchandiser's rule pins or moves; without the ranker, as `encoded_slates` tells."""
    times = [query.at for query in queries] if reference.rules else []
    if not times or not any_holds(reference, HOME, min(times), max(times)):
        return encoded_slates(queries, model, reference)
    steered = [steering(reference, HOME, query.store, query.at) for query in queries]
    moved = [rules is not None and rules.moves for rules in steered]
    plain = [query for query, moves in zip(queries, moved, strict=True) if not moves]
    ruled = [(query, rules) for query, rules in zip(queries, steered, strict=True) if rules is not None and rules.moves]
    others = iter(encoded_slates(plain, model, reference))
    slates = iter(_homes(ruled, replace(model.blend, ranked=0), model, reference))
    return [encode_slate(next(slates)) if moves else next(others) for moves in moved]


def _homes(
    ruled: Sequence[tuple[Query, Steering]], blend: BlendPolicy, model: Model, reference: Reference
) -> list[Slate]:
    """Home slates that rules pin or move something in; those that would be short are filled one by one."""
    if not ruled:
        return []
    queries, steered = zip(*ruled, strict=True)
    found = moved_slates(queries, steered, model, reference, blend)
    return [
        _home(*asked, blend, model, reference) if slate is None else slate
        for slate, asked in zip(found, ruled, strict=True)
    ]


def _home(query: Query, rules: Steering, blend: BlendPolicy, model: Model, reference: Reference) -> Slate:
    recipe = replace(RECIPES[HOME], blend=blend)
    return _placed(Seen(query, recipe, None, "", rules), query, NOWHERE, model, reference)


def _placed(seen: Seen, query: Query, spot: Spot, model: Model, reference: Reference) -> Slate:
    """query: as it was asked; its filters count, whatever the recipe starts from."""
    aisles = aisles_of(model, reference) if seen.names is not None or seen.recipe.basis is Basis.ITEM else None
    candidates, known = _candidates(seen, spot, aisles, model, reference)
    draft = _draft(query, seen, spot, model, reference)
    if seen.steering is not None:
        draft.pin(_pins(seen, seen.steering, reference))
    if aisles is not None:
        page = spot.item if seen.recipe.basis is Basis.ITEM else ""
        candidates = among_newcomers(candidates, page, seen.names, model, reference)
    draft.offer(candidates)
    if seen.recipe.fills:
        fill(draft, _rungs(seen, aisles, model, reference))
    draft.settle()
    return Slate(
        customer=query.customer,
        placement=query.placement,
        at=query.at,
        version=query.state.version,
        model=model.version,
        items=tuple(draft.kept if seen.cycles is None else dated(draft.kept, seen.cycles)),
        dropped=tuple(draft.dropped),
        fallback=_fallback(seen, draft, known, model, aisles),
    )


def _with(query: Query, **changes: object) -> Query:
    return msgspec.structs.replace(query, state=msgspec.structs.replace(query.state, **changes))


def _in_store(query: Query) -> Query:
    """A zone is of the store where the customer stands, where no other is named."""
    visit = query.state.visit
    if RECIPES[query.placement].scope is not Scope.ZONE or query.store or visit is None:
        return query
    return msgspec.structs.replace(query, store=visit.store)


def _seen(query: Query, spot: Spot, model: Model, reference: Reference) -> Seen:
    recipe = RECIPES[query.placement]
    names = _names(query, spot, recipe, reference)
    if recipe.basis is Basis.CUSTOMER:
        cycles = Cycles(query.state, reference.items, model) if recipe.replenishes else None
        return Seen(query, recipe, names, "", cycles=cycles)
    past = outset(query, recipe.basis, spot.item, cart_told=bool(spot.cart))
    if not past:
        return Seen(query, recipe, names, MISSING[recipe.basis])
    return Seen(_with(query, history=past, habits=b""), recipe, names, "")


def _names(query: Query, spot: Spot, recipe: Recipe, reference: Reference) -> frozenset[str] | None:
    if recipe.scope is Scope.CATEGORY and spot.category:
        return frozenset({spot.category})
    if recipe.scope is not Scope.ZONE:
        return None
    visit, store = query.state.visit, reference.stores.get(query.store)
    zone = spot.zone or (visit.zone if visit is not None and visit.store == query.store else "")
    if not zone:
        return None
    zones = store.zones if store is not None else ()
    return frozenset(name for one in zones if one.id == zone for name in one.categories)


def _candidates(
    seen: Seen, spot: Spot, aisles: Aisles | None, model: Model, reference: Reference
) -> tuple[Iterator[Candidate], int]:
    """The allowed ones, best first, and how many of the own items the model knows."""
    offered = NO_ROWS
    if aisles is not None:
        offered = np.array(popular_rows(aisles, _near(seen, spot, reference), OFFERED), np.int32)
    batch = batch_of((seen.query,), model, offered)
    places = wanted(seen.query) + DEEPER + len(offered)
    answers = ranked(batch, model, seen.recipe.blend, places, _workspace)
    if seen.names is not None and seen.recipe.trending:
        weights = seen.recipe.trending, seen.recipe.blend.session_gap.total_seconds()
        add_aisle_trends(model, batch, weights, aisle_of(seen.names, model, reference), answers)
    count = int(answers.counts[0])
    columns = (answers.rows, answers.scores.astype(np.float64).round(4), answers.sources, answers.evidence)
    ranking = zip(*(column[0, :count].tolist() for column in columns), strict=True)
    allowed = _allowed(ranking, seen, model, reference)
    if seen.cycles is not None:
        allowed = nearest_first(allowed, seen.cycles, seen.query.at)
    return _steered(allowed, seen.steering), int(answers.known[0])


def _steered(candidates: Iterator[Candidate], rules: Steering | None) -> Iterator[Candidate]:
    if rules is None or not rules.weights:
        return candidates
    weighed = ((item, rules.weighed(item, score), source, own) for item, score, source, own in candidates)
    return iter(sorted(weighed, key=lambda candidate: -candidate[1]))


def _pins(seen: Seen, rules: Steering, reference: Reference) -> Iterator[Pin]:
    """Those of the category or zone, where the placement is limited to one."""
    names = seen.names
    return (pin for pin in rules.pins if names is None or is_of(reference.items.get(pin.item), names))


def _near(seen: Seen, spot: Spot, reference: Reference) -> frozenset[str]:
    """The categories of the placement; of an item its own, so that one that nobody bought yet has company."""
    if seen.names is not None:
        return seen.names
    item = reference.items.get(spot.item)
    return frozenset({item.category}) if item is not None else frozenset()


def _allowed(
    ranking: Iterator[tuple[int, float, int, int]], seen: Seen, model: Model, reference: Reference
) -> Iterator[Candidate]:
    names, sources, known = seen.names, seen.recipe.sources, reference.items.get
    anchored = seen.recipe.basis is not Basis.CUSTOMER and not seen.missing
    for row, score, code, evidence in ranking:
        item, source = model.items[row], SOURCE_OF_CODE[code]
        if names is not None and not is_of(known(item), names):
            continue
        if sources and source not in sources:
            continue
        yield item, score, Source.SIMILAR if anchored and source is Source.TASTE else source, model.names[evidence]


def _draft(query: Query, seen: Seen, spot: Spot, model: Model, reference: Reference) -> Draft:
    screen = spot.item or on_screen(query.state, query.at, model, seen.recipe.blend.in_view)
    filters = filters_of(query.state, reference.items, query.at, query.store, screen)
    bought = bought_within(query.state, seen.recipe, query.at)
    return Draft(
        at_home(filters, query.state, query.at) if query.placement == HOME else remembering(filters, model, reference),
        wanted(query),
        selection=Selection(seen.recipe, reference.items, bought),
        steering=seen.steering,
        rests=rests_of(query.state, seen.steering, query.at),
    )


def _rungs(seen: Seen, aisles: Aisles | None, model: Model, reference: Reference) -> Iterable[Rung]:
    if seen.names is None or aisles is None:
        return everywhere(seen.query.store, model, reference)
    known = map(model.items.__getitem__, popular_rows(aisles, seen.names, 2 * OFFERED))
    return (known, Source.POPULAR), (unknown_items(aisles, sorted(seen.names)), Source.CATALOG)


def _fallback(seen: Seen, draft: Draft, known: int, model: Model, aisles: Aisles | None) -> str:
    """Why it is not what was asked for, "" if it is."""
    if seen.names is not None and aisles is not None and not holds(aisles, seen.names):
        return EMPTY_SCOPE
    if seen.missing:
        return seen.missing
    if any(one.source not in IMPERSONAL for one in draft.kept):
        return ""
    return reason(model, bool(seen.query.state.history or seen.query.state.habits), known)


_workspace = Workspace()
