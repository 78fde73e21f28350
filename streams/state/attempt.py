"""One attempt at something that concurrent callers share: none of them can end it by giving up."""

import asyncio
from collections.abc import Callable, Coroutine
from typing import Generic, TypeVar

T = TypeVar("T")


class Attempt(Generic[T]):
    """What `action` returns or raises, for everybody who asked while it ran; asked later, it is done again."""

    def __init__(self, action: Callable[[], Coroutine[None, None, T]]) -> None:
        self._action = action
        self._running: asyncio.Task[T] | None = None

    async def __call__(self) -> T:
        """Raises ConnectionAbortedError where it is closed meanwhile: nobody who waits was cancelled themselves."""
        running = self._begun()
        try:
            return await asyncio.shield(running)
        except asyncio.CancelledError:
            task = asyncio.current_task()
            if running.cancelled() and task is not None and not task.cancelling():
                raise ConnectionAbortedError("it was closed while it was being opened") from None
            raise

    def begin(self) -> None:
        """For those who do not wait; a fault is then seen by nobody."""
        _ = self._begun()

    async def close(self) -> None:
        if self._running is not None:
            self._running.cancel()
            await asyncio.wait([self._running])

    def _begun(self) -> "asyncio.Task[T]":
        if self._running is None:
            self._running = asyncio.get_running_loop().create_task(self._action())
            self._running.add_done_callback(self._over)
        return self._running

    def _over(self, task: asyncio.Task[T]) -> None:
        self._running = None
        if not task.cancelled():
            task.exception()
