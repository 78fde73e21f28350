"""What the gateway asks of the world outside, so that tests and the composition root may choose who answers."""

from collections.abc import Sequence
from typing import Protocol

from recommender.serving import Serving
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
    """The models that serve now; `streams.state.models.ModelShelf` is the real one."""

    @property
    def serving(self) -> Serving: ...
