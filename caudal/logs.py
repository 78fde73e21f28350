"""The log of a worker or a gateway: lines for machines or for a person, never with anything personal in them.

What customers sent must not reach a log, and the way it gets there is the message of an exception: of a decoder, of a
library, of a task that nobody awaited. So an exception is told by its kind and where it came up, never by its words.
"""

import logging
import sys
import threading
import traceback
from types import TracebackType
from typing import Any, TextIO, cast

import structlog
from structlog.typing import EventDict, Processor

from caudal.lines import Lines
from caudal.text import printable
from streams.settings import LogFormat, LogLevel

FRAMES = 6
"""Innermost calls that are told of an exception."""

LEVELS = {
    LogLevel.DEBUG: logging.DEBUG,
    LogLevel.INFO: logging.INFO,
    LogLevel.WARNING: logging.WARNING,
    LogLevel.ERROR: logging.ERROR,
}

STEP = 10
"""Between two levels of Python's logging."""

OUTSPOKEN = ("aiokafka", "kafka")
"""Packages whose exceptions speak of servers, not of customers."""


def configure(form: LogFormat, level: LogLevel) -> None:
    """For a process that is a server, once, before anything is logged. Everything goes to stderr, which may be full."""
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            wordless,
            one_line,
            *_renderers(form),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(LEVELS[level]),
        logger_factory=structlog.PrintLoggerFactory(cast(TextIO, Lines(sys.stderr))),
        cache_logger_on_first_use=True,
    )
    logging.basicConfig(handlers=[Libraries()], level=min(LEVELS[level] + STEP, logging.ERROR), force=True)
    threading.excepthook = _thread_failed
    sys.unraisablehook = _unraisable


def _renderers(form: LogFormat) -> list[Processor]:
    if form is LogFormat.CONSOLE or (form is LogFormat.AUTO and sys.stderr.isatty()):
        return [structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty())]
    return [_first_things_first, structlog.processors.JSONRenderer(ensure_ascii=False)]


def _first_things_first(_logger: object, _method: str, event: EventDict) -> EventDict:
    """For the eye that reads the lines all the same."""
    return {name: event.pop(name) for name in ("timestamp", "level", "event")} | dict(event)


def wordless(_logger: object, _method: str, event: EventDict) -> EventDict:
    """Instead of an exception its kind, and where it came up."""
    fault = _exception(event.pop("exc_info", None))
    if fault is not None:
        event["kind"] = type(fault).__name__
        event["where"] = _where(fault.__traceback__)
    return event


def one_line(_logger: object, _method: str, event: EventDict) -> EventDict:
    """A text keeps to its line and commands no terminal, whatever is in it."""
    for name, value in event.items():
        if isinstance(value, str):
            event[name] = printable(value)
    return event


class Libraries(logging.Handler):
    """What libraries log becomes lines of ours."""

    def emit(self, record: logging.LogRecord) -> None:
        structlog.get_logger().log(record.levelno, said(record), logger=record.name, exc_info=record.exc_info)


def said(record: logging.LogRecord) -> str:
    """The record's message; of exceptions in it only the kind."""
    if isinstance(record.msg, BaseException):
        return type(record.msg).__name__
    if isinstance(record.args, tuple):
        record.args = tuple(_safe(argument) for argument in record.args)
    try:
        text = record.getMessage()
    except (TypeError, ValueError):
        text = str(record.msg)
    # asyncio tells of the task, the future and its exception in the lines that follow.
    return text.partition("\n")[0] if record.name == "asyncio" else text


def _safe(argument: object) -> object:
    if not isinstance(argument, BaseException):
        return argument
    if isinstance(argument, OSError) or type(argument).__module__.partition(".")[0] in OUTSPOKEN:
        return argument
    return type(argument).__name__


def _exception(given: Any) -> BaseException | None:  # structlog and logging give it in four forms
    if isinstance(given, BaseException):
        return given
    if isinstance(given, tuple):
        return given[1] if isinstance(given[1], BaseException) else None
    return sys.exc_info()[1] if given else None


def _where(trace: TracebackType | None) -> list[str]:
    return [f"{frame.filename}:{frame.lineno} {frame.name}" for frame in traceback.extract_tb(trace)[-FRAMES:]]


def _thread_failed(failed: threading.ExceptHookArgs) -> None:
    name = failed.thread.name if failed.thread else ""
    structlog.get_logger().critical("a thread failed", thread=name, exc_info=failed.exc_value)


def _unraisable(failed: "sys.UnraisableHookArgs") -> None:
    structlog.get_logger().error("an exception nobody could be told of", exc_info=failed.exc_value)
