"""Where log lines go: to a stream that may take none, because its disk is full or its reader gone.

That must never end what is logged about: such lines are left out, and their number is told as soon as one is taken.
"""

from typing import TextIO


class Lines:
    """As much of a file as structlog's loggers need. lost: lines that nobody took."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        # Beside Python's buffer: what is stuck in it would be tried again at the end, and make that a bad one.
        self._raw = getattr(getattr(stream, "buffer", None), "raw", None)
        self._text = ""
        self.lost = 0

    def write(self, text: str) -> None:
        self._text += text

    def flush(self) -> None:
        text, self._text = self._text, ""
        told = f"({self.lost} lines of this log were lost here: nobody took them)\n" if self.lost else ""
        try:
            self._put(told + text)
        except (OSError, ValueError):  # it is full; or it is closed
            self.lost += text.count("\n")
        else:
            self.lost = 0

    def _put(self, text: str) -> None:
        if self._raw is None:
            self._stream.write(text)
            self._stream.flush()
            return
        left = memoryview(text.encode(errors="replace"))
        while left:
            left = left[self._raw.write(left) or 0 :]
