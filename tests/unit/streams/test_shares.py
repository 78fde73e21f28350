"""A large fetch is split in two, so that Redis works while we do; a small one is not. No server waits for another."""

from collections.abc import Callable, Mapping
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from streams.shares import WORTH_SHARING, shares


def fetched(sizes: Mapping[int, int]) -> dict[int, Any]:
    return {partition: [None] * size for partition, size in sizes.items()}


def one_server(_partition: int) -> str:
    return "only"


def three_servers(partition: int) -> str:
    return f"server {partition % 3}"


@given(
    st.dictionaries(st.integers(0, 63), st.integers(1, 500), min_size=1), st.sampled_from([one_server, three_servers])
)
def test_every_partition_is_in_exactly_one_share(sizes: dict[int, int], place: Callable[[int], str]) -> None:
    split = shares(fetched(sizes), place)
    assert sorted(partition for share in split for partition in share) == sorted(sizes)
    assert all(split)


def test_a_small_fetch_stays_whole() -> None:
    assert len(shares(fetched({0: WORTH_SHARING - 2, 1: 1}), one_server)) == 1


def test_a_large_fetch_is_split_evenly() -> None:
    split = shares(fetched(dict.fromkeys(range(8), 100)), one_server)
    assert [sum(map(len, share.values())) for share in split] == [400, 400]


def test_no_share_needs_two_servers() -> None:
    split = shares(fetched(dict.fromkeys(range(8), 1)), three_servers)
    assert sorted(map(sorted, split)) == [[0, 3, 6], [1, 4, 7], [2, 5]]
