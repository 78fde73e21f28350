"""Every Redis key of ours, and nothing else: what is stored, where, and what it looks like.

The partition is the hash tag, so that all keys of a partition share a slot and one commit is one script call, also
on a Redis Cluster. A customer's id comes last and is taken as it is: the parts before it hold no user text and end
in a colon, so no id can reach another key.

| key | type | holds |
|---|---|---|
| `{p7}:ledger` | hash | `next`: the first offset not applied; `epoch`; `topic/partition`: the highest applied |
| `{p}:topics` | hash | topic to the id of the incarnation that the ledgers count (`streams.state.incarnations`) |
| `{p7}:outbox` | stream | per commit one entry, field `r`: its outgoing records (`streams.state.outbox`) |
| `{p7}:due` | sorted set | customers with a timer, by the moment their first one is due, milliseconds |
| `{p7}:customer:ID` | string | the state, msgpack; kept for ever |
| `{p7}:slate:ID` | string | the warm slate; expires |
| `{p7}:inbox:ID` | stream | messages, fields `d`: decision, `p`: payload; the newest are kept; expires |
| `{p7}:posted:ID` | sorted set | decisions that were ever in the inbox, by time; the newest are kept; expires |
| `{p7}:wakes` | channel | the id of a customer whose inbox has news |
"""

from collections.abc import Iterable

ALL_WAKES = b"{p*}:wakes"
"""A pattern of all channels."""


def ledger(partition: int) -> bytes:
    return b"{p%d}:ledger" % partition


def topics() -> bytes:
    return b"{p}:topics"


def outbox(partition: int) -> bytes:
    return b"{p%d}:outbox" % partition


def due(partition: int) -> bytes:
    return b"{p%d}:due" % partition


def wakes(partition: int) -> bytes:
    return b"{p%d}:wakes" % partition


def partition_of_wakes(channel: bytes) -> int:
    return int(channel[2 : channel.index(b"}")])


def customer(partition: int, identity: str) -> bytes:
    return b"{p%d}:customer:%b" % (partition, identity.encode())


def slate(partition: int, identity: str) -> bytes:
    return b"{p%d}:slate:%b" % (partition, identity.encode())


def customers(partition: int, identities: Iterable[str]) -> list[bytes]:
    """As `customer`, for many: on the way of every event."""
    prefix = customer(partition, "")
    return [prefix + identity.encode() for identity in identities]


def slates(partition: int, identities: Iterable[str]) -> list[bytes]:
    """As `slate`, for many."""
    prefix = slate(partition, "")
    return [prefix + identity.encode() for identity in identities]


def inbox(partition: int, identity: str) -> bytes:
    return b"{p%d}:inbox:%b" % (partition, identity.encode())


def posted(partition: int, identity: str) -> bytes:
    return b"{p%d}:posted:%b" % (partition, identity.encode())


def every(partition: int) -> bytes:
    """A pattern of all keys of a partition."""
    return b"{p%d}:*" % partition


def lasting(partition: int) -> tuple[bytes, ...]:
    """How the keys begin that are not made from the partition's log alone, or say how it stands."""
    return ledger(partition), inbox(partition, ""), posted(partition, "")


def of_customer(partition: int, identity: str) -> list[bytes]:
    """Every key that holds something of this customer: what erasing them must delete, beside their place in `due`."""
    return [build(partition, identity) for build in (customer, slate, inbox, posted)]
