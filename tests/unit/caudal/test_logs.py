"""The log: one object a line, whoever speaks, and never the words of an exception."""

import json
import subprocess
import sys

import pytest

CANARY = "ana.canary@example.com"

PROGRAM = """
import asyncio, gc, logging, sys, threading
import structlog
from caudal.logs import configure
from streams.settings import LogFormat, LogLevel

canary = sys.argv[2]
configure(LogFormat(sys.argv[1]), LogLevel.INFO)
log = structlog.get_logger()
log.debug("not written")
log.info("partitions assigned", partitions=[1, 2])
log.warning("two\\nlines and \\x1b[31mcolours", fault="a\\x07bell")
try:
    raise KeyError(canary)
except KeyError as fault:
    log.exception("a request failed", route="batch")
    log.error("by value", exc_info=fault)
    logging.getLogger("library").exception("it failed for %r", fault)
    logging.getLogger("library").error(fault)
logging.getLogger("library").warning("cannot reach %s: %s", "kafka:9092", OSError("refused"))
logging.getLogger("library").info("chatter")

async def forgotten():
    async def fail():
        raise ValueError(canary)
    task = asyncio.create_task(fail())
    await asyncio.sleep(0)
    await asyncio.sleep(0)

asyncio.run(forgotten())
gc.collect()

def fail():
    raise ValueError(canary)

thread = threading.Thread(target=fail, name="worker")
thread.start()
thread.join()

class Dying:
    def __del__(self):
        raise ValueError(canary)

Dying()
"""


def logged(form: str) -> str:
    program = [sys.executable, "-c", PROGRAM, form, CANARY]
    ran = subprocess.run(program, capture_output=True, text=True, check=True)
    assert ran.stdout == ""
    return ran.stderr


@pytest.mark.parametrize("form", ["auto", "json"])
def test_every_line_is_one_object_unless_somebody_watches(form: str) -> None:
    lines = [json.loads(line) for line in logged(form).splitlines()]
    events = [line["event"] for line in lines]
    assert events[0] == "partitions assigned"
    assert "not written" not in events
    assert "chatter" not in events
    assert all({"event", "level", "timestamp"} <= line.keys() for line in lines)


@pytest.mark.parametrize("form", ["json", "console"])
def test_no_exception_brings_its_words_into_the_log(form: str) -> None:
    text = logged(form)
    assert CANARY not in text
    assert text.count("KeyError") >= 3
    assert text.count("ValueError") >= 3
    assert "cannot reach kafka:9092: refused" in text


def test_a_fault_is_told_by_kind_and_place() -> None:
    lines = [json.loads(line) for line in logged("json").splitlines()]
    told = {line["event"]: line for line in lines}
    for event in ("a request failed", "by value", "a thread failed", "an exception nobody could be told of"):
        assert told[event]["kind"] in {"KeyError", "ValueError"}
        assert told[event]["where"]
    assert told["Task exception was never retrieved"]["kind"] == "ValueError"


def test_a_text_keeps_to_its_line_and_commands_no_terminal() -> None:
    for form in ("json", "console"):
        text = logged(form)
        assert "\x1b[31m" not in text
        assert "\x07" not in text
    assert r"two\nlines" in json.loads(logged("json").splitlines()[1])["event"]
