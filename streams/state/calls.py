"""Calls to Redis, one or a cluster: commands and scripts, every fault of it told as `StateUnavailable`.

No call is ever repeated by itself: a lost reply does not say whether the call was done.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field
from hashlib import sha1
from importlib import resources

from redis.exceptions import NoScriptError

from streams.state import StateUnavailable
from streams.state.advice import TLS, unavailable
from streams.state.attempt import Attempt
from streams.state.cluster import Cluster, find
from streams.state.line import Argument, Refusal, Reply
from streams.state.node import Node
from streams.state.redis_url import RedisUrl


@dataclass(frozen=True)
class Script:
    """A Lua script. digest: by which Redis knows it once it was loaded."""

    source: bytes
    digest: str = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "digest", sha1(self.source, usedforsecurity=False).hexdigest())

    @classmethod
    def named(cls, name: str) -> "Script":
        """The script beside this module."""
        return cls(resources.files("streams.state").joinpath(f"{name}.lua").read_bytes())

    def command(self, keys: Sequence[bytes], arguments: Sequence[Argument]) -> tuple[Argument, ...]:
        return (b"EVALSHA", self.digest, len(keys), *keys, *arguments)

    def told_again(self, command: Sequence[Argument]) -> tuple[Argument, ...]:
        """The same command to a server that does not know the script."""
        return (b"EVAL", self.source, *command[2:])


class Calls:
    """Raises StateUnavailable, nothing else. Connects when first needed, and again whenever a line broke.

    Whether the URL names one Redis or a cluster is asked once, of the servers themselves.
    """

    def __init__(self, url: str, *, timeout: float) -> None:
        """timeout: seconds until a call is given up, connecting included. Raises ValueError where the URL is none."""
        self._url = RedisUrl.parse(url)
        self.seeds = {address: Node(self._url, address) for address in self._url.seeds}
        self._timeout = timeout
        self._server: Node | Cluster | None = None
        self._finding = Attempt(self._find)
        self.place = self._url.place(",".join(self._url.seeds))

    async def call(self, *command: Argument) -> Reply:
        """One command; the reply as the server sent it, in bytes. Its keys, if any, are all of one partition."""
        [reply] = await self._send([command])
        return _checked(reply)

    async def call_all(self, commands: Sequence[Sequence[Argument]]) -> list[Reply]:
        """As `call`, all in one round trip; each is of one partition. Raises where one of them fails."""
        return [_checked(reply) for reply in await self._send(commands)]

    async def run(self, script: Script, keys: Sequence[bytes], arguments: Sequence[Argument]) -> Reply:
        [reply] = await self.try_all(script, [(keys, arguments)])
        return _checked(reply)

    async def try_all(
        self, script: Script, calls: Sequence[tuple[Sequence[bytes], Sequence[Argument]]]
    ) -> list[Reply | StateUnavailable]:
        """The script once per call, all in one round trip, each atomic by itself, its keys of one partition.

        What a server of a cluster does not answer is a fault in the place of its replies alone. A restarted Redis has
        forgotten the script and is told it again. Raises where nothing was answered in time.
        """
        commands = [script.command(*call) for call in calls]
        replies = await self._send(commands)
        missing = [index for index, reply in enumerate(replies) if _lacks_script(reply)]
        if missing:
            again = await self._send([script.told_again(commands[index]) for index in missing])
            for index, reply in zip(missing, again, strict=True):
                replies[index] = reply
        return [_fault_of(reply) or reply for reply in replies]

    async def at_every_primary(self, *command: Argument) -> list[tuple[str, Reply]]:
        """The replies of all servers that keep state, each with its place."""
        server = await self.server()
        nodes = server.primaries() if isinstance(server, Cluster) else [server]
        return [(node.place, await self.at(node, *command)) for node in nodes]

    async def at(self, node: Node, *command: Argument) -> Reply:
        """The command at that very server."""
        try:
            async with asyncio.timeout(self._timeout):
                [reply] = await node.send([command])
        except TimeoutError as fault:
            raise StateUnavailable(f"{node.place} did not answer in {self._timeout} s") from fault
        return _checked(reply)

    def place_of(self, key: bytes) -> str:
        """The server that has the key, "" where it is the only one, or not known."""
        return self._server.place_of(key) if isinstance(self._server, Cluster) else ""

    def silence_of(self, key: bytes) -> float:
        """Seconds for which the server of the key has answered nothing that it was asked, or only refused; 0 where it
        is the only one."""
        return self._server.silence_of(key) if isinstance(self._server, Cluster) else 0.0

    async def server(self) -> Node | Cluster:
        """What the URL names."""
        return self._server or await self._finding()

    async def close(self) -> None:
        await self._finding.close()
        if isinstance(self._server, Cluster):
            await self._server.close()
        await asyncio.gather(*(node.close() for node in self.seeds.values()))

    async def _send(self, commands: Sequence[Sequence[Argument]]) -> list[Reply]:
        """One round trip, in time."""
        until = asyncio.get_running_loop().time() + self._timeout
        server = self._server
        try:
            if isinstance(server, Node) and server.is_whole:
                return await server.send(commands, until)
            async with asyncio.timeout_at(until):
                server = self._server or await self._finding()
                if isinstance(server, Node):
                    return await server.send(commands)
            return await server.send(commands, until)
        except TimeoutError as fault:
            if self._server is not None:
                await self._server.doubt()
            advice = f" ({TLS})" if self._server is None and self._url.is_tls else ""
            raise StateUnavailable(f"{self.place} did not answer in {self._timeout} s{advice}") from fault

    async def _find(self) -> Node | Cluster:
        self._server = await find(self._url, self.seeds)
        return self._server


def _checked(reply: Reply) -> Reply:
    fault = _fault_of(reply)
    if fault is not None:
        raise fault
    return reply


def _fault_of(reply: Reply) -> StateUnavailable | None:
    if isinstance(reply, Refusal):
        return unavailable(reply.place, reply.error)
    return reply if isinstance(reply, StateUnavailable) else None


def _lacks_script(reply: Reply) -> bool:
    return isinstance(reply, Refusal) and isinstance(reply.error, NoScriptError)
