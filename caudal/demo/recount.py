"""The recount: what was sent, by the sender's journal, against what the customers' states hold in Redis."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from caudal.demo.journal import Journal, Sent
from caudal.demo.tally import Tally
from retail.customers import EMPTY, CustomerState, decode_state
from retail.messages import mark_of, remembers
from retail.policy import JourneyPolicy
from streams.state import State
from streams.topics.partitions import partition_of

PAGE = 500
"""Customers read at once."""


@dataclass(frozen=True)
class Recount:
    """events: sent and accepted, each once. applied: of them, found in a state. doubled: found more often than sent."""

    events: int
    applied: int
    lost: int
    doubled: int
    rejected: int


@dataclass(frozen=True)
class Difference:
    """Of one customer."""

    lost: int
    doubled: int


async def states_of(customers: Iterable[str], state: State, partitions: int) -> dict[str, CustomerState]:
    """Raises StateUnavailable."""
    by_partition: defaultdict[int, list[str]] = defaultdict(list)
    for customer in customers:
        by_partition[partition_of(customer, partitions)].append(customer)
    found: dict[str, CustomerState] = {}
    for partition, names in by_partition.items():
        for first in range(0, len(names), PAGE):
            page = names[first : first + PAGE]
            blobs = await state.states(partition, page)
            found |= {name: decode_state(blob) if blob else EMPTY for name, blob in zip(page, blobs, strict=True)}
    return found


def recount(
    journal: Journal, tally: Tally, before: Mapping[str, CustomerState], after: Mapping[str, CustomerState]
) -> Recount:
    """before, after: the states when the demo began, and now."""
    lost = doubled = rejected = 0
    for customer, sent in journal.customers.items():
        refused = tally.rejected.get(customer, set()).intersection(sent.messages)
        wanted = Sent([message for message in sent.messages if message not in refused], sent.orders)
        reports = len(tally.reports.get(customer, ()))
        found = difference(wanted, reports, before.get(customer, EMPTY), after.get(customer, EMPTY))
        lost, doubled, rejected = lost + found.lost, doubled + found.doubled, rejected + len(refused)
    return Recount(journal.events, journal.events - lost - rejected, lost, doubled, rejected)


def difference(sent: Sent, reports: int, before: CustomerState, after: CustomerState) -> Difference:
    """reports: delivery reports that came back as this customer's events.

    Ids count where the state still remembers them all; so one that is lost is not hidden by another that is doubled.
    """
    applied = after.version - before.version - reports
    if len(sent.messages) + reports <= JourneyPolicy().message_limit:
        missing = sum(not remembers(after.messages, mark_of(message)) for message in sent.messages)
    else:
        missing = max(0, len(sent.messages) - applied)
    orders = after.orders - before.orders - sent.orders
    lost = max(missing, len(sent.messages) - applied, -orders, 0)
    return Difference(lost, max(applied - (len(sent.messages) - missing), orders, 0))
