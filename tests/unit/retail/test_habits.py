import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from retail import habits

DECAY = 120 * 86_400.0

purchases = st.lists(
    st.tuples(st.lists(st.integers(0, 12), min_size=1, max_size=4, unique=True), st.integers(0, 4 * 10**7)),
    max_size=25,
)
Drawn = list[tuple[list[int], int]]


def habits_of(drawn: Drawn, limit: int = 256) -> bytes:
    packed = b""
    for items, at in drawn:
        packed = habits.add(packed, items, at, DECAY, limit)
    return packed


def strengths(packed: bytes, now: int) -> dict[int, float]:
    return {habit.item: habit.strength(now, DECAY) for habit in habits.all_habits(packed)}


@given(purchases)
def test_each_purchase_counts_one_and_fades_with_its_age(drawn: Drawn) -> None:
    now = 4 * 10**7
    expected: dict[int, float] = {}
    for items, at in drawn:
        for item in items:
            expected[item] = expected.get(item, 0.0) + math.exp((at - now) / DECAY)
    assert strengths(habits_of(drawn), now) == pytest.approx(expected, rel=1e-5)


@given(purchases, st.randoms())
def test_the_order_in_which_purchases_arrive_does_not_matter(drawn: Drawn, chance: object) -> None:
    shuffled = list(drawn)
    chance.shuffle(shuffled)  # type: ignore[attr-defined]
    now = 4 * 10**7
    assert strengths(habits_of(shuffled), now) == pytest.approx(strengths(habits_of(drawn), now), rel=1e-5)


@given(st.lists(st.integers(0, 200), min_size=1, max_size=120), st.integers(8, 32))
def test_habits_stay_bounded_and_the_one_bought_last_stays(drawn: list[int], limit: int) -> None:
    packed = b""
    for at, item in enumerate(drawn):
        packed = habits.add(packed, [item], at, DECAY, limit)
        assert len(packed) <= (limit + limit // habits.SLACK) * habits.RECORD.size
    assert habits.find(packed, drawn[-1]) >= 0


@given(
    st.lists(st.tuples(st.integers(0, 60), st.integers(0, 10**8)), min_size=9, max_size=40, unique_by=lambda p: p[0])
)
def test_pruning_keeps_the_strongest(drawn: list[tuple[int, int]]) -> None:
    limit = 8
    whole = habits_of([([item], at) for item, at in drawn], limit=10_000)
    pruned = habits._prune(whole, DECAY, limit)
    now = 10**8
    kept, all_of_them = strengths(pruned, now), strengths(whole, now)
    assert len(kept) == limit
    weakest_kept = min(kept.values())
    assert all(strength <= weakest_kept * (1 + 1e-6) for item, strength in all_of_them.items() if item not in kept)


@given(purchases, st.randoms())
def test_how_often_and_since_when_is_known_whatever_the_order_and_the_profiles(drawn: Drawn, chance: object) -> None:
    """Purchases of two profiles, late or not, come to the plain count and the oldest day."""
    expected: dict[int, tuple[int, int]] = {}
    for items, at in drawn:
        for item in items:
            first, times = expected.get(item, (at // 86_400, 0))
            expected[item] = min(first, at // 86_400), times + 1
    shuffled = list(drawn)
    chance.shuffle(shuffled)  # type: ignore[attr-defined]
    half = len(drawn) // 2
    both = habits.union(habits_of(shuffled[:half]), habits_of(shuffled[half:]), DECAY, 256)
    assert {one.item: (one.first, one.times) for one in habits.all_habits(both)} == expected


def test_a_count_that_is_full_stays_full() -> None:
    packed = habits.RECORD.pack(5, 1.0, 86_400, 1, habits.MOST_TIMES)
    again = next(habits.all_habits(habits.add(packed, [5], 2 * 86_400, DECAY, 9)))
    both = next(habits.all_habits(habits.union(packed, packed, DECAY, 9)))
    assert again.times == both.times == habits.MOST_TIMES


def test_a_key_is_found_only_where_a_record_begins() -> None:
    """The bytes of a key may stand anywhere in the records of others."""
    at = 0x01010101
    packed = habits.add(b"", [0x0101010101010101, 5], at, DECAY, 9)
    keys = [habit.item for habit in habits.all_habits(packed)]
    assert keys == [0x0101010101010101, 5]
    assert habits.find(packed, 5) == habits.RECORD.size
    straddling = int.from_bytes(packed[8:16], "little")  # value and time of the first
    assert habits.find(packed, straddling) == -1
