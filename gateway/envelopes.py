"""The outline of what senders post: a batch taken apart without re-encoding its events, and each event completed.

An event stays the bytes its sender wrote; what it lacks (`type`, `context`, `sentAt`, `messageId`) is spliced in
before the closing brace, where a repeated JSON key wins over an earlier one.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import msgspec
from msgspec import UNSET, Raw, UnsetType

from gateway.errors import Refused
from gateway.message_ids import new_message_id
from gateway.salvage import salvage_batch
from retail.errors import EventRefused
from retail.identifiers import Identifiers, resolve
from retail.wire.envelope import device_id

LONGEST_SENT_AT = 64
"""Bytes of a batch's `sentAt`; anything longer is no time and is not copied into every event."""


MALFORMED = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)
"""What a decoder raises on bytes that are no JSON of ours."""


class Shared(NamedTuple):
    """What a batch says once for all its events, as raw JSON; kind: the type that the path implies."""

    sent_at: bytes = b""
    context: bytes = b""
    kind: bytes = b""


NOTHING = Shared()


def _as_sent(raw: bytes) -> tuple[bytes]:
    return (raw,)


@dataclass(frozen=True)
class Batch:
    """events: raw JSON of each. write_key: "" where the body carries none. alone: a single event, not a list of one.

    read: makes of what was sent the JSON of one event or more; raises EventRefused.
    """

    events: Sequence[bytes | Raw]
    shared: Shared
    write_key: str
    alone: bool = False
    read: Callable[[bytes], Sequence[bytes]] = _as_sent


class Completed(NamedTuple):
    """key: the strongest identifier. value: the event, complete."""

    key: bytes
    value: bytes


class _Outline(msgspec.Struct, rename="camel"):
    batch: list[Raw]
    sent_at: Raw | UnsetType = UNSET
    context: Raw | UnsetType = UNSET
    write_key: Raw | UnsetType = UNSET


class _Item(msgspec.Struct, rename="camel", gc=False):
    user_id: str | None = None
    anonymous_id: str | None = None
    loyalty_card: str | None = None
    message_id: str | None = None
    type: str | None = None
    sent_at: Raw | UnsetType = UNSET
    context: Raw | UnsetType = UNSET


class _Named(msgspec.Struct, rename="camel"):
    loyalty_card: str | None = None
    email_hash: str | None = None
    phone_hash: str | None = None
    payment_token: str | None = None
    beacon_tag: str | None = None
    device: Raw = Raw()


class _Keyed(msgspec.Struct, rename="camel"):
    write_key: Raw | UnsetType = UNSET


_outline = msgspec.json.Decoder(_Outline)
_item = msgspec.json.Decoder(_Item)
_named = msgspec.json.Decoder(_Named)
_keyed = msgspec.json.Decoder(_Keyed)


def open_batch(body: bytes) -> Batch:
    """Raises Refused (400) where the body is no JSON object with a list `batch`."""
    try:
        outline = _outline.decode(body)
    except msgspec.ValidationError as fault:
        raise Refused(400, "wrong_type", f'A batch is {{"batch": [event, ...]}}: {fault}.') from None
    except MALFORMED as fault:
        return _salvaged(body, fault)
    shared = Shared(_sent_at(_raw(outline.sent_at)), _object(_raw(outline.context)))
    return Batch(outline.batch, shared, _text(_raw(outline.write_key)))


def open_single(body: bytes, kind: str) -> Batch:
    """One event as a batch of itself. kind: its type where it names none. Raises Refused (400)."""
    try:
        keyed = _keyed.decode(body)
    except msgspec.ValidationError as fault:
        raise Refused(400, "wrong_type", f"An event is one JSON object: {fault}.") from None
    except MALFORMED as fault:
        raise malformed_json(fault) from None
    return Batch([body.strip()], Shared(kind=kind.encode()), _text(_raw(keyed.write_key)), alone=True)


def complete(raw: bytes, shared: Shared, received: int) -> Completed:
    """The event with what it lacks. received: milliseconds. Raises EventRefused."""
    item = _decoded(raw)
    key = resolve(_identifiers(item, shared))
    missing = _missing(item, shared, received)
    return Completed(key.encode(), raw[:-1] + missing + b"}" if missing else raw)


def malformed_json(fault: Exception) -> Refused:
    said = "nested too deeply" if isinstance(fault, RecursionError) else str(fault)
    return Refused(400, "malformed_json", f"The body is not JSON: {said}. Nothing of it was accepted.")


def _decoded(raw: bytes) -> _Item:
    try:
        return _item.decode(raw)
    except msgspec.ValidationError as fault:
        raise EventRefused("wrong_type", str(fault)) from None
    except MALFORMED as fault:
        raise EventRefused("malformed_json", str(fault)) from None


def _identifiers(item: _Item, shared: Shared) -> Identifiers:
    """Those in the context, where client libraries have room for them, are looked for where no user id is."""
    context = b"" if item.user_id else _raw(item.context)
    if context in _ABSENT and not item.user_id:
        context = shared.context
    if context in _ABSENT:
        return Identifiers(item.user_id, item.loyalty_card, item.anonymous_id)
    try:
        given = _named.decode(context)
    except MALFORMED as fault:
        raise EventRefused("wrong_type", f"in context: {fault}") from None
    return Identifiers(
        card=item.loyalty_card or given.loyalty_card,
        anonymous=item.anonymous_id,
        email=given.email_hash,
        phone=given.phone_hash,
        payment=given.payment_token,
        device=device_id(given.device),
        tag=given.beacon_tag,
    )


def _missing(item: _Item, shared: Shared, received: int) -> bytes:
    """What is spliced in before the closing brace; an event with an identifier is never the empty object."""
    if item.message_id and shared == NOTHING:
        return b""
    parts = []
    if shared.kind and not item.type:
        parts.append(b',"type":"%b"' % shared.kind)
    if shared.context and _raw(item.context) in _ABSENT:
        parts.append(b',"context":' + shared.context)
    if shared.sent_at and _raw(item.sent_at) in _ABSENT:
        parts.append(b',"sentAt":' + shared.sent_at)
    if not item.message_id:
        parts.append(b',"messageId":"%b"' % new_message_id(received).encode())
    return b"".join(parts)


def _salvaged(body: bytes, fault: Exception) -> Batch:
    """The batch of a body that strict JSON refuses; each event is then judged by itself."""
    try:
        found = salvage_batch(body)
    except (ValueError, RecursionError):
        raise malformed_json(fault) from None
    events = found.get("batch")
    if not isinstance(events, list):
        raise Refused(400, "wrong_type", 'A batch is {"batch": [event, ...]}: `batch` is missing or no list.')
    values = {key: value for key, value in found.items() if isinstance(value, bytes)}
    shared = Shared(_sent_at(values.get("sentAt", b"")), _object(values.get("context", b"")))
    return Batch(events, shared, _text(values.get("writeKey", b"")))


_ABSENT = (b"", b"null", b'""')


def _raw(value: Raw | UnsetType) -> bytes:
    return b"" if value is UNSET else bytes(value)


def _sent_at(raw: bytes) -> bytes:
    if len(raw) > LONGEST_SENT_AT:
        return b""
    return raw if raw[:1] == b'"' or raw[:1].isdigit() else b""


def _object(raw: bytes) -> bytes:
    return raw if raw[:1] == b"{" else b""


def _text(raw: bytes) -> str:
    try:
        return msgspec.json.decode(raw, type=str) if raw else ""
    except MALFORMED:
        return ""
