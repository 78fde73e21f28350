"""Fault points: named places where a test can end the process, raise, or make it wait. Unarmed they do nothing.

Armed by the environment variable CAUDAL_FAULTS, `point=action` or `point=action@n`, comma separated: at the n-th
time (the first by default) that the point is reached `kill` ends the process as kill -9 would, `raise` raises
FaultRaised as a fault in our code would, `sleep:SECONDS` blocks the whole process, and `hang`
(at points that can wait) waits for ever while all else goes on. tests/chaos walks every point.
"""

import asyncio
import os
import signal
import time
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

VARIABLE = "CAUDAL_FAULTS"


class Point(StrEnum):
    """Every place, in the order in which an event meets them; the first two in a gateway, and in workers again."""

    PUBLISH_BEFORE_SEND = "publish.before_send"
    PUBLISH_BEFORE_ANSWER = "publish.before_answer"
    IDENTIFY_BEFORE_PUBLISH = "identify.before_publish"
    IDENTIFY_BEFORE_PROGRESS = "identify.before_progress"
    JOURNEY_BEFORE_LOAD = "journey.before_load"
    JOURNEY_BEFORE_FOLD = "journey.before_fold"
    JOURNEY_BEFORE_SLATES = "journey.before_slates"
    JOURNEY_BEFORE_COMMIT = "journey.before_commit"
    JOURNEY_AFTER_COMMIT = "journey.after_commit"
    JOURNEY_BEFORE_PROGRESS = "journey.before_progress"
    JOURNEY_IN_REPAIR = "journey.in_repair"
    RELAY_BEFORE_PUBLISH = "relay.before_publish"
    RELAY_BEFORE_FORGETTING = "relay.before_forgetting"
    DELIVER_BEFORE_POST = "deliver.before_post"
    DELIVER_BEFORE_REPORT = "deliver.before_report"
    DELIVER_BEFORE_PROGRESS = "deliver.before_progress"
    TIMERS_BEFORE_PUBLISH = "timers.before_publish"
    RESTORE_BETWEEN_PAGES = "restore.between_pages"
    SNAPSHOT_BEFORE_MARKER = "snapshot.before_marker"
    MODEL_BEFORE_SWAP = "model.before_swap"
    CONSUMER_BEFORE_ASSIGNMENT = "consumer.before_assignment"
    CONSUMER_BEFORE_DELIVERY = "consumer.before_delivery"


class FaultRaised(Exception):
    """What an armed point raises: stands for a mistake in our own code."""


class BadFaults(Exception):
    """CAUDAL_FAULTS cannot be read; the message says why."""


@dataclass
class Armed:
    """action: kill, raise, sleep or hang. seconds: of a sleep. left: times the point is still passed unharmed."""

    action: str
    seconds: float
    left: int


_armed: dict[Point, Armed] = {}


def arm(environment: Mapping[str, str]) -> None:
    """For composition roots, once. Raises BadFaults."""
    _armed.clear()
    for word in filter(None, environment.get(VARIABLE, "").split(",")):
        point, armed = _parse(word.strip())
        _armed[point] = armed


def reach(point: Point) -> None:
    """Passes a fault point. Raises FaultRaised where it is armed to."""
    if _armed:
        _meet(point)


async def reach_or_hang(point: Point) -> None:
    """As `reach`, where waiting is possible."""
    armed = _armed.get(point)
    if armed is not None and armed.action == "hang" and not armed.left:
        await asyncio.Event().wait()
    reach(point)


def _meet(point: Point) -> None:
    armed = _armed.get(point)
    if armed is None:
        return
    if armed.left:
        armed.left -= 1
        return
    del _armed[point]
    if armed.action == "kill":
        os.kill(os.getpid(), signal.SIGKILL)
    if armed.action == "sleep":
        time.sleep(armed.seconds)
        return
    raise FaultRaised(point)


def _parse(word: str) -> tuple[Point, Armed]:
    name, _, action = word.partition("=")
    action, _, times = action.partition("@")
    kind, _, seconds = action.partition(":")
    try:
        if kind not in ("kill", "raise", "sleep", "hang"):
            raise ValueError(f"{kind!r} is none of kill, raise, sleep:SECONDS, hang")
        return Point(name), Armed(kind, float(seconds or 0), int(times or 1) - 1)
    except ValueError as fault:
        raise BadFaults(f"{VARIABLE} holds {word!r}, which is not point=action@n: {fault}") from fault
