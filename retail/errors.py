"""The error tree of what we talk about: an event that is wrong is refused, with a code and a sentence."""


class EventRefused(Exception):
    """The event is wrong: reject it; sending it again changes nothing.

    code: stable, for machines and metrics. message: what was wrong, where, and what to do.
    """

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
