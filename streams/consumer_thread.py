"""Faust's consumer thread, fetching at our pace, and telling what the client knows of each partition.

It waits for a Kafka that is away when it starts, reads what is committed, waits at the broker as long as the settings
say, and looks less often at what cannot have changed.
"""

import asyncio
from typing import Any, cast

from aiokafka import AIOKafkaConsumer
from aiokafka.errors import KafkaError
from faust.transport.consumer import ensure_TPset
from faust.transport.drivers import aiokafka as driver
from faust.types import TP

from streams.fetch_scan import FetchScan
from streams.fetches import Fetches
from streams.patience import patiently
from streams.received import BareResults
from streams.topics import CUSTOMER_EVENTS
from streams.topics.inflated import bound_batches
from streams.topics.pace import Pace
from streams.topics.records import PublishFailed

CONNECT_TIMEOUT = 5.0
"""Seconds that one attempt to connect may take; a host that swallows everything is asked again after them."""


class PacedThread(driver.AIOKafkaConsumerThread):
    """Fetches as `streams.fetches` and `streams.fetch_scan` say: Faust has a wait of 1.5 s and no pace written in."""

    _assigned: tuple[object, frozenset[TP]] = (None, frozenset())

    async def on_start(self) -> None:
        """Faust asks once, and ends the worker where Kafka is away just then."""
        await patiently("kafka", self._connect)
        if self._consumer is not None:
            fetcher = self._consumer._fetcher  # noqa: SLF001 - made by the start
            FetchScan.install(fetcher)
            BareResults.install(fetcher)

    async def _connect(self) -> None:
        """Raises PublishFailed; returns without a consumer where the worker is told to stop meanwhile."""
        if self.should_stop:
            return
        try:
            await asyncio.wait_for(super().on_start(), CONNECT_TIMEOUT)
        except (KafkaError, OSError) as fault:
            consumer, self._consumer = self._ensure_consumer(), None
            await consumer.stop()
            raise PublishFailed(f"the consumer cannot reach Kafka: {fault!r}") from fault

    def assignment(self) -> set[TP]:
        """Asked for ten times a second; converted, partition by partition, when it has changed."""
        known = self._ensure_consumer().assignment()
        if known is not self._assigned[0]:
            self._assigned = known, frozenset(ensure_TPset(known))
        return set(self._assigned[1])

    def read_to(self, partition: TP) -> int | None:
        """The offset after the last that was taken out of a partition; None where it is not known yet."""
        state = self._state(partition)
        return state.position if state is not None and state.has_valid_position else None

    def end(self, partition: TP) -> int | None:
        """Where the log ended at the last fetch for who reads what is committed: before the first transaction that is
        still open. Asked for every partition several times a second."""
        state = self._state(partition)
        if state is None or state.highwater is None:
            return None
        end, stable = state.highwater, state.lso
        return cast(int, end if stable is None or stable < 0 else min(end, stable))

    def _state(self, partition: TP) -> Any:
        """The client's record of a partition; None where it is not ours, or not yet. Without the client's own ways,
        which look three times whether it is assigned."""
        subscription = self._ensure_consumer()._subscription.subscription  # noqa: SLF001
        assignment = None if subscription is None else subscription.assignment
        return None if assignment is None else assignment.state_value(partition)

    def _create_worker_consumer(self, transport: Any) -> AIOKafkaConsumer:
        bound_batches()
        consumer = super()._create_worker_consumer(transport)
        consumer._isolation_level = "read_committed"  # noqa: SLF001 - Faust ties it to transactions of its own
        consumer._fetch_max_wait_ms = transport.fetch_wait_ms  # noqa: SLF001 - Faust gives no way to say it
        client = consumer._client  # noqa: SLF001 - aiokafka asks again when the last was read, for all there is
        client.send = Fetches(client.send, Pace(transport.pace), {CUSTOMER_EVENTS.name}).send
        return consumer
