"""One slate explained: why each item is there, and what was left out by which rule."""

import msgspec

from caudal.text import printable
from gateway.sentences import day_of, why
from recommender.merchandising import starving
from recommender.model import Model
from recommender.placed import Spot, slate_for
from recommender.recommend import Query, wanted
from recommender.replenishment import Cycles
from retail.reference import Reference
from retail.slates import Due, Slate, Source


class ExplainedItem(msgspec.Struct, frozen=True):
    """evidence: the item of the customer's own, of the cart or of the page that led to it, "" for none.
    why: what the customer is told. rule: of a merchandiser, that pinned, boosted or buried it, "" for none. due: when
    it is needed again, where the placement tells."""

    item: str
    name: str
    score: float
    source: Source
    evidence: str
    why: str
    rule: str
    due: Due | None = None


class LeftOut(msgspec.Struct, frozen=True):
    """rule: the reason for which it was dropped."""

    item: str
    name: str
    rule: str


class Explained(msgspec.Struct, frozen=True):
    """asked: the identifier. version: of the customer's state, 0 where nobody is known under it. at: milliseconds.
    fallback: why it is not personal, "" if it is. dropped: of the candidates that ranked high enough.
    starving: merchandisers' rules for which there are fewer items than asked for. due: categories that the customer
    buys again and again, the next first."""

    asked: str
    customer: str
    version: int
    placement: str
    store: str
    at: int
    model: str
    fallback: str
    items: list[ExplainedItem]
    dropped: list[LeftOut]
    starving: tuple[str, ...] = ()
    due: tuple[Due, ...] = ()


def explain(asked: str, query: Query, spot: Spot, model: Model, reference: Reference) -> Explained:
    """The very slate that the gateway would answer at the query's time. Raises KeyError on an unknown placement."""
    slate = slate_for(query, spot, model, reference)
    return Explained(
        asked=asked,
        customer=query.customer,
        version=slate.version,
        placement=slate.placement,
        store=query.store,
        at=query.at,
        model=slate.model,
        fallback=slate.fallback,
        items=_items(slate, reference, query.store),
        dropped=[LeftOut(one.item, _name(one.item, reference), one.reason) for one in slate.dropped],
        starving=starving(slate, wanted(query)),
        due=tuple(Cycles(query.state, reference.items, model).categories_due()),
    )


def readable(told: Explained) -> str:
    """For a terminal: a line an item, then a line for what each rule left out."""
    where = f" in {printable(told.store)}" if told.store else ""
    customer = f"customer {printable(told.customer)} · {told.version:,} events"
    lines = [f"{customer} · {told.placement}{where} · model {told.model or 'none'}"]
    if told.fallback:
        lines.append(f"not what was asked for: {told.fallback}")
    for place, one in enumerate(told.items, start=1):
        evidence = f" from {printable(one.evidence)}" if one.evidence else ""
        lines.append(
            f"{place:3} {one.score:8.4f} {_shown(one.item, one.name)} · {one.source}{evidence} · {printable(one.why)}"
            + (f" · by rule {printable(one.rule)}" if one.rule else "")
        )
    if told.starving:
        lines.append(f"fewer than asked for, since rules exclude some: {', '.join(map(printable, told.starving))}")
    lines += [_due(one) for one in told.due]
    lines.append(f"dropped {len(told.dropped)}")
    lines += [f"    {printable(out.rule)}: {_shown(out.item, out.name)}" for out in told.dropped]
    return "\n".join(lines)


def _items(slate: Slate, reference: Reference, store: str) -> list[ExplainedItem]:
    return [
        ExplainedItem(
            one.item,
            _name(one.item, reference),
            one.score,
            one.source,
            one.because,
            why(one, reference, store),
            one.rule,
            one.due,
        )
        for one in slate.items
    ]


def _due(due: Due) -> str:
    times = f"{due.times} purchases, one in {due.every} days"
    return f"due about {day_of(due.at)}: {printable(due.category)} ({times})"


def _name(item: str, reference: Reference) -> str:
    known = reference.items.get(item)
    return known.name if known else ""


def _shown(item: str, name: str) -> str:
    return f"{printable(item)} ({printable(name)})" if name else printable(item)
