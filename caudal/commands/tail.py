"""`caudal tail`."""

import asyncio
import sys
from contextlib import aclosing
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated, Literal

import msgspec
from cyclopts import Parameter
from cyclopts.validators import Number

from caudal.text import printable
from streams.settings import Settings

if TYPE_CHECKING:
    from collections.abc import Callable

    from retail.events import Event
    from streams.rejects import Filed
    from streams.tail import Told

SHOWN = 200
"""Characters of a reject's bytes on its line."""

ENVELOPE = frozenset({"event", "id", "customer", "channel", "at", "received", "name"})
"""Fields that have their own place on the line, or none."""


def tail(
    *,
    customer: str = "",
    only: Literal["good", "bad"] | None = None,
    count: Annotated[int, Parameter(validator=Number(gte=0))] = 0,
    json: Annotated[bool, Parameter(negative="")] = False,
    settings: Annotated[Settings | None, Parameter(name="*")] = None,
) -> None:
    """Show events as they come in, the good ones and the bad ones with their reasons, until Ctrl-C.

    A test double for tracking: click through your site and see what arrives. Bytes of bad events may be personal.

    Parameters
    ----------
    customer
        Only what is known to be of this customer.
    only
        Only events that were accepted (good), or only those that were refused (bad).
    count
        End after so many; 0 for never.
    json
        One JSON object a line.
    """

    def wanted(told: "Told") -> bool:
        from streams.tail import customer_of, is_good

        return only in (None, "good" if is_good(told) else "bad") and customer in ("", customer_of(told))

    asyncio.run(_show(settings or Settings(), wanted, _object if json else line, count))


async def _show(
    settings: Settings,
    wanted: "Callable[[Told], bool]",
    shown: "Callable[[Told], str]",
    count: int,
) -> None:
    from streams.tail import tail as follow

    left = count
    async with aclosing(follow(settings)) as coming:
        async for told in coming:
            if told is None:
                print("watching", file=sys.stderr, flush=True)
                continue
            if not wanted(told):
                continue
            print(shown(told), flush=True)
            left -= 1
            if left == 0:
                return


def line(told: "Told") -> str:
    """On one line, without commands to a terminal."""
    from streams.rejects import Filed

    return printable(_reject(told) if isinstance(told, Filed) else _event(told))


def _event(event: "Event") -> str:
    fields = msgspec.to_builtins(event)
    name = fields.get("name") or fields["event"]
    rest = " ".join(f"{key}={value}" for key, value in fields.items() if key not in ENVELOPE)
    return f"{_clock(event.received)} good {event.channel:<7} {name}  {event.customer}  {rest}"


def _reject(filed: "Filed") -> str:
    rejected = filed.rejected
    raw = rejected.raw_bytes()[:SHOWN].decode(errors="backslashreplace")
    where = f"[{rejected.source}; caudal rejects show {filed.position}]"
    return f"{_clock(filed.at)} BAD  {rejected.reason}: {rejected.message} {where}  {raw}"


def _object(told: "Told") -> str:
    from streams.rejects import Filed

    if isinstance(told, Filed):
        said = {"good": False, "position": str(told.position), "reject": told.rejected}
        return msgspec.json.encode(said).decode()
    return msgspec.json.encode({"good": True, "event": told}).decode()


def _clock(milliseconds: int) -> str:
    try:
        return datetime.fromtimestamp(milliseconds / 1000, UTC).strftime("%H:%M:%S")
    except (OverflowError, ValueError, OSError):
        return "--:--:--"
