"""Letters between profiles on their way: outgoing records that are known by their origin, as those of a source are.

They leave with the commit of the record that gave rise to them and arrive in the other profile's partition, where the
ledger drops what was relayed twice.
"""

import msgspec

from retail.crossing import Crossed
from retail.events import encode_event
from streams.origin import letter_header
from streams.state import Outgoing
from streams.topics import CUSTOMER_EVENTS, IDENTITIES

_notes = msgspec.json.Encoder()
_replace = msgspec.structs.replace


def outgoing(crossed: Crossed, partition: int, offset: int) -> list[Outgoing]:
    """partition, offset: of the record, in `customer-events`. The same record gives the same letters."""
    place = f"{CUSTOMER_EVENTS.name}/{partition}/{offset}"
    records: list[Outgoing] = []
    for number, letter in enumerate(crossed.letters):
        header = letter_header(CUSTOMER_EVENTS.name, partition, offset, number)
        told = encode_event(_replace(letter, id=letter.id or f"{place}.{number}"))
        records.append(Outgoing(CUSTOMER_EVENTS.name, letter.customer.encode(), told, (header,)))
    for number, note in enumerate(crossed.notes):
        told = _notes.encode(_replace(note, id=f"{place}.{number}"))
        records.append(Outgoing(IDENTITIES.name, note.customer.encode(), told))
    return records
