"""What was sent, kept by the sender: the one side of the recount, independent of everything the system counts."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field

from caudal.demo.messages import Message


@dataclass
class Sent:
    """Of one customer. messages: ids of accepted events, each once, in order. orders: how many are purchases."""

    messages: list[str] = field(default_factory=list)
    orders: int = 0


@dataclass
class Journal:
    """An event is written down when it was accepted: acknowledged by Kafka, or answered 200 by the gateway.

    real: how many of them are receipts of the data set. again: how often an accepted event was sent a second time.
    """

    customers: defaultdict[str, Sent] = field(default_factory=lambda: defaultdict(Sent))
    events: int = 0
    real: int = 0
    again: int = 0

    def accepted(self, messages: Iterable[Message]) -> None:
        for message in messages:
            sent = self.customers[message["userId"]]
            sent.messages.append(message["messageId"])
            sent.orders += message["event"] == "Order Completed"
            self.events += 1
            self.real += not message["context"]
