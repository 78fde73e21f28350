"""A large fetch is split in two, so that Redis works while we do; a small one is not."""

from collections.abc import Mapping
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from streams.journey import WORTH_SHARING, shares


def fetched(sizes: Mapping[int, int]) -> dict[int, Any]:
    return {partition: [None] * size for partition, size in sizes.items()}


@given(st.dictionaries(st.integers(0, 63), st.integers(1, 500), min_size=1))
def test_every_partition_is_in_exactly_one_share(sizes: dict[int, int]) -> None:
    split = shares(fetched(sizes))
    assert sorted(partition for share in split for partition in share) == sorted(sizes)
    assert all(split)


def test_a_small_fetch_stays_whole() -> None:
    assert len(shares(fetched({0: WORTH_SHARING - 2, 1: 1}))) == 1


def test_a_large_fetch_is_split_evenly() -> None:
    split = shares(fetched(dict.fromkeys(range(8), 100)))
    assert [sum(map(len, share.values())) for share in split] == [400, 400]
