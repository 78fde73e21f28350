"""What a worker knows of the partitions it owns: ledgers and decoded states, kept as long as they are proven.

Nobody but the holder of the ledger may write a partition: every commit names the offset it continues from, and
Redis refuses it when another has moved the ledger. So a state read or written here stays true as long as our
commits are accepted, and one refused commit throws all of the partition's memory away.
"""

from collections import OrderedDict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import repeat

from retail.customers import CustomerState
from streams.state import Ledger
from streams.topics.partitions import partition_of


class NotOwned(Exception):
    """A partition was lost while something was being done about it; whoever owns it now will do it."""


@dataclass
class Owned:
    """One partition. states: the most recently changed customers, oldest first. sizes: bytes of their blobs."""

    ledger: Ledger
    states: OrderedDict[str, CustomerState] = field(default_factory=OrderedDict)
    sizes: dict[str, int] = field(default_factory=dict)
    size: int = 0

    def keep(self, states: Mapping[str, CustomerState], blobs: Mapping[str, bytes]) -> None:
        """Of the states those that have a blob."""
        sizes = dict(zip(blobs, map(len, blobs.values()), strict=True))
        self.size += sum(sizes.values()) - sum(map(self.sizes.get, blobs, repeat(0)))
        self.sizes.update(sizes)
        for customer in blobs:
            self.states[customer] = states[customer]
            self.states.move_to_end(customer)

    def shrink(self, limit: int) -> None:
        """limit: bytes."""
        while self.size > limit:
            customer, _ = self.states.popitem(last=False)
            self.size -= self.sizes.pop(customer)


@dataclass
class Ownership:
    """limit: bytes of blobs whose states are kept, over all partitions owned. partitions: how many there are, of all
    workers.
    """

    limit: int
    partitions: int
    _partitions: dict[int, Owned] = field(default_factory=dict)

    def ledger(self, partition: int) -> Ledger | None:
        owned = self._partitions.get(partition)
        return owned.ledger if owned else None

    def taken(self, partition: int) -> Ledger:
        """Of a partition that was taken. Raises NotOwned for any other."""
        return self._owned(partition).ledger

    def took(self, partition: int, ledger: Ledger) -> None:
        self._partitions[partition] = Owned(ledger)

    def forget(self, partitions: Iterable[int]) -> None:
        for partition in partitions:
            self._partitions.pop(partition, None)

    def known(self) -> dict[int, int]:
        """Partition to the next offset to apply."""
        return {partition: owned.ledger.next for partition, owned in self._partitions.items()}

    def is_misplaced(self, partition: int, customer: str) -> bool:
        """Whether the customer belongs to another partition."""
        # As bytes, as it was asked of the record's key: an answer is remembered by what was asked.
        return partition_of(customer.encode(), self.partitions) != partition

    def states(self, partition: int, customers: Sequence[str]) -> dict[str, CustomerState]:
        """Those of the customers that are in memory."""
        kept = self._owned(partition).states
        return {customer: kept[customer] for customer in customers if customer in kept}

    def committed(
        self, partition: int, ledger: Ledger, states: Mapping[str, CustomerState], blobs: Mapping[str, bytes]
    ) -> None:
        """blobs: what was written of some of the states; those are kept."""
        owned = self._owned(partition)
        owned.ledger = ledger
        owned.keep(states, blobs)
        owned.shrink(self.limit // len(self._partitions))

    def _owned(self, partition: int) -> Owned:
        owned = self._partitions.get(partition)
        if owned is None:
            raise NotOwned(f"partition {partition} is not owned")
        return owned
