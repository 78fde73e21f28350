"""A Redis Cluster: each command goes to the server that has its slot, and follows the slot when it moves.

A command that was redirected was not done, so sending it on is right; a lost reply says nothing, so that is left to
the caller.
"""

import asyncio
import random
from collections import defaultdict
from collections.abc import Coroutine, Iterable, Mapping, Sequence
from dataclasses import dataclass
from time import monotonic
from typing import NamedTuple

import structlog
from redis.exceptions import AskError, ClusterDownError, MovedError

from streams.state import StateUnavailable
from streams.state.advice import unavailable
from streams.state.attempt import Attempt
from streams.state.cluster_slots import SlotMap, read_map, slot_of, slot_of_command
from streams.state.line import Argument, Refusal, Reply
from streams.state.node import CONNECT_TIMEOUT, Node
from streams.state.redis_url import RedisUrl, address_of, host_of

log = structlog.get_logger()

REDIRECTIONS = 5
"""Times a command is sent on within one call; one is normal, more mean that servers disagree."""

ASKED = 4
"""Members asked for the map at once, besides one of the servers that the settings name."""

LOOK_TIMEOUT = 1.0
"""Seconds to wait for the maps of those that were asked; some of them may be what is broken."""

LOOK_PAUSE = 0.1
"""Seconds between two looks at the map: every call that fails wants one."""

NO_CLUSTER = ("cluster support disabled", "unknown command", "unknown subcommand")
"""What a server answers that is not of a cluster."""

NO_PERMISSION = "no permissions"
"""What a server answers to a user who may not ask for the cluster: it is taken for a single one, as it mostly is."""

SINGLE = "is a single Redis: name it alone in CAUDAL_REDIS_URL, or several servers of one cluster"


class Route(NamedTuple):
    """Where a command goes. asking: the server takes the slot over and wants to be told that we know."""

    address: str
    asking: bool = False


class Cluster:
    """Raises StateUnavailable, nothing else; of several commands each has its own, in the place of its reply."""

    def __init__(self, url: RedisUrl, seeds: Mapping[str, Node], slots: SlotMap) -> None:
        self._url = url
        self._seeds = dict(seeds)
        self._slots = slots
        self._nodes: dict[str, Node] = {address: self._seeds[address] for address in slots.members & set(seeds)}
        self._vain: dict[str, float] = {}
        self._look = Attempt(self._look_again)
        self._doubting = Attempt(self.doubt)

    async def send(self, commands: Sequence[Sequence[Argument]], until: float) -> list[Reply]:
        """All servers at once: one round trip, unless a slot has moved. until: the event loop's time when the wait for
        a server ends; of those that did not answer then the commands have a fault, and all others their reply."""
        if len(commands) == 1:
            async with asyncio.timeout_at(until):
                return [await self._send_one(commands[0])]
        replies: dict[int, Reply] = {}
        routes: dict[int, Route] = {}
        for index, command in enumerate(commands):
            try:
                routes[index] = self._route(command)
            except StateUnavailable as fault:
                replies[index] = fault
        replies.update(await _Sending(self, commands, until).along(routes))
        return [replies[index] for index in range(len(commands))]

    def primaries(self) -> list[Node]:
        return [self._node(address) for address in self._slots.primaries]

    def any_node(self, shunned: Node | None = None) -> Node:
        """One that answered lately, if there is any; not the shunned one, unless it is the last."""
        nodes = [self._node(address) for address in self._slots.members]
        nodes = [node for node in nodes if node is not shunned] or nodes
        return random.choice([node for node in nodes if node.is_whole] or nodes)

    def place_of(self, key: bytes) -> str:
        return self._slots.owners[slot_of(key)]

    def silence_of(self, key: bytes) -> float:
        """Seconds since the server that has the key answered, of what it was asked since."""
        address = self._slots.owners[slot_of(key)]
        since = self._vain.get(address)
        waiting = self._nodes[address].silent_for() if address in self._nodes else 0.0
        return max(waiting, 0.0 if since is None else monotonic() - since)

    def has(self, node: Node) -> bool:
        return node.address in self._slots.members

    def doubt_soon(self) -> None:
        """For who may not wait."""
        self._doubting.begin()

    async def doubt(self) -> None:
        self._look.begin()
        await asyncio.gather(*(node.doubt() for node in self._every_node()))

    async def close(self) -> None:
        await self._doubting.close()
        await self._look.close()
        await asyncio.gather(*(node.close() for node in self._every_node()))

    def _route(self, command: Sequence[Argument]) -> Route:
        slot = slot_of_command(command)
        if slot is None:
            return Route(self.any_node().address)
        owner = self._slots.owners[slot]
        if not owner:
            self._look.begin()
            raise StateUnavailable(
                f"Redis Cluster at {self._url.seeds[0]}: no server has slot {slot} (look at CLUSTER SHARDS; "
                "`redis-cli --cluster fix` gives it to one)"
            )
        return Route(owner)

    async def _send_one(self, command: Sequence[Argument]) -> Reply:
        """As `send`, without its bookkeeping, which is a quarter of the CPU of a gateway's read."""
        route = self._route(command)
        [reply] = await self.send_to(route, [command])
        for _ in range(REDIRECTIONS):
            redirected = self.redirected(reply, route)
            if redirected is None:
                break
            route = redirected
            [reply] = await self.send_to(route, [command])
        return reply

    async def send_to(self, route: Route, commands: Sequence[Sequence[Argument]]) -> list[Reply]:
        began = monotonic()
        try:
            replies = await self._ask(self._node(route.address), route.asking, commands)
        except BaseException as fault:
            self._vain.setdefault(route.address, began)
            if isinstance(fault, StateUnavailable):
                self._look.begin()
            raise
        if all(isinstance(reply, Refusal) for reply in replies):
            self._vain.setdefault(route.address, began)
        elif self._vain:
            self._vain.pop(route.address, None)
        return replies

    async def _ask(self, node: Node, asking: bool, commands: Sequence[Sequence[Argument]]) -> list[Reply]:
        if not asking:
            return await node.send(commands)
        told = [part for command in commands for part in ((b"ASKING",), command)]
        return (await node.send(told))[1::2]

    def redirected(self, reply: Reply, route: Route) -> Route | None:
        """Where the command is to be sent now, if not here."""
        if not isinstance(reply, Refusal):
            return None
        error = reply.error
        if isinstance(error, ClusterDownError):
            self._look.begin()
        if not isinstance(error, AskError):
            return None
        address = address_of(error.host or host_of(route.address), error.port)
        if not isinstance(error, MovedError):
            return Route(address, asking=True)
        self._slots.owners[error.slot_id] = address
        self._look.begin()
        return Route(address)

    async def _look_again(self) -> None:
        """The newest map that some of the members have; what left the cluster is hung up on."""
        members = [self._node(address) for address in self._slots.members]
        asked = [*random.sample(members, min(ASKED, len(members))), random.choice(list(self._seeds.values()))]
        told = await _maps_of(asked)
        if told:
            await self._follow(max(told, key=lambda slots: (slots.healthy, slots.epoch)))
        await asyncio.sleep(LOOK_PAUSE)

    async def _follow(self, slots: SlotMap) -> None:
        if slots.primaries != self._slots.primaries:
            log.info("the Redis Cluster has changed", primaries=slots.primaries, epoch=slots.epoch)
        self._slots = slots
        gone = [address for address in self._nodes if address not in slots.members]
        for address in self._vain.keys() & set(gone):
            del self._vain[address]
        await asyncio.gather(*(self._nodes.pop(address).close() for address in gone))

    def _node(self, address: str) -> Node:
        node = self._nodes.get(address)
        if node is None:
            node = self._nodes[address] = self._seeds.get(address) or Node(self._url, address)
        return node

    def _every_node(self) -> Iterable[Node]:
        return {*self._nodes.values(), *self._seeds.values()}


@dataclass(frozen=True)
class _Sending:
    """One call: each server's commands by themselves, none waited for by those of another. until: the event loop's
    time."""

    cluster: Cluster
    commands: Sequence[Sequence[Argument]]
    until: float

    async def along(self, routes: Mapping[int, Route], left: int = REDIRECTIONS) -> dict[int, Reply]:
        """Replies by the number of the command. left: times that they may be sent on."""
        shares: defaultdict[Route, list[int]] = defaultdict(list)
        for index, route in routes.items():
            shares[route].append(index)
        parts = await _together([self._share(route, share, left) for route, share in shares.items()])
        return {index: reply for part in parts for index, reply in part.items()}

    async def _share(self, route: Route, share: Sequence[int], left: int) -> dict[int, Reply]:
        """What is sent on goes by itself, too, without waiting for what another server was asked."""
        answered = dict(zip(share, await self._in_time(route, share), strict=True))
        redirected = {index: self.cluster.redirected(reply, route) for index, reply in answered.items()}
        moved = {index: to for index, to in redirected.items() if to is not None}
        if moved and left:
            answered.update(await self.along(moved, left - 1))
        return answered

    async def _in_time(self, route: Route, share: Sequence[int]) -> list[Reply]:
        try:
            async with asyncio.timeout_at(self.until):
                return await self.cluster.send_to(route, [self.commands[index] for index in share])
        except StateUnavailable as fault:
            return [fault] * len(share)
        except TimeoutError:
            self.cluster.doubt_soon()
            return [StateUnavailable(f"Redis at {route.address} did not answer in time")] * len(share)


async def _together(shares: Sequence[Coroutine[None, None, dict[int, Reply]]]) -> list[dict[int, Reply]]:
    """All at once; one alone needs no task of its own."""
    return [await shares[0]] if len(shares) == 1 else await asyncio.gather(*shares)


async def find(url: RedisUrl, seeds: Mapping[str, Node]) -> Node | Cluster:
    """What the URL names, as the first server that answers tells: itself, or its cluster. Raises StateUnavailable."""
    patience = LOOK_TIMEOUT if len(seeds) > 1 else CONNECT_TIMEOUT
    faults: list[StateUnavailable] = []
    for node in seeds.values():
        try:
            async with asyncio.timeout(patience):
                slots = await _map_of(node)
        except TimeoutError:
            faults.append(StateUnavailable(f"{node.place} did not answer in {patience} s"))
        except StateUnavailable as fault:
            faults.append(fault)
        else:
            if slots is not None:
                return Cluster(url, seeds, slots)
            if len(seeds) == 1:
                return node
            faults.append(StateUnavailable(f"{node.place} {SINGLE}"))
    raise faults[0]


async def _maps_of(nodes: Iterable[Node]) -> list[SlotMap]:
    """Of those that answer in time."""
    asking = [asyncio.create_task(_map_of(node)) for node in nodes]
    try:
        answered, _ = await asyncio.wait(asking, timeout=LOOK_TIMEOUT)
    finally:
        for task in asking:
            task.cancel()
    told = [task.result() for task in answered if not isinstance(task.exception(), StateUnavailable)]
    return [slots for slots in told if slots is not None]


async def _map_of(node: Node) -> SlotMap | None:
    """None where it is no cluster's. Raises StateUnavailable."""
    slots, info = await node.send([(b"CLUSTER", b"SLOTS"), (b"CLUSTER", b"INFO")])
    for reply in (slots, info):
        if isinstance(reply, Refusal):
            if any(words in str(reply.error) for words in (*NO_CLUSTER, NO_PERMISSION)):
                return None
            raise unavailable(reply.place, reply.error)
    return read_map(slots, info, node.address)
