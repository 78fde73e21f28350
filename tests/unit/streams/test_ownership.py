"""What a worker may believe about its partitions, and when it must forget."""

from retail.customers import CustomerState
from streams.ownership import Ownership
from streams.state import Ledger


def test_a_committed_state_is_remembered() -> None:
    owned = Ownership(limit=100, partitions=8)
    owned.took(3, Ledger(next=5))
    owned.committed(3, Ledger(next=7), {"ana": CustomerState(version=2)}, {"ana": b"blob"})
    assert owned.states(3, ["ana", "bea"]) == {"ana": CustomerState(version=2)}
    assert owned.known() == {3: 7}


def test_a_lost_ledger_takes_all_its_states_with_it() -> None:
    owned = Ownership(limit=100, partitions=8)
    owned.took(3, Ledger())
    owned.committed(3, Ledger(next=1), {"ana": CustomerState(version=1)}, {"ana": b"blob"})
    owned.forget([3, 4])
    assert owned.ledger(3) is None
    owned.took(3, Ledger(next=9))
    assert owned.states(3, ["ana"]) == {}


def test_the_least_recently_changed_customers_leave_first() -> None:
    owned = Ownership(limit=20, partitions=8)
    owned.took(0, Ledger())
    for customer in ("ana", "bea", "ana", "cleo"):
        owned.committed(0, Ledger(), {customer: CustomerState()}, {customer: bytes(10)})
    assert set(owned.states(0, ["ana", "bea", "cleo"])) == {"ana", "cleo"}


def test_a_customer_who_grew_leaves_room_for_fewer_others() -> None:
    owned = Ownership(limit=20, partitions=8)
    owned.took(0, Ledger())
    for customer, size in (("ana", 10), ("bea", 5), ("bea", 15)):
        owned.committed(0, Ledger(), {customer: CustomerState()}, {customer: bytes(size)})
    assert set(owned.states(0, ["ana", "bea"])) == {"bea"}


def test_partitions_share_the_room() -> None:
    owned = Ownership(limit=20, partitions=8)
    owned.took(0, Ledger())
    owned.took(1, Ledger())
    for customer in ("ana", "bea"):
        owned.committed(0, Ledger(), {customer: CustomerState()}, {customer: bytes(10)})
    assert set(owned.states(0, ["ana", "bea"])) == {"bea"}
