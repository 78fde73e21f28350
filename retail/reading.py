"""Reading what anybody may have written: whatever is wrong with the bytes, one kind of error says so."""

from typing import TypeVar

import msgspec

T = TypeVar("T")


def read_json(decoder: msgspec.json.Decoder[T], raw: bytes) -> T:
    """Raises msgspec.DecodeError, and nothing else: msgspec itself lets two other kinds through."""
    try:
        return decoder.decode(raw)
    except (UnicodeDecodeError, RecursionError) as fault:
        raise msgspec.DecodeError(str(fault)) from fault
