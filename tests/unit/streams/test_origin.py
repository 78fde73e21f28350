"""Where a record came from, through its header and back."""

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.origin import (
    ALSO,
    REPLAY,
    Origin,
    origin_header,
    read_also,
    read_origin,
    read_replay,
    unmarked_header,
)
from streams.topics.records import ORIGIN, Headers


@given(st.sampled_from(["events.web", "events.app", "deliveries"]), st.integers(0, 10_000), st.integers(0, 2**62))
def test_an_origin_survives_its_header(topic: str, partition: int, offset: int) -> None:
    header = origin_header(topic, partition, offset)
    assert read_origin([("trace", b"x"), header]) == Origin((topic, partition), offset)


@given(st.binary(max_size=40))
def test_a_foreign_producers_header_never_raises(value: bytes) -> None:
    origin = read_origin([(ORIGIN, value)])
    assert origin is None or isinstance(origin.offset, int)


def test_a_number_of_thousands_of_digits_is_no_offset() -> None:
    assert read_origin([(ORIGIN, b"events.web/0/" + b"9" * 5_000)]) is None
    assert read_origin([(ORIGIN, b"events.web/" + b"9" * 5_000 + b"/0")]) is None


@pytest.mark.parametrize("read", [read_origin, read_replay, read_also])
def test_a_header_without_a_value_says_nothing(read: Callable[[Headers], object]) -> None:
    assert not read([(ORIGIN, None), (REPLAY, None), (ALSO, None)])


def test_a_record_without_the_header_has_no_origin() -> None:
    assert read_origin([]) is None


def test_a_timers_record_is_from_no_source_partition() -> None:
    assert read_origin([unmarked_header()]) == Origin(None, 0)
