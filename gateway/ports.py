"""What the gateway asks of the world outside, so that tests and the composition root may choose who answers."""

from collections.abc import Sequence
from typing import Protocol

from recommender.model import Model
from streams.topics.publisher import Record


class Publishing(Protocol):
    """Writing to Kafka; `streams.topics.publisher.Publisher` is the real one."""

    async def publish(self, records: Sequence[Record], timeout: float) -> None:
        """Returns when all are acknowledged. Raises PublishFailed within `timeout` seconds."""
        ...

    async def ping(self, timeout: float) -> None:
        """Raises PublishFailed."""
        ...


class Models(Protocol):
    """The model that serves now; `streams.state.models.ModelShelf` is the real one."""

    @property
    def current(self) -> Model: ...
