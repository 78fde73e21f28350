"""Is this Redis fit to keep state? Looked at when a worker starts, and while it runs: better none than lost customers.

In a cluster every primary is looked at.
"""

import asyncio
from contextlib import suppress
from itertools import pairwise
from typing import Never, cast

from streams.state import StateUnavailable
from streams.state.advice import ADVICE, NO_SUCH_DATABASE
from streams.state.calls import Calls
from streams.state.cluster import NO_CLUSTER, SINGLE

OLDEST = 7
"""Oldest major version we run on; Valkey calls its first 7.2."""

LOOK_EVERY = 10.0
"""Seconds between two looks while running: whoever sets up a Redis anew begins with a limit, and fills it later."""

_HOPELESS = (NO_SUCH_DATABASE, ADVICE["NOAUTH"], ADVICE["WRONGPASS"])
"""What no waiting mends: the setting has to be mended."""

Information = dict[str, str]
"""What INFO tells of one server."""


class UnfitRedis(Exception):
    """This Redis would lose state, or lacks what we need. The message says what to change."""


async def check_fit(calls: Calls) -> None:
    """Raises UnfitRedis, StateUnavailable. A server that does not let us look is taken as it is."""
    try:
        await _check_seeds(calls)
        await _check_servers(calls)
    except StateUnavailable as fault:
        if any(words in str(fault) for words in _HOPELESS):
            raise UnfitRedis(str(fault)) from fault
        if ADVICE["NOPERM"] not in str(fault):
            raise


async def watch_fit(calls: Calls, every: float = LOOK_EVERY) -> Never:
    """Raises UnfitRedis as soon as a server would forget state. every: seconds; one that is away says nothing."""
    while True:
        await asyncio.sleep(every)
        with suppress(StateUnavailable):
            await _check_servers(calls)


async def _check_servers(calls: Calls) -> None:
    for place, told in await calls.at_every_primary(b"INFO"):
        _check_server(place, _information(cast(bytes, told)))


async def _check_seeds(calls: Calls) -> None:
    """Several servers in the URL have to be servers of one cluster. Those that are down are left out."""
    if len(calls.seeds) == 1:
        return
    known: dict[str, set[str]] = {}
    for node in calls.seeds.values():
        try:
            told = cast(bytes, await calls.at(node, b"CLUSTER", b"NODES")).decode()
        except StateUnavailable as fault:
            if any(words in str(fault) for words in NO_CLUSTER):
                raise UnfitRedis(f"{node.place} {SINGLE}") from fault
            if NO_SUCH_DATABASE in str(fault):
                raise
            continue
        known[node.place] = {line.split(" ", 1)[0] for line in told.splitlines()}
    for first, place in pairwise(known):
        if known[first].isdisjoint(known[place]):
            raise UnfitRedis(
                f"{first} and {place} belong to two clusters, or have not met yet: name servers of one in "
                "CAUDAL_REDIS_URL, or make them meet (CLUSTER MEET)"
            )


def _check_server(place: str, info: Information) -> None:
    version = info.get("redis_version", "")
    if version and int(version.split(".", 1)[0]) < OLDEST:
        raise UnfitRedis(f"{place} is version {version}; {OLDEST}.0 or later is needed, or Valkey")
    policy = info.get("maxmemory_policy", "")
    if policy.startswith("allkeys"):
        raise UnfitRedis(
            f"{place} has maxmemory-policy {policy}: when it is full it would silently forget customers, and "
            "what was sent to them. Set `maxmemory-policy noeviction` (redis.conf, or CONFIG SET)"
        )
    if policy.startswith("volatile") and info.get("maxmemory", "0") != "0":
        raise UnfitRedis(
            f"{place} has maxmemory-policy {policy} and a memory limit: when it is full it would forget inboxes "
            "and which pushes were delivered. Set `maxmemory-policy noeviction` (redis.conf, or CONFIG SET)"
        )


def _information(told: bytes) -> Information:
    lines = told.decode(errors="replace").splitlines()
    return {name: value.strip() for name, _, value in (line.partition(":") for line in lines)}
