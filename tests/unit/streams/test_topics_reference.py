from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from retail.reference import Reference
from streams.topics import REFERENCE
from streams.topics.reference import SHELVES, UnreadableRecord

TOPICS = sorted(topic.name for topic in REFERENCE)


@pytest.mark.parametrize("topic", TOPICS)
@pytest.mark.parametrize(
    "value",
    [b"", b"\xff", b"null", b"[]", b"{", b'{"id":7}', b'{"a":' * 2_000, b'{"id":"x","a":' + b"[" * 200_000],
    ids=["empty", "no text", "null", "a list", "torn", "wrong type", "deep", "deeper"],
)
def test_a_record_that_is_no_entry_of_the_shop_is_refused(topic: str, value: bytes) -> None:
    with pytest.raises(UnreadableRecord) as refused:
        SHELVES[topic].apply(Reference(), b"x", value)
    assert refused.value.code == "malformed_value"


@given(topic=st.sampled_from(TOPICS), key=st.none() | st.binary(max_size=8), value=st.none() | st.binary(max_size=64))
def test_arbitrary_bytes_change_nothing(topic: str, key: bytes | None, value: bytes | None) -> None:
    reference = Reference()
    with suppress(UnreadableRecord):
        SHELVES[topic].apply(reference, key, value)
    assert (reference.items, reference.stores, reference.offers) == ({}, {}, {})
