"""The folds of the service channel: contacts, complaints, moods, parcels, returns, and cards at the till.

What is counted is counted in any order; of what was said about one case, one parcel or the mood, the last word by event
time counts.
"""

import msgspec

from retail.changes import Changes, Surroundings
from retail.customers import Care, CustomerState
from retail.events import (
    ComplaintFiled,
    ComplaintResolved,
    LoyaltyCardScanned,
    OrderDelivered,
    OrderShipped,
    ProductReturned,
    SocialMentionHeard,
    SupportContacted,
    SurveyAnswered,
)
from retail.visits import card_scanned

_replace = msgspec.structs.replace


def contacted(state: CustomerState, event: SupportContacted, _around: Surroundings) -> Changes:
    care = state.care
    return _with(care, contacts=care.contacts + 1, contacted_at=max(care.contacted_at, event.at))


def complained(state: CustomerState, event: ComplaintFiled, around: Surroundings) -> Changes:
    return _with(state.care, complaints=_said(state.care.complaints, event.case, event.at, around.policy.cases))


def resolved(state: CustomerState, event: ComplaintResolved, around: Surroundings) -> Changes:
    return _with(state.care, complaints=_said(state.care.complaints, event.case, -event.at, around.policy.cases))


def shipped(state: CustomerState, event: OrderShipped, around: Surroundings) -> Changes:
    return _with(state.care, parcels=_said(state.care.parcels, event.order, event.at, around.policy.cases))


def delivered(state: CustomerState, event: OrderDelivered, around: Surroundings) -> Changes:
    return _with(state.care, parcels=_said(state.care.parcels, event.order, -event.at, around.policy.cases))


def answered(state: CustomerState, event: SurveyAnswered, _around: Surroundings) -> Changes:
    return _in_mood(state.care, event.mood, event.at)


def mentioned(state: CustomerState, event: SocialMentionHeard, _around: Surroundings) -> Changes:
    return {} if event.mood is None else _in_mood(state.care, event.mood, event.at)


def returned(state: CustomerState, event: ProductReturned, around: Surroundings) -> Changes:
    care, units = state.care, min(max(event.quantity, 1), around.policy.quantity)
    return _with(care, returns=care.returns + units, returned_at=max(care.returned_at, event.at))


def scanned(state: CustomerState, event: LoyaltyCardScanned, around: Surroundings) -> Changes:
    """Whose card is scanned is in the store."""
    changes = card_scanned(state, event, around)
    changes.update(_with(state.care, scanned_at=max(state.care.scanned_at, event.at)))
    return changes


def united(one: Care, other: Care, limit: int) -> Care:
    """Of two profiles of one customer. limit: cases kept of a kind, the settled and the oldest going first."""
    mood = max(one, other, key=lambda care: (care.mood_at, -care.mood))
    return Care(
        contacts=one.contacts + other.contacts,
        contacted_at=max(one.contacted_at, other.contacted_at),
        complaints=_all_said(one.complaints, other.complaints, limit),
        parcels=_all_said(one.parcels, other.parcels, limit),
        mood=mood.mood,
        mood_at=mood.mood_at,
        returns=one.returns + other.returns,
        returned_at=max(one.returned_at, other.returned_at),
        scanned_at=max(one.scanned_at, other.scanned_at),
    )


def complains_since(care: Care) -> int:
    """When the oldest complaint that is not settled was filed, milliseconds; 0 where there is none."""
    return min((at for at in care.complaints.values() if at > 0), default=0)


def _with(care: Care, **changes: object) -> Changes:
    return {"care": _replace(care, **changes)}


def _in_mood(care: Care, mood: int, at: int) -> Changes:
    """Of two moods of one millisecond the worse: nobody is to be upset by a coin that was tossed."""
    if (at, -mood) <= (care.mood_at, -care.mood):
        return {}
    return _with(care, mood=mood, mood_at=at)


def _all_said(cases: dict[str, int], more: dict[str, int], limit: int) -> dict[str, int]:
    for case in sorted(more):
        cases = _said(cases, case, more[case], limit)
    return dict(sorted(cases.items()))


def _said(cases: dict[str, int], case: str, at: int, limit: int) -> dict[str, int]:
    """at: below 0 where the case is settled; of two words of one millisecond that one counts."""
    known = cases.get(case)
    if known is not None and (abs(known), known < 0) >= (abs(at), at < 0):
        return cases
    said = {**cases, case: at}
    while len(said) > limit:
        del said[min(said, key=lambda name: (said[name] > 0, abs(said[name]), name))]
    return said
