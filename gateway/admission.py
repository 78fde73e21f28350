"""How much may be in flight at once: requests hold the bytes they occupy and are turned away when there is no room."""

from types import TracebackType

from gateway.errors import unavailable


class Admission:
    """limit: bytes that all requests in flight may occupy together.

    A spike then costs senders a retry, not us the memory.
    """

    def __init__(self, limit: int) -> None:
        self.limit = limit
        self.occupied = 0

    def ticket(self) -> "Ticket":
        return Ticket(self)


class Ticket:
    """The room one request takes, given back when the block is left."""

    def __init__(self, admission: Admission) -> None:
        self._admission = admission
        self._held = 0

    def take(self, size: int) -> None:
        """size: bytes. Raises Refused (503) when the room is taken."""
        if self._admission.occupied + size > self._admission.limit:
            raise unavailable("overloaded", "The gateway holds all the requests it can; send this one again shortly.")
        self._admission.occupied += size
        self._held += size

    def __enter__(self) -> "Ticket":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._admission.occupied -= self._held
        self._held = 0
