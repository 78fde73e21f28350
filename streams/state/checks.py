"""Is this Redis fit to keep state? Looked at once, at the start: better no start than customers that vanish."""

from typing import cast

from streams.state import StateUnavailable
from streams.state.calls import Calls

OLDEST = 7
"""Oldest major version we run on; Valkey calls its first 7.2."""


class UnfitRedis(Exception):
    """This Redis would lose state, or lacks what we need. The message says what to change."""


async def check_fit(calls: Calls) -> None:
    """Raises UnfitRedis, StateUnavailable. A server that does not let us look is taken as it is."""
    version = await _info(calls, "server", "redis_version")
    if version and int(version.split(".", 1)[0]) < OLDEST:
        raise UnfitRedis(f"{calls.place} is version {version}; {OLDEST}.0 or later is needed, or Valkey")
    policy = await _info(calls, "memory", "maxmemory_policy")
    if policy.startswith("allkeys"):
        raise UnfitRedis(
            f"{calls.place} has maxmemory-policy {policy}: when it is full it would silently forget customers, and "
            "what was sent to them. Set `maxmemory-policy noeviction` (redis.conf, or CONFIG SET)"
        )
    if policy.startswith("volatile") and await _limited(calls):
        raise UnfitRedis(
            f"{calls.place} has maxmemory-policy {policy} and a memory limit: when it is full it would forget inboxes "
            "and which pushes were delivered. Set `maxmemory-policy noeviction` (redis.conf, or CONFIG SET)"
        )


async def _limited(calls: Calls) -> bool:
    return await _info(calls, "memory", "maxmemory") not in ("", "0")


async def _info(calls: Calls, section: str, name: str) -> str:
    """A line of INFO; "" where the server has none, or forbids INFO."""
    try:
        reply = cast(bytes, await calls.call(b"INFO", section))
    except StateUnavailable as fault:
        if "NOPERM" in str(fault):
            return ""
        raise
    for line in reply.decode(errors="replace").splitlines():
        field, _, value = line.partition(":")
        if field == name:
            return value.strip()
    return ""
