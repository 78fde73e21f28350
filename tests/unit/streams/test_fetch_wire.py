"""A fetch is read as the client itself reads it, in every version that we read ourselves."""

from io import BytesIO
from typing import Any

import pytest
from aiokafka.protocol import fetch
from hypothesis import given
from hypothesis import strategies as st

from streams.fetch_wire import NEWEST, OLDEST, LeanFetch, quick

OFFSETS = st.integers(-1, 2**62)
SMALL = st.integers(-1, 1000)
RECORDS = st.none() | st.binary(max_size=40)
ABORTED = st.none() | st.lists(st.tuples(OFFSETS, OFFSETS), max_size=3)


def partitions(version: int) -> st.SearchStrategy[tuple[Any, ...]]:
    """Fields of a partition, in the order of the version."""
    fields: list[st.SearchStrategy[Any]] = [st.integers(0, 500), SMALL, OFFSETS, OFFSETS]
    fields += [OFFSETS] if version >= 5 else []
    fields += [ABORTED]
    fields += [SMALL] if version >= 11 else []
    return st.tuples(*fields, RECORDS)


def response(version: int) -> Any:
    return getattr(fetch, f"FetchResponse_v{version}")


@given(st.data(), st.integers(OLDEST, NEWEST))
def test_an_answer_says_the_same_in_every_version(data: st.DataObject, version: int) -> None:
    topics = data.draw(
        st.lists(st.tuples(st.text(max_size=9), st.lists(partitions(version), max_size=5)), max_size=3), "topics"
    )
    head = (7,) if version < 7 else (7, 0, 3)
    known = response(version)
    raw = known(*head, topics).encode()
    ours, theirs = quick(known).decode(BytesIO(raw)), known.decode(BytesIO(raw))
    assert vars(ours) == vars(theirs)


@pytest.mark.parametrize("version", [OLDEST, NEWEST])
def test_a_request_is_the_clients_own_and_its_answer_is_read_by_us(version: int) -> None:
    request = fetch.FetchRequest(500, 1, 1 << 20, 0, [("events.web", [(3, 41, 1 << 20)])])
    theirs = request.prepare({1: (version, version)})
    ours = LeanFetch.of(request).prepare({1: (version, version)})
    assert ours.encode() == theirs.encode()
    assert ours.RESPONSE_TYPE is quick(response(version))
    assert theirs.RESPONSE_TYPE is response(version)


def test_an_answer_that_is_cut_short_is_refused() -> None:
    known = response(NEWEST)
    raw = known(7, 0, 3, [("events.web", [(3, 0, 9, 9, 0, None, -1, b"records")])]).encode()
    for length in range(len(raw)):
        with pytest.raises(Exception, match=r"requires a buffer|cut short"):
            quick(known).decode(BytesIO(raw[:length]))
