"""What the demo sends: Segment-shaped events, as a till, an app and a site would send them."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import TypedDict

from caudal.demo.receipts import Receipt

SIMULATED: Mapping[str, object] = {"simulated": True}
"""The context of everything that did not happen in the data set."""


class Message(TypedDict):
    """One event. messageId: unique in one run, so that a retry is recognised. timestamp: ISO 8601, UTC."""

    type: str
    event: str
    messageId: str
    userId: str
    timestamp: str
    context: Mapping[str, object]
    properties: Mapping[str, object]


def receipt_message(receipt: Receipt, run: str) -> Message:
    """A basket as the till tells it. The card at the till is the household's loyalty card."""
    lines = zip(receipt.items.tolist(), receipt.quantities.tolist(), receipt.prices.tolist(), strict=True)
    return Message(
        type="track",
        event="Order Completed",
        messageId=f"{run}-{receipt.number}",
        userId=customer_of(receipt),
        timestamp=iso(receipt.at),
        context={},
        properties={
            "order_id": str(receipt.number),
            "store_id": str(receipt.store),
            "currency": "USD",
            "products": [
                {"product_id": str(item), "quantity": quantity, "price": cents / 100} for item, quantity, cents in lines
            ],
        },
    )


def customer_of(receipt: Receipt) -> str:
    return str(receipt.household)


def simulated(customer: str, event: str, message: str, at: int, properties: Mapping[str, object]) -> Message:
    """An event of the shop floor. at: milliseconds."""
    return Message(
        type="track",
        event=event,
        messageId=message,
        userId=customer,
        timestamp=iso(at),
        context=SIMULATED,
        properties=properties,
    )


def consent(customer: str, message: str, at: int, *, granted: bool) -> Message:
    """The answer to "may we send you offers while you are in the store?"."""
    said = simulated(customer, "Segment Consent Preference Updated", message, at, {})
    said["context"] = {**SIMULATED, "consent": {"categoryPreferences": {"marketing_push": granted}}}
    return said


def iso(at: int) -> str:
    """at: milliseconds."""
    return datetime.fromtimestamp(at / 1000, UTC).isoformat(timespec="milliseconds")
