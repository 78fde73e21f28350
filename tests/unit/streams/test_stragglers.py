"""Who waits for a server that hangs is left behind: the others go on, and nothing of it is forgotten."""

import asyncio
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from streams.shares import shares
from streams.stragglers import PATIENCE, Stragglers

SERVERS = 3
"""Partition p is kept by server p % 3."""


@dataclass
class Town:
    """Three servers, a consumer that can leave out partitions, and an agent that needs a server for whatever it does.

    hung: servers that do not answer. done: by partition, in the order in which it was done.
    """

    answers: dict[int, asyncio.Event] = field(default_factory=lambda: defaultdict(asyncio.Event))
    hung: set[int] = field(default_factory=set)
    paused: set[int] = field(default_factory=set)
    done: dict[int, list[int]] = field(default_factory=lambda: defaultdict(list))

    def __post_init__(self) -> None:
        self.stragglers = Stragglers(lambda partition: 2 * PATIENCE if partition % SERVERS in self.hung else 0.0, self)

    def pause(self, partitions: Iterable[int]) -> None:
        self.paused.update(partitions)

    def resume(self, partitions: Iterable[int]) -> None:
        self.paused.difference_update(partitions)

    def hang(self, server: int) -> None:
        self.hung.add(server)

    def come_back(self, server: int) -> None:
        self.hung.discard(server)
        self.answers[server].set()

    async def brings(self, fetched: Mapping[int, Any]) -> None:
        """A fetch; returns as soon as the agent would take the next."""
        work: Any = self.stragglers.keep(fetched)
        split = shares(work, lambda partition: str(partition % SERVERS))
        await self.stragglers.round({tuple(share): self._do(share) for share in split}, self._do)

    async def _do(self, share: Mapping[int, Any]) -> None:
        for partition, records in share.items():
            if partition % SERVERS in self.hung:
                await self.answers[partition % SERVERS].wait()
            self.done[partition] += records

    async def settles(self) -> None:
        for _ in range(20):
            await asyncio.sleep(0)


async def test_while_one_server_hangs_the_partitions_of_the_others_go_on() -> None:
    town = Town()
    town.hang(1)
    for n in range(5):
        await town.brings({0: [n], 1: [n], 2: [n]})
    assert (town.done[0], town.done[1], town.done[2]) == ([0, 1, 2, 3, 4], [], [0, 1, 2, 3, 4])
    assert town.paused == {1}, "nothing more is fetched for it"


async def test_what_came_meanwhile_is_done_in_its_order_when_the_server_answers() -> None:
    town = Town()
    town.hang(1)
    for n in range(4):
        await town.brings({1: [n], 4: [10 + n]})
    assert not town.done
    town.come_back(1)
    await town.settles()
    assert (town.done[1], town.done[4]) == ([0, 1, 2, 3], [10, 11, 12, 13])
    assert not town.paused
    await town.brings({1: [4]})
    assert town.done[1] == [0, 1, 2, 3, 4], "it is one of the others again"


async def test_servers_that_hang_do_not_wait_for_each_other() -> None:
    town = Town()
    town.hang(0)
    town.hang(1)
    await town.brings({0: [1], 1: [1], 2: [1]})
    town.come_back(1)
    await town.settles()
    assert (town.done[0], town.done[1], town.done[2]) == ([], [1], [1])
    assert town.paused == {0}
    town.stragglers.close()


async def test_a_straggler_that_is_lost_does_nothing_more_and_is_begun_anew_when_it_comes_back() -> None:
    town = Town()
    town.hang(1)
    await town.brings({1: [1]})
    await town.brings({1: [2]})
    town.stragglers.lost([1])
    town.come_back(1)
    await town.settles()
    assert not town.done[1], "whoever has it now does it"
    assert 1 not in town.stragglers
    await town.brings({1: [1, 2]})
    assert town.done[1] == [1, 2]


async def test_an_agent_that_is_stopped_stops_what_it_waits_for() -> None:
    town = Town()
    waiting = asyncio.ensure_future(_never_ends(town))
    await town.settles()
    waiting.cancel()
    await asyncio.wait([waiting])
    await town.settles()
    assert waiting.cancelled()
    assert len(asyncio.all_tasks()) == 1


async def _never_ends(town: Town) -> None:
    await town.stragglers.round({(0,): asyncio.sleep(3600)}, town._do)
