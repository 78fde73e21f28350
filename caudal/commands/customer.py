"""`caudal customer show`, `caudal customer merge` and `caudal customer split`."""

import asyncio
import getpass
import sys
from typing import TYPE_CHECKING, Annotated

import msgspec
from cyclopts import Parameter

from caudal.text import printable
from streams.settings import Settings

if TYPE_CHECKING:
    from gateway.answers import Profile
    from retail.correspondence import MergeOrdered, SplitOrdered

DEADLINE = 10.0
"""Seconds until an order must be in Kafka."""


def show(
    identifier: str,
    *,
    json: Annotated[bool, Parameter(negative="")] = False,
    settings: Annotated[Settings | None, Parameter(name="*")] = None,
) -> int:
    """Show whose an identifier is, what else is theirs, and on what evidence.

    Ends with status 1 where nobody is known under it.

    Parameters
    ----------
    identifier
        A user id, or any other identifier under its kind: card:7, anonymous:f7, email:HASH.
    json
        Print one JSON object.
    """
    found = asyncio.run(_shown(identifier, settings or Settings()))
    if not found.events and not found.identifiers:
        print(f"nobody is known under {printable(identifier)}", file=sys.stderr)
        return 1
    print(msgspec.json.encode(found).decode() if json else _readable(found))
    return 0


def merge(
    customer: str,
    identifier: str,
    *,
    actor: str = "",
    settings: Annotated[Settings | None, Parameter(name="*")] = None,
) -> None:
    """Say that two identifiers are one customer's.

    The stronger of the two becomes the customer. Nothing is lost by it: `caudal customer split` takes it back.

    Parameters
    ----------
    customer
        One of them.
    identifier
        The other.
    actor
        Who says so, for the record; by default who is logged in here.
    """
    from gateway.desk import merge_order

    _send(merge_order(customer, identifier, actor or getpass.getuser()), settings)


def split(
    identifier: str,
    *,
    actor: str = "",
    settings: Annotated[Settings | None, Parameter(name="*")] = None,
) -> None:
    """Say that an identifier is not the customer's it is taken for.

    What came under it becomes its own again, with the contacts that were made. Nothing links the two again by itself.

    Parameters
    ----------
    identifier
        The identifier, as `caudal customer show` names it.
    actor
        Who says so, for the record; by default who is logged in here.
    """
    from gateway.desk import split_order

    _send(split_order(identifier, actor or getpass.getuser()), settings)


def _send(order: "MergeOrdered | SplitOrdered", settings: Settings | None) -> None:
    asyncio.run(_publish(order, settings or Settings()))
    print(f"ordered; it is carried out within moments and told of in the topic identities as {order.id}")


async def _publish(order: "MergeOrdered | SplitOrdered", settings: Settings) -> None:
    from streams.topics.orders import order_record
    from streams.topics.publisher import Publisher

    publisher = Publisher(settings.broker, idempotent=settings.idempotent_producer)
    try:
        await publisher.publish([order_record(order, settings.customer_partitions)], DEADLINE)
    finally:
        await publisher.stop()


async def _shown(identifier: str, settings: Settings) -> "Profile":
    from caudal.lookup import whose
    from gateway.desk import profile

    return profile(identifier, await whose(identifier, settings))


def _readable(found: "Profile") -> str:
    consents = ", ".join(f"{purpose} {'granted' if yes else 'denied'}" for purpose, yes in found.consents.items())
    lines = [
        f"customer {printable(found.customer)} · {found.stage} · {found.events:,} events, {found.orders:,} purchases",
        f"consents {consents or 'none'}",
    ]
    if found.households:
        lines.append(f"households {', '.join(map(printable, found.households))}")
    for one in found.identifiers:
        why = f" ({one.reason})" if one.reason else ""
        sure = f", {one.confidence:.0%} sure" if one.confidence < 1 else ""
        lines.append(f"  {one.standing}{why} {printable(one.identifier)} since message {printable(one.source)}{sure}")
    return "\n".join(lines)
