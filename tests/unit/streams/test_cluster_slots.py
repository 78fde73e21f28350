"""Which slot a key has, and how a cluster's own map of its slots is read."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from redis.crc import key_slot

from streams.state import keys
from streams.state.calls import Script
from streams.state.cluster_slots import SLOTS, read_map, slot_of, slot_of_command

braces = st.lists(st.sampled_from([b"{", b"}", b"p7", b"a", b":", b"\xff"])).map(b"".join)


@given(st.binary() | braces)
def test_a_key_has_the_slot_that_redis_gives_it(key: bytes) -> None:
    assert slot_of(key) == key_slot(key)


@pytest.mark.parametrize(
    ("key", "slot"), [(b"123456789", 12739), (b"foo", 12182), (b"{foo}.bar", 12182), (b"foo{}{bar}", 8363)]
)
def test_the_slots_of_the_specification(key: bytes, slot: int) -> None:
    """https://redis.io/docs/latest/operate/oss_and_stack/reference/cluster-spec/"""
    assert slot_of(key) == slot


@given(st.integers(0, 10_000), st.text())
def test_all_keys_of_a_partition_have_one_slot(partition: int, customer: str) -> None:
    places = [keys.ledger(partition), keys.outbox(partition), *keys.of_customer(partition, customer)]
    assert {slot_of(place) for place in places} == {slot_of(b"p%d" % partition)}


def test_a_command_goes_where_its_first_key_is() -> None:
    slot = slot_of(b"p7")
    script = Script.named("commit").command([keys.ledger(7), keys.outbox(7)], [0, 1])
    assert slot_of_command((b"GET", keys.ledger(7))) == slot
    assert slot_of_command(script) == slot
    assert slot_of_command(Script.named("commit").told_again(script)) == slot
    assert slot_of_command((b"SCAN", b"0", b"MATCH", b"{p7}:*")) == slot
    assert slot_of_command((b"PING",)) is None


INFO = b"cluster_state:ok\r\ncluster_slots_assigned:16384\r\ncluster_current_epoch:6\r\n"


def test_a_map_tells_who_has_each_slot_and_who_copies_it() -> None:
    first = [0, 8191, [b"10.0.0.1", 7001, b"id1", []], [b"10.0.0.2", 7002, b"id2", []]]
    second = [8192, 16383, [b"::1", 7003, b"id3"]]

    told = read_map([first, second], INFO, "10.0.0.1:7001")

    assert (told.owners[0], told.owners[8191]) == ("10.0.0.1:7001",) * 2
    assert (told.owners[8192], told.owners[16383]) == ("[::1]:7003",) * 2
    assert told.primaries == ["10.0.0.1:7001", "[::1]:7003"]
    assert told.members == {"10.0.0.1:7001", "10.0.0.2:7002", "[::1]:7003"}
    assert (told.healthy, told.epoch, len(told.owners)) == (True, 6, SLOTS)


@pytest.mark.parametrize("host", [None, b""])
def test_a_server_without_a_host_is_where_it_was_asked(host: bytes | None) -> None:
    told = read_map([[0, 16383, [host, 7009, b"id1", []]]], INFO, "redis.example:7001")
    assert told.primaries == ["redis.example:7009"]


def test_slots_that_nobody_has_have_no_owner() -> None:
    told = read_map([], b"cluster_state:fail\r\n", "10.0.0.1:7001")
    assert set(told.owners) == {""}
    assert told.members == {"10.0.0.1:7001"}
    assert not told.healthy
