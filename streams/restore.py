"""Restoring a partition from its snapshot: where Redis has lost it, or stands before the beginning of the log.

Reads `customer-snapshots`. Writes Redis, page by page, each on the condition that the ledger still stands where it did;
the last commit moves it to the marker. So a kill in the middle, or a second owner, does no harm: it begins again.
"""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Protocol

import msgspec
import structlog

from retail.crossing import is_customer
from retail.customers import CustomerState, decode_state, encode_state
from retail.timers import earliest
from streams.faults import Point, reach
from streams.log_reader import LogReader, NoTopic
from streams.received import Records
from streams.snapshots import MARKER_KEY, Marker, decode_marker, incarnation_of, restored_mark, short
from streams.state import Commit, State
from streams.topics import CUSTOMER_SNAPSHOTS

NO_LOG_OFFSET = -1
"""`applied` of a state whose events are in no log that we have."""

log = structlog.get_logger()


class Observer(Protocol):
    """Is told how far it is: states of a partition written so far, of a customer perhaps more than one."""

    def restored(self, partition: int, states: int) -> None: ...


@dataclass(frozen=True)
class Restore:
    """incarnation: asks for the id of the `customer-events` topic."""

    state: State
    reader: LogReader
    incarnation: Callable[[], Awaitable[str]]

    async def restore(self, partition: int, stands: int, observer: Observer) -> bool:
        """Brings the partition from a ledger at `stands` to that of the marker; False where nothing newer is there,
        or the ledger has moved meanwhile. Raises StateUnavailable, PublishFailed, UnreadableMarker.
        """
        marker = await self._marker(partition)
        if marker is None or marker.next <= stands:
            return False
        return await _Restoring(self.state, partition, stands, marker).run(self.reader, observer)

    async def _marker(self, partition: int) -> Marker | None:
        try:
            record = await self.reader.newest(CUSTOMER_SNAPSHOTS.name, partition, MARKER_KEY)
        except NoTopic as fault:
            log.warning("there are no snapshots to restore", partition=partition, fault=str(fault))
            return None
        if record is None or record.value is None:
            return None
        marker = decode_marker(record.value)
        if marker.incarnation != await self.incarnation():
            # Its offsets are those of a log that is gone; states of before that cannot be told from states of after.
            log.error("the snapshot is of another customer-events topic and is not restored", partition=partition)
            return None
        return marker


@dataclass
class _Restoring:
    """One partition on its way. applied: the highest offset that any restored state holds."""

    state: State
    partition: int
    stands: int
    marker: Marker
    applied: int = NO_LOG_OFFSET
    written: int = 0

    async def run(self, reader: LogReader, observer: Observer) -> bool:
        async for page in reader.read_all(CUSTOMER_SNAPSHOTS.name, self.partition):
            blobs = self._blobs(page)
            if not await self._write(blobs, self.stands):
                return False
            self.written += len(blobs)
            observer.restored(self.partition, self.written)
            reach(Point.RESTORE_BETWEEN_PAGES)
        return await self._write({}, self.marker.next)

    def _blobs(self, page: Records) -> dict[str, bytes]:
        """The newest of each customer in the page; a later page replaces those of an earlier one."""
        blobs: dict[str, bytes] = {}
        for record in page:
            if record.key is None or record.key == MARKER_KEY:
                continue
            if record.value is None:
                blobs.pop(record.key.decode(), None)
            else:
                blobs[record.key.decode()] = self._counted(record.value, incarnation_of(record.headers))
        return blobs

    def _counted(self, blob: bytes, incarnation: bytes) -> bytes:
        """The blob as it is to be stored; of another incarnation its `applied` means nothing."""
        state = _state(blob)
        if state is None:
            return blob
        if incarnation != short(self.marker.incarnation):
            return encode_state(msgspec.structs.replace(state, applied=NO_LOG_OFFSET))
        self.applied = max(self.applied, state.applied)
        return blob

    async def _write(self, states: dict[str, bytes], next_: int) -> bool:
        marks = {restored_mark(self.partition): self.applied}
        if next_ == self.marker.next:
            marks = {**self.marker.ledger().marks, **marks}
        commit = Commit(self.partition, self.stands, next_, marks, states, {}, due=_due(states))
        [committed] = await self.state.commit([commit])
        return committed.applied


def _due(blobs: Mapping[str, bytes]) -> dict[str, int]:
    states = ((customer, _state(blob)) for customer, blob in blobs.items())
    return {customer: earliest(state.timers) for customer, state in states if state and is_customer(state)}


def _state(blob: bytes) -> CustomerState | None:
    """None for one that cannot be read: it is restored as it is, and the journey tells of it."""
    try:
        return decode_state(blob)
    except msgspec.DecodeError:
        return None
