from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from retail import messages
from retail.events import Channel, DeliveryReported, DeliveryStatus, Event, Line
from retail.journey import advance
from retail.messages import Known
from retail.refusals import ID_CONFLICT
from tests.shop import DAY, JOURNEY, NOON, added, bought, common, customer_who, shop, viewed
from tests.unit.retail.floor import any_event


def remembered(ids: list[str], received: int = NOON, limit: int = 256, start: bytes = b"") -> bytes:
    packed = start
    for one in ids:
        packed, _ = messages.add(packed, messages.mark_of(one), received, 7, limit)
    return packed


@given(st.lists(st.text(max_size=20), unique=True, max_size=30), st.text(max_size=20))
def test_an_id_is_remembered_if_and_only_if_it_was_added(ids: list[str], other: str) -> None:
    packed = remembered(ids)
    assert all(messages.known(packed, messages.mark_of(one)) for one in ids)
    assert messages.known(packed, messages.mark_of(other)) == (Known.SAME if other in ids else Known.NOT)


arrivals = st.lists(st.tuples(st.uuids().map(str), st.integers(0, 30)), max_size=60)


@given(arrivals, st.integers(1, 20))
def test_memory_is_bounded_and_what_the_bound_pushed_out_is_counted(drawn: list[tuple[str, int]], limit: int) -> None:
    """Against a plain list that forgets by the same rules."""
    packed, newest = b"", 0
    model: list[tuple[str, int]] = []
    for one, day in drawn:
        packed, forgotten = messages.add(packed, messages.mark_of(one), day * DAY, 7, limit)
        newest = max(newest, day)
        model = [(known, arrived) for known, arrived in [*model, (one, newest)] if arrived >= newest - 7]
        assert forgotten == max(0, len(model) - limit)
        model = model[-limit:]
        assert messages.size(packed) == len(model)
    for one, _ in drawn:
        assert messages.remembers(packed, messages.mark_of(one)) == (one in [known for known, _ in model])


def test_an_id_is_forgotten_a_week_after_it_arrived() -> None:
    packed = remembered(["monday"])
    assert messages.known(remembered(["sunday"], NOON + 7 * DAY, start=packed), messages.mark_of("monday"))
    assert not messages.known(remembered(["later"], NOON + 8 * DAY, start=packed), messages.mark_of("monday"))


def test_bytes_between_two_ids_are_no_id() -> None:
    packed = remembered(["first", "second"])
    assert not messages.known(packed, packed[-12:-4])


def test_an_id_costs_eight_bytes() -> None:
    one, many = remembered(["a"]), remembered([str(n) for n in range(101)])
    assert len(many) - len(one) == 100 * 8


# --- the same id for something else -------------------------------------------------------------------------------


@given(any_event)
def test_what_says_the_same_has_the_same_fingerprint_whenever_and_however_it_comes(event: Event) -> None:
    again = replace(event, id="another", at=event.at + 7, received=event.received + DAY, channel=Channel.SERVICE)
    assert messages.content_of(again) == messages.content_of(event)


said = st.lists(st.sampled_from(["m", '"received":1,', '"id":', "\\", '"', ",", "ñ"]), max_size=4).map("".join)


@given(said, said, said, said)
def test_no_text_of_a_sender_is_taken_for_what_we_write(id_: str, customer: str, one: str, other: str) -> None:
    """Whoever puts our field names into theirs."""
    first, second = (viewed(item, id=id_, customer=customer) for item in (one, other))
    assert (messages.content_of(first) == messages.content_of(second)) == (one == other)


def test_a_message_that_comes_again_at_another_time_is_a_duplicate() -> None:
    first = bought(Line("mug", 2), id="m")
    again = advance(customer_who(first), replace(first, at=NOON + 5, received=NOON + DAY), shop(), JOURNEY)
    assert (again.duplicate, again.rejected) == (True, "")


def test_an_id_used_again_for_something_else_is_a_conflict() -> None:
    before = customer_who(added("mug", id="m"))
    for other in (added("lamp", id="m"), added("mug", quantity=2, id="m"), viewed("mug", id="m")):
        conflict = advance(before, other, shop(), JOURNEY)
        assert (conflict.rejected, conflict.duplicate, conflict.state) == (ID_CONFLICT, False, before)


def test_a_push_that_is_judged_again_is_no_conflict() -> None:
    first = DeliveryReported(
        decision="d", offer="o", status=DeliveryStatus.WITHHELD, reason="capped", **common(id="d:withheld")
    )
    again = advance(customer_who(first), replace(first, reason="expired"), shop(), JOURNEY)
    assert (again.duplicate, again.rejected) == (True, "")
