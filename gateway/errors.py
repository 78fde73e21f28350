"""A request that is refused: the status, a stable code, and a message that says what to do."""

import msgspec


class Problem(msgspec.Struct, frozen=True):
    """The body of every answer that is not a success. code: stable, for programs. message: for people."""

    code: str
    message: str


class Refused(Exception):
    """retry_after: whole seconds after which the same request may succeed, 0 where repeating it is useless."""

    def __init__(self, status: int, code: str, message: str, retry_after: int = 0) -> None:
        super().__init__(message)
        self.status = status
        self.problem = Problem(code, message)
        self.retry_after = retry_after


def bad_parameter(name: str, message: str) -> Refused:
    return Refused(400, "bad_parameter", f"{name}: {message}")


def unavailable(code: str, message: str, retry_after: int = 1) -> Refused:
    return Refused(503, code, message, retry_after)
