"""The attribution token: what an answer showed, where and with what probability, for the client to send back.

A token is `base64url(seal + msgpack)` without padding: 8 bytes of keyed BLAKE2b over the rest, so that what was not
answered by this shop's gateways, or was cut, is refused. It says what was shown, nothing of whom.
"""

from base64 import urlsafe_b64decode, urlsafe_b64encode
from binascii import Error
from hashlib import blake2b

import msgspec

from retail.errors import EventRefused

SEAL = 8
"""Bytes of the seal: a forger needs 2^63 tries, each a request."""

LONGEST = 8192
"""Characters of a token at most: a slate of a hundred items with long ids."""


class Draw(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """A place that was left to chance. place: from 0. items: what could have stood there, the ranked one first.

    rate: the probability that it is not the ranked one; each of the others is then equally likely.
    """

    place: int
    items: tuple[str, ...]
    rate: float

    def probabilities(self) -> tuple[float, ...]:
        """Of each of `items`, as the answer was drawn."""
        others = len(self.items) - 1
        return (1.0 - self.rate, *(self.rate / others for _ in range(others)))


class Shown(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """One answer. answer: its id, 32 hexadecimal digits. at: when it was given, milliseconds. items: in their places.

    sources: of each item. draws: the places left to chance; what stands anywhere else was certain.
    """

    answer: str
    at: int
    placement: str
    items: tuple[str, ...]
    sources: tuple[str, ...]
    model: str = ""
    store: str = ""
    draws: tuple[Draw, ...] = ()


class _Packed(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """sources: each name once; by: the place in it of each item's."""

    answer: bytes
    at: int
    placement: str
    store: str
    model: str
    items: tuple[str, ...]
    sources: tuple[str, ...]
    by: bytes
    draws: tuple[Draw, ...]


_encoder = msgspec.msgpack.Encoder()
_decoder = msgspec.msgpack.Decoder(_Packed)


def seal(shown: Shown, key: bytes) -> str:
    """The token. key: the shop's secret, at most 64 bytes; empty, the seal finds accidents only."""
    names = tuple(dict.fromkeys(shown.sources))
    packed = _Packed(
        bytes.fromhex(shown.answer),
        shown.at,
        shown.placement,
        shown.store,
        shown.model,
        shown.items,
        names,
        bytes(map(names.index, shown.sources)),
        shown.draws,
    )
    body = _encoder.encode(packed)
    return urlsafe_b64encode(_seal(body, key) + body).rstrip(b"=").decode()


def unseal(token: str, key: bytes) -> Shown:
    """Raises EventRefused: `malformed_attribution`, `forged_attribution`."""
    try:
        raw = urlsafe_b64decode(token + "=" * (-len(token) % 4)) if len(token) <= LONGEST else b""
        packed = _decoder.decode(raw[SEAL:])
        shown = _shown(packed)
    except (Error, ValueError, IndexError, msgspec.DecodeError) as fault:
        message = "properties.attribution: no token of an answer; send back what /v1/recommendations gave, unchanged"
        raise EventRefused("malformed_attribution", message) from fault
    if raw[:SEAL] != _seal(raw[SEAL:], key):
        message = (
            "properties.attribution: its seal is not this shop's; it was changed on the way, or gateways and workers "
            "have different CAUDAL_ATTRIBUTION_KEY"
        )
        raise EventRefused("forged_attribution", message)
    return shown


def _shown(packed: _Packed) -> Shown:
    if len(packed.by) != len(packed.items) or len(packed.answer) != 16 or packed.at < 0:
        raise ValueError("fields that do not fit together")
    if not all(_is_possible(draw, packed.items) for draw in packed.draws):
        raise ValueError("a draw that cannot have been")
    return Shown(
        answer=packed.answer.hex(),
        at=packed.at,
        placement=packed.placement,
        items=packed.items,
        sources=tuple(packed.sources[number] for number in packed.by),
        model=packed.model,
        store=packed.store,
        draws=packed.draws,
    )


def _is_possible(draw: Draw, items: tuple[str, ...]) -> bool:
    return (
        0 <= draw.place < len(items)
        and len(draw.items) > 1
        and items[draw.place] in draw.items
        and 0.0 < draw.rate <= 1.0
    )


def _seal(body: bytes, key: bytes) -> bytes:
    return blake2b(body, digest_size=SEAL, key=key).digest()
