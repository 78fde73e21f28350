"""Commits with defaults, for the tests of the state."""

from collections.abc import Mapping, Sequence

from streams.state import Commit, Outgoing, Source

WEB = ("events.web", 3)
"""A source partition."""


def commit(
    partition: int,
    first: int = 0,
    following: int | None = None,
    *,
    states: Mapping[str, bytes] | None = None,
    slates: Mapping[str, bytes] | None = None,
    marks: Mapping[Source, int] | None = None,
    outgoing: Sequence[Outgoing] = (),
    due: Mapping[str, int] | None = None,
) -> Commit:
    """One offset long unless told otherwise."""
    return Commit(
        partition=partition,
        first=first,
        next=first + 1 if following is None else following,
        marks=marks or {},
        states=states or {},
        slates=slates or {},
        outgoing=outgoing,
        due=due or {},
    )


def push_record(customer: str = "ana", value: bytes | None = b"push") -> Outgoing:
    return Outgoing("promotions", customer.encode(), value)
