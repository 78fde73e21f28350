"""No two customers, and no two kinds of things, ever share a key."""

from hypothesis import given
from hypothesis import strategies as st

from streams.state import keys

identities = st.text(min_size=1, max_size=40) | st.sampled_from(["ana}:ledger", ":", "{p1}:slate:x", "slate:x", "p:1"])
partitions = st.integers(min_value=0, max_value=2000)


@given(partitions, identities, partitions, identities)
def test_keys_of_two_customers_are_disjoint(one: int, ana: str, other: int, bo: str) -> None:
    if (one, ana) != (other, bo):
        assert not set(keys.of_customer(one, ana)) & set(keys.of_customer(other, bo))


@given(partitions, identities, partitions)
def test_no_customer_reaches_a_key_of_a_partition(one: int, ana: str, other: int) -> None:
    assert not set(keys.of_customer(one, ana)) & _of_partition(other)


@given(partitions, identities)
def test_all_keys_of_a_partition_share_its_hash_tag(partition: int, ana: str) -> None:
    places = [*keys.of_customer(partition, ana), *_of_partition(partition)]

    assert {place[1 : place.index(b"}")] for place in places} == {b"p%d" % partition}
    assert len(set(places)) == len(places)
    assert keys.partition_of_wakes(keys.wakes(partition)) == partition


def _of_partition(partition: int) -> set[bytes]:
    return {keys.ledger(partition), keys.outbox(partition), keys.due(partition), keys.wakes(partition)}
