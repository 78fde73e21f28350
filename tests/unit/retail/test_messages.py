from hypothesis import given
from hypothesis import strategies as st

from retail import messages
from tests.shop import DAY, NOON


def remembered(ids: list[str], received: int = NOON, limit: int = 256, start: bytes = b"") -> bytes:
    packed = start
    for one in ids:
        packed, _ = messages.add(packed, messages.hash_of(one), received, 7, limit)
    return packed


@given(st.lists(st.text(max_size=20), unique=True, max_size=30), st.text(max_size=20))
def test_an_id_is_remembered_if_and_only_if_it_was_added(ids: list[str], other: str) -> None:
    packed = remembered(ids)
    assert all(messages.remembers(packed, messages.hash_of(one)) for one in ids)
    assert messages.remembers(packed, messages.hash_of(other)) == (other in ids)


arrivals = st.lists(st.tuples(st.uuids().map(str), st.integers(0, 30)), max_size=60)


@given(arrivals, st.integers(1, 20))
def test_memory_is_bounded_and_what_the_bound_pushed_out_is_counted(drawn: list[tuple[str, int]], limit: int) -> None:
    """Against a plain list that forgets by the same rules."""
    packed, newest = b"", 0
    model: list[tuple[str, int]] = []
    for one, day in drawn:
        packed, forgotten = messages.add(packed, messages.hash_of(one), day * DAY, 7, limit)
        newest = max(newest, day)
        model = [(known, arrived) for known, arrived in [*model, (one, newest)] if arrived >= newest - 7]
        assert forgotten == max(0, len(model) - limit)
        model = model[-limit:]
        assert messages.size(packed) == len(model)
    for one, _ in drawn:
        assert messages.remembers(packed, messages.hash_of(one)) == (one in [known for known, _ in model])


def test_an_id_is_forgotten_a_week_after_it_arrived() -> None:
    packed = remembered(["monday"])
    assert messages.remembers(remembered(["sunday"], NOON + 7 * DAY, start=packed), messages.hash_of("monday"))
    assert not messages.remembers(remembered(["later"], NOON + 8 * DAY, start=packed), messages.hash_of("monday"))


def test_bytes_between_two_ids_are_no_id() -> None:
    packed = remembered(["first", "second"])
    assert not messages.remembers(packed, packed[-12:-4])


def test_an_id_costs_eight_bytes() -> None:
    one, many = remembered(["a"]), remembered([str(n) for n in range(101)])
    assert len(many) - len(one) == 100 * 8
