"""The recount finds what is lost and what is doubled, also where one hides the other."""

from collections.abc import Sequence

from hypothesis import given
from hypothesis import strategies as st

from caudal.demo.journal import Journal, Sent
from caudal.demo.messages import simulated
from caudal.demo.recount import Difference, difference, recount
from caudal.demo.tally import Tally
from retail.customers import EMPTY, CustomerState
from retail.events import Channel, OrderCompleted, ProductViewed
from retail.journey import advance
from retail.policy import JourneyPolicy
from retail.reference import Reference

NOW = 1_795_000_000_000
POLICY = JourneyPolicy()


def applied(
    messages: Sequence[str], state: CustomerState = EMPTY, orders: frozenset[str] = frozenset()
) -> CustomerState:
    """The state after the messages, by the shop's own fold; those in `orders` are purchases."""
    for number, message in enumerate(messages):
        common = {
            "id": message,
            "customer": "7",
            "channel": Channel.STORE,
            "at": NOW + number,
            "received": NOW + number,
        }
        event = (
            OrderCompleted(**common, order=message, lines=(), store=None)  # type: ignore[arg-type]
            if message in orders
            else ProductViewed(**common, item="mug")  # type: ignore[arg-type]
        )
        state = advance(state, event, Reference(), POLICY).state
    return state


def counted_twice(state: CustomerState) -> CustomerState:
    """As a worker would leave it that applied an event without knowing its id."""
    return CustomerState(
        **{**{name: getattr(state, name) for name in state.__struct_fields__}, "version": state.version + 1}
    )


@given(st.lists(st.uuids().map(str), unique=True, max_size=30))
def test_what_arrived_once_is_neither_lost_nor_doubled(messages: list[str]) -> None:
    assert difference(Sent(messages), 0, EMPTY, applied(messages)) == Difference(0, 0)


@given(st.lists(st.uuids().map(str), unique=True, min_size=1, max_size=30), st.data())
def test_every_lost_event_is_found(messages: list[str], data: st.DataObject) -> None:
    lost = data.draw(st.sets(st.sampled_from(messages)))
    arrived = [message for message in messages if message not in lost]
    assert difference(Sent(messages), 0, EMPTY, applied(arrived)) == Difference(len(lost), 0)


def test_a_doubled_event_is_found() -> None:
    state = counted_twice(applied(["a", "b"]))
    assert difference(Sent(["a", "b"]), 0, EMPTY, state) == Difference(0, 1)


def test_a_lost_event_does_not_hide_a_doubled_one() -> None:
    state = counted_twice(applied(["a"]))
    assert difference(Sent(["a", "b"]), 0, EMPTY, state) == Difference(1, 1)


def test_losses_are_found_also_where_the_state_has_forgotten_ids() -> None:
    messages = [str(number) for number in range(POLICY.message_limit + 50)]
    assert difference(Sent(messages), 0, EMPTY, applied(messages)) == Difference(0, 0)
    assert difference(Sent(messages), 0, EMPTY, applied(messages[:-3])) == Difference(3, 0)


def test_an_order_that_was_not_counted_is_found() -> None:
    state = applied(["a", "b"], orders=frozenset({"a"}))
    assert difference(Sent(["a", "b"], orders=2), 0, EMPTY, state) == Difference(1, 0)


def test_what_the_customer_did_before_does_not_count() -> None:
    before = applied(["old"])
    assert difference(Sent(["new"]), 0, before, applied(["new"], before)) == Difference(0, 0)


def test_delivery_reports_are_events_too() -> None:
    assert difference(Sent(["a"]), 1, EMPTY, applied(["a", "push:sent"])) == Difference(0, 0)


def test_a_rejected_event_is_not_lost() -> None:
    journal, tally = Journal(), Tally()
    journal.accepted([simulated("7", "Product Viewed", message, NOW, {}) for message in ("a", "b")])
    tally.rejected["7"] = {"b"}
    result = recount(journal, tally, {}, {"7": applied(["a"])})
    assert (result.events, result.applied, result.lost, result.doubled, result.rejected) == (2, 1, 0, 0, 1)


def test_a_customer_nobody_knows_lost_everything() -> None:
    journal = Journal()
    journal.accepted([simulated("7", "Product Viewed", "a", NOW, {})])
    assert recount(journal, Tally(), {}, {}).lost == 1
