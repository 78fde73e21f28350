"""The customer's sentence for each recommended item: why it is there, in plain words."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import NamedTuple

from retail.catalog import Item
from retail.reference import Reference
from retail.slates import Due, Recommendation, Source
from retail.stores import Store


class Wording(NamedTuple):
    """plain: by itself. named: where {name} of another item, or of the store, is known."""

    plain: str
    named: str


WORDINGS: Mapping[Source, Wording] = {
    Source.BOUGHT_BEFORE: Wording("You bought this before.", "You bought this before."),
    Source.SEEN_TOGETHER: Wording(
        "Often chosen together with what you looked at.", "Often chosen together with {name}."
    ),
    Source.TASTE: Wording("It fits what you usually choose.", "It fits your taste: you chose {name}."),
    Source.POPULAR_HERE: Wording("Popular in this store.", "Popular in {name}."),
    Source.POPULAR: Wording("Popular with our customers.", "Popular with our customers."),
    Source.SIMILAR_SESSIONS: Wording(
        "Chosen by others who looked at the same.", "Chosen by others who, like you, looked at {name}."
    ),
    Source.FOLLOWED: Wording("What others looked at next.", "What others looked at after {name}."),
    Source.LOOKED_AT: Wording("You looked at this just now.", "You looked at this just now."),
    Source.SIMILAR: Wording("Similar to what you chose.", "Similar to {name}."),
    Source.PINNED: Wording("Chosen for you by our shop.", "Chosen for you by our shop."),
    Source.EXPLORED: Wording("We are trying something new here.", "We are trying something new here."),
    Source.TRENDING: Wording("Many choose it just now.", "Many choose it just now in {name}."),
    Source.NEW: Wording("New in our range.", "New in our range, similar to {name}."),
    Source.CATALOG: Wording("From our range.", "From our range."),
}


MONTHS = (
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
)


def why(recommendation: Recommendation, reference: Reference, store: str = "") -> str:
    """One sentence. store: the store that was asked for, "" for none."""
    if recommendation.due is not None:
        return why_due(recommendation.due)
    wording = WORDINGS[recommendation.source]
    if recommendation.source in (Source.POPULAR_HERE, Source.TRENDING):
        named: Store | Item | None = reference.stores.get(store)
    elif recommendation.because:
        named = reference.items.get(recommendation.because)
    else:
        return wording.plain
    return wording.named.replace("{name}", named.name) if named is not None and named.name else wording.plain


def why_due(due: Due) -> str:
    what = f"something of {due.category}" if due.category else "this"
    often = "every day" if due.every == 1 else f"about every {due.every} days"
    return f"You buy {what} {often}: due about {day_of(due.at)}."


def day_of(at: int) -> str:
    """Day and month in UTC: what is said of it is no surer than a day."""
    moment = datetime.fromtimestamp(at / 1000, UTC)
    return f"{moment.day} {MONTHS[moment.month - 1]}"
