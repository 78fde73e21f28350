"""A key's partition is the one that every Kafka client would choose."""

import pytest
from aiokafka.partitioner import murmur2 as aiokafka_murmur2
from hypothesis import given
from hypothesis import strategies as st
from kafka.partitioner.default import murmur2 as kafka_murmur2

from streams.topics.partitions import murmur2, partition_of


@given(st.binary(max_size=64))
def test_a_key_hashes_as_in_the_other_clients(key: bytes) -> None:
    assert murmur2(key) == aiokafka_murmur2(key) & 0xFFFFFFFF == kafka_murmur2(key) & 0xFFFFFFFF


@pytest.mark.parametrize(
    ("key", "digest"),
    [
        (b"21", -973932308),
        (b"foobar", -790332482),
        (b"a-little-bit-long-string", -985981536),
        (b"a-little-bit-longer-string", -1486304829),
        (b"lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8", -58897971),
        (b"abc", 479470107),
    ],
)
def test_a_key_hashes_as_kafka_itself_says(key: bytes, digest: int) -> None:
    """Figures of Kafka's own test of its hash."""
    assert murmur2(key) == digest & 0xFFFFFFFF


@given(st.text(max_size=40), st.integers(min_value=1, max_value=1000))
def test_text_and_its_bytes_share_a_partition_in_range(key: str, partitions: int) -> None:
    partition = partition_of(key, partitions)

    assert partition == partition_of(key.encode(), partitions)
    assert 0 <= partition < partitions
