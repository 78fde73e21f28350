"""A line that was lost a moment ago is renewed, not the end of a consumer."""

import asyncio
import contextlib

import pytest
import uvloop
from aiokafka.conn import AIOKafkaConnection
from aiokafka.errors import KafkaConnectionError
from aiokafka.protocol.metadata import MetadataRequest

from streams.topics.lost_lines import heed_lost_lines


async def ask_over_a_lost_line() -> None:
    """Before anybody has noticed that it is lost. Raises what the client raises."""
    server = await asyncio.start_server(lambda _reader, writer: writer.close(), "127.0.0.1", 0)
    host, port = server.sockets[0].getsockname()
    line = AIOKafkaConnection(host, port)
    _, line._writer = await asyncio.open_connection(host, port)
    line._versions = {MetadataRequest.API_KEY: (0, 1)} if hasattr(MetadataRequest, "API_KEY") else {3: (0, 1)}
    line._writer.transport.abort()
    await asyncio.sleep(0)
    try:
        await line.send(MetadataRequest([]))
    finally:
        server.close()
        with contextlib.suppress(ConnectionError):
            await server.wait_closed()


def test_a_request_over_a_line_that_was_just_lost_fails_as_one_that_is_renewed() -> None:
    heed_lost_lines()
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner, pytest.raises(KafkaConnectionError):
        runner.run(ask_over_a_lost_line())
