"""Splitting a batch that strict JSON refuses, so that one unreadable event costs none of its neighbours.

A lone surrogate of a truncated emoji or a NaN out of a spreadsheet makes the whole body malformed. The standard
library's lenient scanner still finds where each event begins and ends: slowly, and only after the fast way failed.
"""

import json
import re

_SPACE = re.compile(r"[ \t\n\r]*")
_decoder = json.JSONDecoder(strict=False)


def salvage_batch(body: bytes) -> dict[str, list[bytes] | bytes]:
    """The top-level values of a batch as raw bytes by key; `batch` as the list of its events' raw bytes.

    Raises ValueError or RecursionError where not even the outline can be read.
    """
    text = body.decode("utf-8", "surrogateescape")
    found, at = _outline(text)
    if _space(text, at) != len(text):
        raise ValueError(f"something follows the batch at character {at}")
    return found


def _outline(text: str) -> tuple[dict[str, list[bytes] | bytes], int]:
    """The top-level values and the place behind the closing brace."""
    found: dict[str, list[bytes] | bytes] = {}
    at = _expect(text, 0, "{")
    if text[at : at + 1] == "}":
        return found, at + 1
    while True:
        key, at = _decoder.raw_decode(text, at)
        at = _expect(text, at, ":")
        if key == "batch" and text[at : at + 1] == "[":
            events, at = _array(text, at)
            found["batch"] = events
        else:
            start, (_, at) = at, _decoder.raw_decode(text, at)
            found[str(key)] = _bytes(text[start:at])
        at = _space(text, at)
        if text[at : at + 1] == "}":
            return found, at + 1
        at = _expect(text, at, ",")


def _array(text: str, at: int) -> tuple[list[bytes], int]:
    """The items' bytes and the place behind the closing bracket."""
    events: list[bytes] = []
    at = _expect(text, at, "[")
    if text[at : at + 1] == "]":
        return events, at + 1
    while True:
        start, (_, at) = at, _decoder.raw_decode(text, at)
        events.append(_bytes(text[start:at]))
        at = _space(text, at)
        if text[at : at + 1] == "]":
            return events, at + 1
        at = _expect(text, at, ",")


def _bytes(text: str) -> bytes:
    return text.encode("utf-8", "surrogateescape")


def _space(text: str, at: int) -> int:
    space = _SPACE.match(text, at)
    return space.end() if space else at


def _expect(text: str, at: int, sign: str) -> int:
    """The place after the sign and the space around it."""
    at = _space(text, at)
    if text[at : at + 1] != sign:
        raise ValueError(f"expected {sign!r} at character {at}")
    return _space(text, at + 1)
