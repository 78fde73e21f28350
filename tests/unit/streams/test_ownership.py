"""What a worker may believe about its partitions, and when it must forget."""

from retail.customers import CustomerState
from streams.ownership import Ownership
from streams.state import Ledger


def test_a_committed_state_is_remembered() -> None:
    owned = Ownership(limit=10, partitions=8)
    owned.took(3, Ledger(next=5))
    owned.committed(3, Ledger(next=7), {"ana": CustomerState(version=2)})
    assert owned.states(3, ["ana", "bea"]) == {"ana": CustomerState(version=2)}
    assert owned.known() == {3: 7}


def test_a_lost_ledger_takes_all_its_states_with_it() -> None:
    owned = Ownership(limit=10, partitions=8)
    owned.took(3, Ledger())
    owned.committed(3, Ledger(next=1), {"ana": CustomerState(version=1)})
    owned.forget([3, 4])
    assert owned.ledger(3) is None
    owned.took(3, Ledger(next=9))
    assert owned.states(3, ["ana"]) == {}


def test_the_least_recently_changed_customers_leave_first() -> None:
    owned = Ownership(limit=2, partitions=8)
    owned.took(0, Ledger())
    for customer in ("ana", "bea", "ana", "cleo"):
        owned.committed(0, Ledger(), {customer: CustomerState()})
    assert set(owned.states(0, ["ana", "bea", "cleo"])) == {"ana", "cleo"}
