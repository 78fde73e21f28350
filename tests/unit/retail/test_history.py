from hypothesis import given
from hypothesis import strategies as st

from retail import history
from retail.catalog import item_key
from retail.customers import Interaction
from retail.events import Channel

interactions = st.tuples(
    st.integers(0, (1 << 64) - 1),
    st.integers(0, (1 << 32) - 1) | st.integers(100, 110),
    st.sampled_from(Interaction),
    st.sampled_from(Channel),
    st.integers(1, history.MOST),
)
Drawn = tuple[int, int, Interaction, Channel, int]


def history_of(drawn: list[Drawn], limit: int = 50) -> bytes:
    packed = b""
    for one in drawn:
        packed = history.insert(packed, history.pack(*one), one[1], limit)
    return packed


@given(st.lists(interactions, max_size=20))
def test_a_history_reads_back_what_was_written_in_time_order(drawn: list[Drawn]) -> None:
    expected = [
        (item, at, int(kind), list(Channel).index(channel), quantity)
        for item, at, kind, channel, quantity in sorted(drawn, key=lambda one: one[1])
    ]
    assert list(map(tuple, history.interactions(history_of(drawn)))) == expected


@given(st.lists(interactions, max_size=40), st.integers(1, 10))
def test_a_full_history_keeps_the_newest_whatever_the_order_of_arrival(drawn: list[Drawn], limit: int) -> None:
    kept = [record.at for record in history.interactions(history_of(drawn, limit))]
    assert kept == sorted(one[1] for one in drawn)[-limit:]


def test_all_lines_of_an_order_are_inserted_at_once() -> None:
    late, early = (history.pack(item_key("mug"), at, Interaction.VIEWED, Channel.WEB) for at in (30, 10))
    order = b"".join(history.pack(item_key(i), 20, Interaction.BOUGHT, Channel.STORE) for i in ("bread", "milk"))
    packed = history.insert(history.insert(history.insert(b"", late, 30, 9), early, 10, 9), order, 20, 9)
    assert packed == early + order + late


def test_an_interaction_takes_sixteen_bytes() -> None:
    assert len(history.pack(1, 2, Interaction.VIEWED, Channel.APP)) == 16


def test_quantities_beyond_the_record_are_cut_to_what_fits() -> None:
    (record,) = history.interactions(history.pack(1, 2, Interaction.BOUGHT, Channel.APP, 1_000_000))
    assert record.quantity == history.MOST


def test_views_are_counted_apart_from_purchases() -> None:
    kinds = (Interaction.VIEWED, Interaction.BOUGHT, Interaction.VIEWED)
    packed = b"".join(history.pack(7, 1, kind, Channel.WEB) for kind in kinds)
    assert history.count(packed, Interaction.VIEWED) == 2
