"""What producers compress is read as they wrote it, up to a limit; beyond it stand records that say so."""

import pytest
from aiokafka import TopicPartition
from aiokafka.codec import gzip_encode, lz4_encode, snappy_encode, zstd_encode
from aiokafka.consumer import fetcher
from aiokafka.record.default_records import DefaultRecordBatchBuilder
from aiokafka.record.memory_records import MemoryRecords

from streams.topics import CUSTOMER_EVENTS, WEB
from streams.topics.inflated import DECODERS, LIMIT, BatchTooLarge, Oversized, bound_batches

CODECS = {1: "gzip", 2: "snappy", 3: "lz4", 4: "zstd"}

ENCODERS = {"gzip": gzip_encode, "snappy": snappy_encode, "lz4": lz4_encode, "zstd": zstd_encode}


def batch(first: int, values: list[bytes], codec: int) -> bytes:
    """As a producer sends it, and the broker gives it its place."""
    builder = DefaultRecordBatchBuilder(
        magic=2,
        compression_type=codec,
        is_transactional=0,
        producer_id=-1,
        producer_epoch=-1,
        base_sequence=-1,
        batch_size=4 * LIMIT,
    )
    for offset, value in enumerate(values):
        builder.append(offset, 1_000 + offset, b"ana", value, [])
    return first.to_bytes(8) + bytes(builder.build())[8:]


def read(topic: str, *batches: bytes) -> list[tuple[int, bytes | None]]:
    """Offsets and values, as the client of a worker reads them."""
    bound_batches()
    place = TopicPartition(topic, 0)
    records = fetcher.PartitionRecords(place, MemoryRecords(b"".join(batches)), [], 0, None, None, True, 1)
    return [(record.offset, record.value) for record in records]


@pytest.mark.parametrize("codec", CODECS)
def test_what_a_producer_compressed_is_read_as_it_was_written(codec: int) -> None:
    values = [b"x" * size for size in (1, 1_000, 200_000, 3_000_000)]
    assert read(WEB.name, batch(0, values, codec), batch(4, [b"end"], 0)) == [*enumerate(values), (4, b"end")]


@pytest.mark.parametrize("codec", CODECS)
def test_in_the_place_of_a_batch_that_unfolds_without_measure_stands_a_record_that_says_so(codec: int) -> None:
    bomb = batch(1, [b"small", bytes(LIMIT)], codec)
    found = read(WEB.name, batch(0, [b"before"], codec), bomb, batch(3, [b"after"], codec))
    assert found == [(0, b"before"), (2, b""), (3, b"after")]
    assert isinstance(found[1][1], Oversized)


def test_where_the_ledger_counts_offsets_each_has_its_record() -> None:
    bomb = batch(1, [b"small", bytes(LIMIT)], 4)
    found = read(CUSTOMER_EVENTS.name, batch(0, [b"before"], 4), bomb, batch(3, [b"after"], 4))
    assert [offset for offset, _ in found] == [0, 1, 2, 3]
    assert [isinstance(value, Oversized) for _, value in found] == [False, True, True, False]


@pytest.mark.parametrize("codec", CODECS.values())
def test_all_that_fits_is_unfolded_and_not_a_byte_more(codec: str) -> None:
    encode, decode = ENCODERS[codec], DECODERS[f"{codec}_decode"]
    assert decode(encode(bytes(LIMIT))) == bytes(LIMIT)
    with pytest.raises(BatchTooLarge):
        decode(encode(bytes(LIMIT + 1)))


def test_snappy_without_blocks_is_measured_too() -> None:
    assert DECODERS["snappy_decode"](snappy_encode(b"mug", xerial_compatible=False)) == b"mug"
    with pytest.raises(BatchTooLarge):
        DECODERS["snappy_decode"](snappy_encode(bytes(LIMIT + 1), xerial_compatible=False))
