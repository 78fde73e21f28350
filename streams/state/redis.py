"""State and views in Redis or Valkey. Keys and layouts: `streams.state.keys`."""

import asyncio
from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from itertools import chain
from typing import cast

import msgspec

from streams.settings import Settings
from streams.state import (
    Commit,
    Committed,
    InboxMessage,
    Ledger,
    Listener,
    OutboxEntry,
    Source,
    StateUnavailable,
    keys,
)
from streams.state.calls import Calls, Script
from streams.state.checks import check_fit
from streams.state.line import Argument, Reply
from streams.state.message_ids import parse_message_id
from streams.state.outbox import decode_outgoing, encode_outgoing
from streams.state.wakes import Wakes

DAY = 86_400
"""Seconds."""

REMEMBERED_DECISIONS = 1000
"""Decisions an inbox knows to have held, 60 bytes each: a push that is delivered again months later is still known."""

KEYS_A_READ = 2000
"""Keys of one MGET, about 2 MB of states; more would hold up the other clients of a Redis for milliseconds."""


class RedisState:
    """The State port. One round trip a call, whatever its size."""

    def __init__(self, calls: Calls, *, slate_days: float, inbox_messages: int, inbox_days: float) -> None:
        self.calls = calls
        self._slate_seconds = int(slate_days * DAY)
        self._inbox_messages = inbox_messages
        self._inbox_seconds = int(inbox_days * DAY)
        self._commit = Script.named("commit")
        self._post = Script.named("post")
        self._due = Script.named("due")

    @classmethod
    def from_settings(cls, settings: Settings) -> "RedisState":
        return cls(
            Calls(settings.redis_url, timeout=settings.redis_timeout),
            slate_days=settings.slate_days,
            inbox_messages=settings.inbox_messages,
            inbox_days=settings.inbox_days,
        )

    async def close(self) -> None:
        await self.calls.close()

    async def check_fit(self) -> None:
        """Raises UnfitRedis where this Redis may forget state, StateUnavailable."""
        await check_fit(self.calls)

    def place(self, partition: int) -> str:
        return self.calls.place_of(keys.ledger(partition))

    def silence(self, partition: int) -> float:
        return self.calls.silence_of(keys.ledger(partition))

    async def ledger(self, partition: int) -> Ledger:
        """Layout: see `streams.state.keys`; a partition without one stands at 0."""
        flat = cast(list[bytes], await self.calls.call(b"HGETALL", keys.ledger(partition)))
        fields = dict(zip(flat[::2], map(int, flat[1::2]), strict=True))
        first, epoch = fields.pop(b"next", 0), fields.pop(b"epoch", 0)
        return Ledger(first, {_source(name): offset for name, offset in fields.items()}, epoch)

    async def states(self, partition: int, customers: Sequence[str]) -> list[bytes | None]:
        return await self._read(keys.customers(partition, customers))

    async def states_of(self, wanted: Mapping[int, Sequence[str]]) -> dict[int, list[bytes | None]]:
        asked = {partition: customers for partition, customers in wanted.items() if customers}
        if sum(map(len, asked.values())) > KEYS_A_READ:
            found = await asyncio.gather(*(self.states(partition, names) for partition, names in asked.items()))
            return dict(zip(asked, found, strict=True))
        commands = [(b"MGET", *keys.customers(partition, customers)) for partition, customers in asked.items()]
        replies = await self.calls.call_all(commands) if commands else []
        return dict(zip(asked, cast(list[list[bytes | None]], replies), strict=True))

    async def slates(self, partition: int, customers: Sequence[str]) -> list[bytes | None]:
        return await self._read(keys.slates(partition, customers))

    async def commit(self, commits: Sequence[Commit]) -> list[Committed]:
        if not commits:
            return []
        replies = await self._try_all(self._commit, [self._script_call(commit) for commit in commits])
        return [_committed(commit, reply) for commit, reply in zip(commits, replies, strict=True)]

    async def outbox(self, partition: int, limit: int) -> list[OutboxEntry]:
        reply = await self.calls.call(b"XRANGE", keys.outbox(partition), b"-", b"+", b"COUNT", limit)
        entries: list[OutboxEntry] = []
        for entry, fields in cast(list[tuple[bytes, list[bytes]]], reply):
            try:
                entries.append(OutboxEntry(entry.decode(), decode_outgoing(fields[1])))
            except (msgspec.DecodeError, IndexError) as fault:
                raise StateUnavailable(
                    f"entry {entry.decode()} of {keys.outbox(partition).decode()} is not ours: {fault}. Was it written "
                    "by a newer version? Move it away (XRANGE, XDEL) to go on"
                ) from fault
        return entries

    async def relayed(self, entries: Mapping[int, Sequence[str]]) -> None:
        commands: list[tuple[Argument, ...]] = [
            (b"XDEL", keys.outbox(partition), *ids) for partition, ids in entries.items() if ids
        ]
        if commands:
            await self.calls.call_all(commands)

    async def due(self, partitions: Sequence[int], now: int, limit: int) -> list[dict[str, int] | None]:
        if not partitions:
            return []
        calls = [((keys.due(partition),), (now, limit)) for partition in partitions]
        return [_moments(reply) for reply in await self._try_all(self._due, calls)]

    async def post(self, partition: int, customer: str, decision: str, payload: bytes) -> bool:
        places = (keys.inbox(partition, customer), keys.posted(partition, customer))
        limits = (self._inbox_messages, REMEMBERED_DECISIONS, self._inbox_seconds)
        wake = (keys.wakes(partition), customer.encode())
        return await self.calls.run(self._post, places, (decision, payload, *limits, *wake)) == 1

    async def was_posted(self, partition: int, customer: str, decision: str) -> bool:
        return await self.calls.call(b"ZSCORE", keys.posted(partition, customer), decision) is not None

    async def _try_all(
        self, script: Script, calls: Sequence[tuple[Sequence[bytes], Sequence[Argument]]]
    ) -> list[Reply | StateUnavailable]:
        """Raises StateUnavailable where every reply is one."""
        replies = await self.calls.try_all(script, calls)
        faults = [reply for reply in replies if isinstance(reply, StateUnavailable)]
        if len(faults) == len(replies):
            raise faults[0]
        return replies

    async def _read(self, places: list[bytes]) -> list[bytes | None]:
        found: list[bytes | None] = []
        for first in range(0, len(places), KEYS_A_READ):
            reply = await self.calls.call(b"MGET", *places[first : first + KEYS_A_READ])
            found += cast(list[bytes | None], reply)
        return found

    def _script_call(self, commit: Commit) -> tuple[list[bytes], list[Argument]]:
        """KEYS and ARGV of commit.lua."""
        partition = commit.partition
        places = [keys.ledger(partition), keys.outbox(partition), keys.due(partition)]
        moments = {customer: due for customer, due in commit.due.items() if due}
        places += keys.customers(partition, commit.states)
        places += keys.slates(partition, commit.slates)
        arguments: list[Argument] = [commit.first, commit.next, self._slate_seconds, encode_outgoing(commit.outgoing)]
        arguments += [len(commit.states), len(commit.marks), len(moments)]
        arguments += commit.states.values()
        arguments += commit.slates.values()
        arguments += chain.from_iterable((_field(source), mark) for source, mark in commit.marks.items())
        arguments += chain.from_iterable((due, customer) for customer, due in moments.items())
        arguments += (customer for customer in commit.due if customer not in moments)
        return places, arguments


class RedisViews:
    """The Views port. Every read is over within the time that `calls` have, and a late reply reaches nobody."""

    def __init__(self, calls: Calls) -> None:
        self._calls = calls
        self._wakes = Wakes(calls)

    @classmethod
    def from_settings(cls, settings: Settings) -> "RedisViews":
        return cls(Calls(settings.redis_url, timeout=settings.read_deadline))

    async def close(self) -> None:
        await self._wakes.close()
        await self._calls.close()

    async def customer(self, partition: int, customer: str) -> bytes | None:
        return cast(bytes | None, await self._calls.call(b"GET", keys.customer(partition, customer)))

    async def inbox(self, partition: int, customer: str, after: str, limit: int) -> list[InboxMessage]:
        first = "({}-{}".format(*parse_message_id(after)) if after else "-"
        reply = await self._calls.call(b"XRANGE", keys.inbox(partition, customer), first, b"+", b"COUNT", limit)
        messages = cast(list[tuple[bytes, list[bytes]]], reply)
        return [InboxMessage(entry.decode(), fields[1].decode(), fields[3]) for entry, fields in messages]

    def listen(self, partition: int, customer: str) -> AbstractContextManager[Listener]:
        return self._wakes.listen(partition, customer)

    async def ping(self) -> None:
        await self._calls.call(b"PING")


def _committed(commit: Commit, reply: Reply | StateUnavailable) -> Committed:
    if isinstance(reply, StateUnavailable):
        return Committed(applied=False, next=commit.first, fault=reply)
    applied, stands, entry = cast(tuple[int, bytes, bytes], reply)
    return Committed(applied == 1, int(stands), entry.decode())


def _moments(reply: Reply | StateUnavailable) -> dict[str, int] | None:
    if isinstance(reply, StateUnavailable):
        return None
    flat = cast(list[bytes], reply)
    return {customer.decode(): int(moment) for customer, moment in zip(flat[::2], flat[1::2], strict=True)}


def _field(source: Source) -> str:
    return f"{source[0]}/{source[1]}"


def _source(name: bytes) -> Source:
    topic, partition = name.decode().rsplit("/", 1)
    return topic, int(partition)
