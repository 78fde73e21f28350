"""Who waits for a reply waits so long and no longer, and is not told that none came where it lies there unread."""

import asyncio
import socket
import time
from collections.abc import Callable

import pytest
import uvloop

from streams.state.deadlines import Deadlines

LOOPS = pytest.mark.parametrize("loop", [asyncio.new_event_loop, uvloop.new_event_loop])

WAIT = 0.02
"""Seconds that a reply may take."""


@LOOPS
def test_what_came_while_the_process_was_busy_is_in_time(loop: Callable[[], asyncio.AbstractEventLoop]) -> None:
    async def asked() -> object:
        running = asyncio.get_running_loop()
        (ours, theirs), (work, orders) = socket.socketpair(), socket.socketpair()
        reply: asyncio.Future[object] = running.create_future()

        def busy() -> None:
            work.recv(9)
            theirs.send(b"here")
            time.sleep(3 * WAIT)

        running.add_reader(ours, lambda: reply.set_result(ours.recv(9)))
        running.add_reader(work, busy)
        orders.send(b"go")
        Deadlines().watch(reply, running.time() + WAIT)
        try:
            return await reply
        finally:
            for end in (ours, work):
                running.remove_reader(end)
            for end in (ours, theirs, work, orders):
                end.close()

    with asyncio.Runner(loop_factory=loop) as runner:
        assert runner.run(asked()) == b"here"


@LOOPS
def test_each_that_does_not_come_is_given_up_in_its_turn(loop: Callable[[], asyncio.AbstractEventLoop]) -> None:
    async def asked() -> list[bool]:
        running, deadlines = asyncio.get_running_loop(), Deadlines()
        replies: list[asyncio.Future[object]] = [running.create_future() for _ in range(3)]
        for turn, reply in enumerate(replies, 1):
            deadlines.watch(reply, running.time() + turn * WAIT)
        replies[1].set_result("came")
        told = await asyncio.gather(*replies, return_exceptions=True)
        return [isinstance(reply, TimeoutError) for reply in told]

    with asyncio.Runner(loop_factory=loop) as runner:
        assert runner.run(asked()) == [True, False, True]


async def test_replies_that_came_are_let_go_of() -> None:
    running, deadlines = asyncio.get_running_loop(), Deadlines()
    for _ in range(100):
        reply: asyncio.Future[object] = running.create_future()
        deadlines.watch(reply, running.time() + 60)
        reply.set_result("large")
    assert len(deadlines._waiting) == 1
    deadlines.close()
