"""Which server of a Redis Cluster has which key: slots, and the cluster's own map of them. Pure."""

from binascii import crc_hqx
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import cast

from streams.state.line import Argument, Reply
from streams.state.redis_url import address_of, host_of

SLOTS = 16384
"""Fixed by Redis Cluster: https://redis.io/docs/latest/operate/oss_and_stack/reference/cluster-spec/"""

KEYLESS = frozenset((b"PING", b"INFO", b"TIME", b"SCRIPT", b"CLUSTER", b"CONFIG"))
"""Commands that any server can answer."""

KEY_AT = {b"EVALSHA": 3, b"EVAL": 3, b"SCAN": 3}
"""Where a command names its first key, when it is not its first argument. Of SCAN it is the pattern: a partition's."""


def slot_of(key: bytes) -> int:
    """Of its hash tag, the part in the first braces, so that all keys of a partition share a slot."""
    begin = key.find(b"{") + 1
    end = key.find(b"}", begin) if begin else -1
    return crc_hqx(key[begin:end] if end > begin else key, 0) % SLOTS


def slot_of_command(command: Sequence[Argument]) -> int | None:
    """None where any server will do."""
    name = command[0]
    if name in KEYLESS:
        return None
    key = command[KEY_AT.get(cast(bytes, name), 1)]
    return slot_of(key if isinstance(key, bytes) else str(key).encode())


@dataclass
class SlotMap:
    """owners: address of the primary by slot, "" where nobody has it. healthy, epoch: as the teller sees the cluster;
    of two maps the one with the higher epoch is newer."""

    owners: list[str] = field(default_factory=lambda: [""] * SLOTS)
    members: frozenset[str] = frozenset()
    healthy: bool = False
    epoch: int = 0

    @property
    def primaries(self) -> list[str]:
        return sorted({owner for owner in self.owners if owner})


def read_map(slots: Reply, info: Reply, asked: str) -> SlotMap:
    """The replies of `asked` to CLUSTER SLOTS and CLUSTER INFO. A server without a host is where we asked."""
    state = dict(line.split(":", 1) for line in cast(bytes, info).decode().split() if ":" in line)
    told = SlotMap(healthy=state.get("cluster_state") == "ok", epoch=int(state.get("cluster_current_epoch", 0)))
    members: set[str] = set()
    for first, last, *servers in cast(list[tuple[int, int, *tuple[list[object], ...]]], slots):
        addresses = [_address(server, asked) for server in servers]
        members.update(addresses)
        told.owners[first : last + 1] = addresses[:1] * (last + 1 - first)
    # A server that has met nobody yet knows itself alone.
    told.members = frozenset(members or {asked})
    return told


def _address(server: list[object], asked: str) -> str:
    host, port, *_ = server
    return address_of(cast(bytes, host).decode() if host else host_of(asked), cast(int, port))
