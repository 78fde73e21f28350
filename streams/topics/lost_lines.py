"""A line to Kafka that was lost a moment ago: uvloop says so by a RuntimeError, which the client takes for its own end.

A consumer whose request met it would never fetch again, a producer never send, and nobody would be told. As a lost
connection it is what the client knows to renew (aiokafka 0.14: `AIOKafkaConnection.send` heeds an OSError only).
"""

from typing import Any

from aiokafka.conn import AIOKafkaConnection, CloseReason
from aiokafka.errors import KafkaConnectionError

_client_send = AIOKafkaConnection.send


def heed_lost_lines() -> None:
    """For all clients of this process; where uvloop is chosen. A second call changes nothing."""
    AIOKafkaConnection.send = _send


def _send(line: AIOKafkaConnection, request: Any, expect_response: bool = True) -> Any:
    """Raises KafkaConnectionError."""
    try:
        return _client_send(line, request, expect_response)
    except RuntimeError as fault:
        line.close(reason=CloseReason.CONNECTION_BROKEN)
        raise KafkaConnectionError(f"the connection to {line.host}:{line.port} is lost: {fault}") from fault
