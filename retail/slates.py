"""A ranked answer: which items, why each, and what was left out and why."""

from enum import StrEnum

import msgspec

from retail.reading import read_json


class Source(StrEnum):
    """Which source put an item on the slate; the reason a customer, a marketer and an engineer are told."""

    BOUGHT_BEFORE = "bought_before"
    SEEN_TOGETHER = "seen_together"
    TASTE = "taste"
    POPULAR_HERE = "popular_here"
    POPULAR = "popular"
    CATALOG = "catalog"
    SIMILAR_SESSIONS = "similar_sessions"
    FOLLOWED = "followed"
    LOOKED_AT = "looked_at"
    SIMILAR = "similar"
    PINNED = "pinned"
    EXPLORED = "explored"
    TRENDING = "trending"
    NEW = "new"


class Due(msgspec.Struct, frozen=True, omit_defaults=True, gc=False):
    """When a customer is likely to need something again. at: milliseconds. every: whole days between two purchases.
    times: purchases that tell it. category: of which it is told, "" for the item itself."""

    at: int
    every: int
    times: int
    category: str = ""


class Recommendation(msgspec.Struct, frozen=True, omit_defaults=True, gc=False):
    """because: the item of the customer's own history that led to it, where one did. rule: the id of the merchandising
    rule that pinned, boosted or buried it, "" for none. due: when it is needed again, where that is told."""

    item: str
    score: float
    source: Source
    because: str = ""
    rule: str = ""
    due: Due | None = None


class Dropped(msgspec.Struct, frozen=True, gc=False):
    """A candidate that was removed. reason: the filter's name."""

    item: str
    reason: str


class Slate(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """version: the customer's state version it was made from. fallback: why it is not personal, "" if it is."""

    customer: str
    placement: str
    at: int
    version: int
    model: str
    items: tuple[Recommendation, ...]
    dropped: tuple[Dropped, ...] = ()
    fallback: str = ""


_encoder = msgspec.json.Encoder()
_decoder = msgspec.json.Decoder(Slate)


def encode_slate(slate: Slate) -> bytes:
    return _encoder.encode(slate)


def decode_slate(raw: bytes) -> Slate:
    """One value of the `recommendations` topic. Raises msgspec.DecodeError."""
    return read_json(_decoder, raw)
