"""State and views in the memory of this process, for tests: both ports, the same promises, no server."""

from collections import OrderedDict, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field

from streams.state import Commit, Committed, InboxMessage, Ledger, OutboxEntry, StateUnavailable
from streams.state.listeners import InboxListener, Listeners
from streams.state.message_ids import parse_message_id


@dataclass
class Inbox:
    """messages: the newest, bounded. decisions: of all that were ever there."""

    messages: OrderedDict[str, InboxMessage] = field(default_factory=OrderedDict)
    decisions: set[str] = field(default_factory=set)
    posted: int = 0


@dataclass
class Partition:
    ledger: Ledger = field(default_factory=Ledger)
    states: dict[str, bytes] = field(default_factory=dict)
    slates: dict[str, bytes] = field(default_factory=dict)
    outbox: OrderedDict[str, OutboxEntry] = field(default_factory=OrderedDict)
    inboxes: defaultdict[str, Inbox] = field(default_factory=lambda: defaultdict(Inbox))
    entries: int = 0
    due: dict[str, int] = field(default_factory=dict)


class MemoryState:
    """Both ports. down: while True every call raises StateUnavailable, as with a Redis that is gone."""

    def __init__(self, *, inbox_messages: int = 100) -> None:
        self.down = False
        self._inbox_messages = inbox_messages
        self._partitions: defaultdict[int, Partition] = defaultdict(Partition)
        self._listeners = Listeners()

    def place(self, partition: int) -> str:
        return ""

    def silence(self, partition: int) -> float:
        return 0.0

    async def ledger(self, partition: int) -> Ledger:
        return self._partition(partition).ledger

    async def states(self, partition: int, customers: Sequence[str]) -> list[bytes | None]:
        states = self._partition(partition).states
        return [states.get(customer) for customer in customers]

    async def slates(self, partition: int, customers: Sequence[str]) -> list[bytes | None]:
        slates = self._partition(partition).slates
        return [slates.get(customer) for customer in customers]

    async def commit(self, commits: Sequence[Commit]) -> list[Committed]:
        return [self._commit(self._partition(commit.partition), commit) for commit in commits]

    async def outbox(self, partition: int, limit: int) -> list[OutboxEntry]:
        return list(self._partition(partition).outbox.values())[:limit]

    async def states_of(self, wanted: Mapping[int, Sequence[str]]) -> dict[int, list[bytes | None]]:
        return {
            partition: await self.states(partition, customers) for partition, customers in wanted.items() if customers
        }

    async def relayed(self, entries: Mapping[int, Sequence[str]]) -> None:
        for partition, ids in entries.items():
            for entry in ids:
                self._partition(partition).outbox.pop(entry, None)

    async def due(self, partitions: Sequence[int], now: int, limit: int) -> list[dict[str, int] | None]:
        return [_due(self._partition(partition).due, now, limit) for partition in partitions]

    async def post(self, partition: int, customer: str, decision: str, payload: bytes) -> bool:
        inbox = self._partition(partition).inboxes[customer]
        if decision in inbox.decisions:
            return False
        inbox.decisions.add(decision)
        inbox.posted += 1
        message = InboxMessage(f"{inbox.posted}-0", decision, payload)
        inbox.messages[message.id] = message
        while len(inbox.messages) > self._inbox_messages:
            inbox.messages.popitem(last=False)
        self._listeners.wake(partition, customer)
        return True

    async def was_posted(self, partition: int, customer: str, decision: str) -> bool:
        return decision in self._partition(partition).inboxes[customer].decisions

    async def customer(self, partition: int, customer: str) -> bytes | None:
        return self._partition(partition).states.get(customer)

    async def inbox(self, partition: int, customer: str, after: str, limit: int) -> list[InboxMessage]:
        seen = parse_message_id(after) if after else (0, 0)
        messages = self._partition(partition).inboxes[customer].messages.values()
        return [message for message in messages if parse_message_id(message.id) > seen][:limit]

    @contextmanager
    def listen(self, partition: int, customer: str) -> Iterator[InboxListener]:
        with self._listeners.listen(partition, customer) as listener:
            yield listener

    async def ping(self) -> None:
        self._partition(0)

    def _partition(self, partition: int) -> Partition:
        if self.down:
            raise StateUnavailable("the state in memory was told to be down")
        return self._partitions[partition]

    def _commit(self, kept: Partition, commit: Commit) -> Committed:
        if kept.ledger.next != commit.first:
            return Committed(applied=False, next=kept.ledger.next)
        kept.states.update(commit.states)
        kept.slates.update(commit.slates)
        kept.due = {customer: due for customer, due in {**kept.due, **commit.due}.items() if due}
        kept.ledger = Ledger(commit.next, {**kept.ledger.marks, **commit.marks}, kept.ledger.epoch)
        if not commit.outgoing:
            return Committed(applied=True, next=commit.next)
        kept.entries += 1
        entry = OutboxEntry(f"{kept.entries}-0", tuple(commit.outgoing))
        kept.outbox[entry.id] = entry
        return Committed(applied=True, next=commit.next, outbox=entry.id)


def _due(index: dict[str, int], now: int, limit: int) -> dict[str, int]:
    """As Redis sorts: by moment, then by name."""
    ordered = sorted((due, customer.encode(), customer) for customer, due in index.items() if due <= now)
    return {customer: due for due, _, customer in ordered[:limit]}
