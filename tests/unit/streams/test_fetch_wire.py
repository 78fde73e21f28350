"""A fetch is written and read as the client itself does it, in every version that we know."""

from io import BytesIO
from typing import Any

import pytest
from aiokafka.protocol import fetch
from hypothesis import given
from hypothesis import strategies as st

from streams.fetch_wire import NEWEST, OLDEST, LeanFetch, Reader, Topics

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
    ours, theirs = Reader(known, {}).decode(BytesIO(raw)), known.decode(BytesIO(raw))
    assert vars(ours) == vars(theirs)


@given(st.data(), st.integers(OLDEST, NEWEST))
def test_only_who_says_nothing_new_is_left_out_of_an_answer(data: st.DataObject, version: int) -> None:
    told = data.draw(st.lists(partitions(version), max_size=5, unique_by=lambda fields: fields[0]), "partitions")
    ends = {fields[0]: data.draw(st.sampled_from((fields[2], 5)), "end") for fields in told}
    raw = response(version)(*((7,) if version < 7 else (7, 0, 3)), [("events.web", told)]).encode()
    [(_, found)] = Reader(response(version), {"events.web": ends}).decode(raw).topics
    assert [fields[0] for fields in found] == [fields[0] for fields in told if is_news(fields, ends, version)]


def is_news(fields: tuple[Any, ...], ends: dict[int, int], version: int) -> bool:
    number, error, end = fields[:3]
    aborted = fields[5 if version >= 5 else 4]
    return bool(fields[-1] or aborted or error or ends[number] != end)


REQUESTS = st.lists(
    st.tuples(st.text(max_size=9), st.lists(st.tuples(st.integers(0, 500), OFFSETS, st.integers(0, 2**30)))), max_size=3
)


@given(REQUESTS, st.integers(OLDEST, NEWEST))
def test_a_request_is_written_as_the_client_writes_it(topics: Topics, version: int) -> None:
    request = fetch.FetchRequest(500, 1, 1 << 20, 0, topics, rack_id="north")
    theirs = request.prepare({1: (version, version)})
    ours = LeanFetch.of(request).prepare({1: (version, version)})
    assert ours.encode() == theirs.encode()


def test_a_version_that_we_do_not_know_is_left_to_the_client() -> None:
    request = fetch.FetchRequest(500, 1, 1 << 20, 0, [("events.web", [(3, 41, 1 << 20)])])
    theirs, ours = (fetched.prepare({1: (3, 3)}) for fetched in (request, LeanFetch.of(request)))
    assert ours.encode() == theirs.encode()
    assert ours.RESPONSE_TYPE is theirs.RESPONSE_TYPE


def test_an_answer_that_is_cut_short_is_refused() -> None:
    known = response(NEWEST)
    raw = known(7, 0, 3, [("events.web", [(3, 0, 9, 9, 0, None, -1, b"records")])]).encode()
    for length in range(len(raw)):
        with pytest.raises(Exception, match=r"requires a buffer|cut short"):
            Reader(known, {}).decode(BytesIO(raw[:length]))
