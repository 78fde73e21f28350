"""Forgetting what of some partitions was made from their log: states, slates, due times, outbox and ledger.

Inboxes stay, and what they ever held: they were filled once and no log fills them again.
"""

from collections.abc import Iterable
from typing import cast

from streams.snapshots import restored_mark
from streams.state import keys
from streams.state.calls import Calls

PAGE = 1000
"""Keys looked at, and removed, at once."""


async def wipe(calls: Calls, partitions: Iterable[int]) -> None:
    """Nobody else's keys. Raises StateUnavailable; may be repeated, and interrupted."""
    for partition in partitions:
        await _begin_at_0(calls, partition)
        await _forget_all(calls, partition)


async def _begin_at_0(calls: Calls, partition: int) -> None:
    """Every state that an interruption leaves behind now counts as restored: its events are not applied to it again."""
    place = keys.ledger(partition)
    stands = cast(bytes | None, await calls.call(b"HGET", place, b"next"))
    if stands is None:
        return
    topic, number = restored_mark(partition)
    mark = f"{topic}/{number}".encode()
    await calls.call(b"HSET", place, mark, stands)
    fields = cast(list[bytes], await calls.call(b"HKEYS", place))
    await calls.call(b"HDEL", place, *(field for field in fields if field != mark))


async def _forget_all(calls: Calls, partition: int) -> None:
    cursor = b"0"
    while True:
        reply = await calls.call(b"SCAN", cursor, b"MATCH", keys.every(partition), b"COUNT", PAGE)
        cursor, found = cast(tuple[bytes, list[bytes]], reply)
        doomed = [key for key in found if not key.startswith(keys.lasting(partition))]
        if doomed:
            await calls.call(b"UNLINK", *doomed)
        if cursor == b"0":
            return
