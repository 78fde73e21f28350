"""The pushes a customer is remembered by, and what became of each."""

from collections.abc import Iterator

import msgspec

from retail.changes import Changes, Surroundings
from retail.customers import CustomerState, SentPush
from retail.decisions import Push
from retail.events import DeliveryReported, DeliveryStatus
from retail.policy import JourneyPolicy

_RANK = {
    DeliveryStatus.WITHHELD: 1,
    DeliveryStatus.SENT: 2,
    DeliveryStatus.FAILED: 3,
    DeliveryStatus.OPENED: 4,
    DeliveryStatus.DISMISSED: 5,
    DeliveryStatus.REDEEMED: 6,
}
"""Reports overtake each other, and a push that is relayed again after a disaster is judged again; the report that says
more stays. What was sent once was not withheld; who opened a push has seen it, whatever we believed."""

_UNSEEN = frozenset({DeliveryStatus.FAILED, DeliveryStatus.WITHHELD})


def pushes_with(state: CustomerState, push: Push, policy: JourneyPolicy) -> tuple[SentPush, ...]:
    """Each decision once; of more than `policy.pushes` the oldest go."""
    if any(sent.decision == push.id for sent in state.pushes):
        return state.pushes
    sent = SentPush(push.id, push.offer, push.visit, push.at, DeliveryStatus.SENT, push.at)
    return (*state.pushes, sent)[-policy.pushes :]


def reported(state: CustomerState, event: DeliveryReported, _: Surroundings) -> Changes:
    """A report about a push that is no longer remembered changes nothing."""
    for place, sent in enumerate(state.pushes):
        if sent.decision == event.decision and (not sent.told or _RANK[event.status] > _RANK[sent.status]):
            changed = msgspec.structs.replace(sent, status=event.status, since=event.at, told=True)
            return {"pushes": (*state.pushes[:place], changed, *state.pushes[place + 1 :])}
    return {}


def united_pushes(
    one: tuple[SentPush, ...], other: tuple[SentPush, ...], policy: JourneyPolicy
) -> tuple[SentPush, ...]:
    """Each decision once, with what says most of it; the newest `policy.pushes`."""
    known: dict[str, SentPush] = {}
    for sent in (*one, *other):
        before = known.get(sent.decision)
        if before is None or _said(sent) > _said(before):
            known[sent.decision] = sent
    return tuple(sorted(known.values(), key=lambda sent: (sent.at, sent.decision)))[-policy.pushes :]


def _said(sent: SentPush) -> tuple[bool, int, int]:
    return sent.told, _RANK[sent.status], sent.since


def seen_pushes(state: CustomerState) -> Iterator[SentPush]:
    """Those that reached the customer, or still may: what caps and "once per visit" count."""
    return (sent for sent in state.pushes if sent.status not in _UNSEEN)
