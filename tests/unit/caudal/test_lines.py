"""A log that nobody takes ends nothing, and says later what it lacks."""

import errno
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import TextIO, cast

import pytest
import structlog

from caudal.lines import Lines


class Disk:
    """A stream on a disk that may be full."""

    def __init__(self) -> None:
        self.full = False
        self.text = ""

    def write(self, text: str) -> None:
        if self.full:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        self.text += text

    def flush(self) -> None:
        pass


def test_lines_that_a_full_disk_does_not_take_are_counted_and_told_once_there_is_room() -> None:
    disk = Disk()
    log = structlog.PrintLogger(cast(TextIO, Lines(cast(TextIO, disk))))
    log.msg("one")
    disk.full = True
    log.msg("two")
    log.msg("three")
    disk.full = False
    log.msg("four")
    assert disk.text == "one\n(2 lines of this log were lost here: nobody took them)\nfour\n"


SAYS_MUCH = """
import structlog
from caudal.logs import configure
from streams.settings import LogFormat, LogLevel

configure(LogFormat.JSON, LogLevel.INFO)
for number in range(1000):
    structlog.get_logger().info("said", number=number)
"""


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="this system has no disk that is always full")
def test_a_process_whose_log_is_full_ends_as_well_as_any() -> None:
    with Path("/dev/full").open("wb") as full:
        assert subprocess.run([sys.executable, "-c", SAYS_MUCH], stderr=full, check=False).returncode == 0


def test_a_process_whose_log_nobody_reads_ends_as_well_as_any() -> None:
    process = subprocess.Popen([sys.executable, "-c", SAYS_MUCH], stderr=subprocess.PIPE)
    assert process.stderr is not None
    assert json.loads(process.stderr.readline())["event"] == "said"
    process.stderr.close()
    assert process.wait(30) == 0
