"""Which incarnation of each topic the state was made from, and how the state begins anew with another one.

A topic that was deleted and created again counts its offsets from 0. To a ledger that stands at 5000 its first 5000
records look known, and would be dropped without a word: so the ids of the topics are kept beside the state.
"""

from collections.abc import Mapping
from typing import cast

from streams.state import keys
from streams.state.calls import Calls
from streams.topics import CUSTOMER_SNAPSHOTS


class Incarnations:
    """Raises StateUnavailable."""

    def __init__(self, calls: Calls) -> None:
        self._calls = calls

    async def known(self) -> Mapping[str, str]:
        """Topic to the id of its incarnation."""
        flat = cast(list[bytes], await self._calls.call(b"HGETALL", keys.topics()))
        return {name.decode(): id_.decode() for name, id_ in zip(flat[::2], flat[1::2], strict=True)}

    async def note(self, ids: Mapping[str, str]) -> None:
        """Those that are not known yet."""
        for topic, id_ in ids.items():
            await self._calls.call(b"HSETNX", keys.topics(), topic, id_)

    async def replace(self, ids: Mapping[str, str]) -> None:
        for topic, id_ in ids.items():
            await self._calls.call(b"HSET", keys.topics(), topic, id_)

    async def begin_anew(self, partition: int) -> None:
        """The partition's log counts from 0 again: so does its ledger, in a new epoch. Marks of its sources stay."""
        await self._calls.call(b"HINCRBY", keys.ledger(partition), "epoch", 1)
        # What was restored from a snapshot counted by the former log.
        await self._calls.call(b"HDEL", keys.ledger(partition), f"{CUSTOMER_SNAPSHOTS.name}/{partition}")
        await self._calls.call(b"HSET", keys.ledger(partition), "next", 0)

    async def forget_marks(self, partition: int, topic: str) -> None:
        """The source counts from 0 again: what was applied of its former incarnation says nothing."""
        fields = cast(list[bytes], await self._calls.call(b"HKEYS", keys.ledger(partition)))
        marks = [name for name in fields if name.startswith(f"{topic}/".encode())]
        if marks:
            await self._calls.call(b"HDEL", keys.ledger(partition), *marks)
