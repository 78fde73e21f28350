from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from gateway.message_ids import new_message_id
from retail.wire.message import derived_id


@given(st.integers(min_value=0, max_value=(1 << 48) - 1))
def test_a_new_id_is_a_uuid_that_begins_with_its_time(at: int) -> None:
    made = UUID(new_message_id(at))
    assert (made.version, made.variant) == (7, "specified in RFC 4122")
    assert made.int >> 80 == at


def test_two_ids_of_one_moment_differ() -> None:
    assert len({new_message_id(1) for _ in range(1000)}) == 1000


@given(st.lists(st.text(max_size=5), min_size=1, max_size=3), st.lists(st.text(max_size=5), min_size=1, max_size=3))
def test_a_derived_id_tells_its_parts_apart(one: list[str], other: list[str]) -> None:
    plain = not any("\x00" in part for part in (*one, *other))
    if plain:
        assert (derived_id(*one) == derived_id(*other)) == (one == other)
