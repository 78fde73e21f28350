"""What a process that serves does first: its heap kept small, its log set up, fault points armed, settings that
are none told."""

import os

import structlog

from caudal.heap import keep_small
from caudal.logs import configure
from caudal.misspelt import strangers
from streams import faults
from streams.settings import Settings


def start_up(settings: Settings) -> None:
    """Before anything is connected or logged, and before threads start."""
    keep_small()
    configure(settings.log_format, settings.log_level)
    faults.arm(os.environ)
    log = structlog.get_logger()
    for sentence in strangers():
        log.warning(sentence)
