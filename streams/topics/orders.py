"""What operators order about customers, as records of `customer-events`: folded in order with everything else."""

from retail.correspondence import MergeOrdered, SplitOrdered
from retail.events import encode_event
from streams.topics import CUSTOMER_EVENTS
from streams.topics.partitions import partition_of
from streams.topics.records import Record, unmarked_header


def order_record(order: MergeOrdered | SplitOrdered, partitions: int) -> Record:
    """partitions: of `customer-events`. Written twice it is carried out once, since what is done is done."""
    partition = partition_of(order.customer, partitions)
    return Record(
        CUSTOMER_EVENTS.name, order.customer.encode(), encode_event(order), (unmarked_header(),), partition, order.at
    )
