"""Which messages of a customer were applied already: 64-bit hashes of their ids, by the day they arrived.

Layout, little-endian: the number of days u8; per day, oldest first, the day u16 (days since the epoch) and how many
ids arrived on it u16; then the hashes, 8 bytes each, in order of arrival. So an id costs 8 bytes and a day 4.
"""

from hashlib import blake2b
from struct import Struct

HASH = 8
DAY = 86_400_000
"""Milliseconds."""

LAST_DAY = (1 << 16) - 1

_RUN = Struct("<HH")


def hash_of(message: str) -> bytes:
    """8 bytes; two of the ids that one customer is remembered by share them with probability 2e-15."""
    return blake2b(message.encode(), digest_size=HASH).digest()


def remembers(messages: bytes, hashed: bytes) -> bool:
    found = messages.find(hashed)
    if found < 0:
        return False
    start = _start(messages)
    while found >= 0 and (found < start or (found - start) % HASH):
        found = messages.find(hashed, found + 1)
    return found >= 0


def add(messages: bytes, hashed: bytes, received: int, memory: int, limit: int) -> tuple[bytes, int]:
    """The messages with one more, and how many ids the bound pushed out before their time.

    received: arrival, milliseconds. memory: days an id is kept after the day of its arrival. limit: ids kept at
    most (below 65536). An arrival before the newest day known counts to that day, so days only grow.
    """
    if messages and size(messages) < limit:
        place = _start(messages) - _RUN.size
        newest, arrived = _RUN.unpack_from(messages, place)
        if received // DAY <= newest:
            # The common case: nothing expires within a day.
            return messages[:place] + _RUN.pack(newest, arrived + 1) + messages[place + _RUN.size :] + hashed, 0
    return _add_and_forget(messages, hashed, received // DAY, memory, limit)


def _add_and_forget(messages: bytes, hashed: bytes, arrival: int, memory: int, limit: int) -> tuple[bytes, int]:
    runs, hashes = _runs(messages), messages[_start(messages) :]
    day = min(max(arrival, runs[-1][0] if runs else 0), LAST_DAY)
    if runs and runs[-1][0] == day:
        runs[-1] = (day, runs[-1][1] + 1)
    else:
        runs.append((day, 1))
    hashes += hashed
    expired = _expired(runs, day - memory)
    pushed_out = max(0, len(hashes) // HASH - expired - limit)
    return _pack(runs, hashes, expired + pushed_out), pushed_out


def size(messages: bytes) -> int:
    """How many ids are remembered."""
    return (len(messages) - _start(messages)) // HASH


def _start(messages: bytes) -> int:
    return 1 + messages[0] * _RUN.size if messages else 0


def _runs(messages: bytes) -> list[tuple[int, int]]:
    return list(_RUN.iter_unpack(messages[1 : _start(messages)]))


def _expired(runs: list[tuple[int, int]], oldest: int) -> int:
    """How many ids arrived before the day `oldest`."""
    return sum(count for day, count in runs if day < oldest)


def _pack(runs: list[tuple[int, int]], hashes: bytes, gone: int) -> bytes:
    """gone: ids to forget, the oldest first."""
    header, left = b"", gone
    kept = 0
    for day, count in runs:
        if left >= count:
            left -= count
            continue
        header += _RUN.pack(day, count - left)
        left = 0
        kept += 1
    return bytes((kept,)) + header + hashes[gone * HASH :]
