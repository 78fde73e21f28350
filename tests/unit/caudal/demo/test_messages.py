"""What the demo sends is what the shop understands."""

import json

from caudal.demo.messages import consent, receipt_message, simulated
from caudal.demo.year import Year
from retail.events import Channel, ConsentUpdated, OrderCompleted, StoreEntered
from retail.wire import refine

NOW = 1_795_000_000_000


def test_a_receipt_becomes_a_purchase_with_all_its_lines(year: Year) -> None:
    moved = year.moved(NOW)
    for row in (0, moved.split, len(moved.receipts) - 1):
        receipt = moved.receipts[row]
        event = refine(json.dumps(receipt_message(receipt, "run")).encode(), Channel.STORE, NOW)
        assert isinstance(event, OrderCompleted)
        assert (event.customer, event.store, event.at) == (str(receipt.household), str(receipt.store), receipt.at)
        assert [line.item for line in event.lines] == [str(item) for item in receipt.items.tolist()]
        assert [line.price for line in event.lines] == receipt.prices.tolist()


def test_the_longest_receipt_is_still_one_event(year: Year) -> None:
    moved = year.moved(NOW)
    longest = max(
        range(len(moved.receipts)), key=lambda row: int(moved.receipts.starts[row + 1] - moved.receipts.starts[row])
    )
    event = refine(json.dumps(receipt_message(moved.receipts[longest], "run")).encode(), Channel.STORE, NOW)
    assert isinstance(event, OrderCompleted)
    assert len(event.lines) == len(moved.receipts[longest].items)


def test_a_consent_is_understood() -> None:
    for granted in (True, False):
        event = refine(json.dumps(consent("7", "m1", NOW, granted=granted)).encode(), Channel.APP, NOW)
        assert isinstance(event, ConsentUpdated)
        assert event.consents == {"marketing_push": granted}


def test_what_did_not_happen_says_so() -> None:
    message = simulated("7", "Store Entered", "m1", NOW, {"store_id": "367"})
    assert message["context"] == {"simulated": True}
    assert isinstance(refine(json.dumps(message).encode(), Channel.APP, NOW), StoreEntered)
    assert consent("7", "m1", NOW, granted=True)["context"]["simulated"] is True
