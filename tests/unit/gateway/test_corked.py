"""What is written in one turn of the event loop leaves in one piece, in order, and before the connection closes."""

import asyncio

from gateway.corked import Corked


class Wire(asyncio.Transport):
    """Remembers the pieces it was given."""

    def __init__(self) -> None:
        super().__init__()
        self.pieces: list[bytes] = []
        self.closed = False

    def write(self, data: bytes | bytearray | memoryview) -> None:
        assert not self.closed, "written to after it was closed"
        self.pieces.append(bytes(data))

    def close(self) -> None:
        self.closed = True

    def is_closing(self) -> bool:
        return self.closed


async def test_headers_and_body_leave_in_one_piece() -> None:
    wire = Wire()
    corked = Corked(wire, asyncio.get_running_loop())
    corked.write(b"headers, ")
    corked.write(b"body")
    assert wire.pieces == []
    await asyncio.sleep(0)
    assert wire.pieces == [b"headers, body"]


async def test_what_is_written_later_leaves_by_itself() -> None:
    wire = Wire()
    corked = Corked(wire, asyncio.get_running_loop())
    for piece in (b"first", b"second"):
        corked.write(piece)
        await asyncio.sleep(0)
    assert wire.pieces == [b"first", b"second"]


async def test_closing_sends_what_was_written() -> None:
    wire = Wire()
    corked = Corked(wire, asyncio.get_running_loop())
    corked.write(b"goodbye")
    corked.close()
    await asyncio.sleep(0)
    assert (wire.pieces, wire.closed) == ([b"goodbye"], True)


async def test_a_connection_that_is_gone_gets_nothing() -> None:
    wire = Wire()
    corked = Corked(wire, asyncio.get_running_loop())
    corked.write(b"too late")
    wire.close()
    await asyncio.sleep(0)
    assert wire.pieces == []
