"""`caudal demo`: real receipts in, recommendations and pushes out, everything counted again, and lines that work."""

import json
import shutil
import signal
import subprocess
import sys
from pathlib import Path
from time import monotonic, sleep

import pytest

from tests.live.cache import Command, cache, running_command
from tests.patience import PATIENCE

__all__ = ["cache"]

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(sys.platform != "linux", reason="looks for processes that were left behind in /proc"),
]

FIGURES = {
    "events", "applied", "lost", "doubled", "rejected", "slates", "pushes", "withheld",
    "events_per_second", "hit_rate_at_10", "popularity_hit_rate_at_10", "seconds",
}  # fmt: skip

STAYS = "It keeps running"
"""What the demo says once the replay is over."""


def test_a_demo_accounts_for_every_event_and_its_lines_do_what_they_say(tmp_path: Path, cache: Path) -> None:
    arguments = ("demo", "--json", "--events", "600", "--speed", "200000")
    with running_command(tmp_path, cache, *arguments) as demo:
        demo.wait_for(STAYS)
        lines = pasted(demo)
        before = slate(lines[2])
        answers = [run(line) for line in lines[:2]]
        assert [json.loads(answer) for answer in answers] == [{"success": True}] * 2
        after, inbox = changed(lines[2], before)
        assert [item["item"] for item in after["items"]] != [item["item"] for item in before["items"]]
        assert inbox["messages"]
        demo.process.send_signal(signal.SIGINT)
        assert demo.end() == 0
        assert not demo.relatives()
        assert list(demo.temporary.iterdir()) == []
        account_is_clean(json.loads(demo.out.splitlines()[-1]))


def account_is_clean(figures: dict[str, object]) -> None:
    assert set(figures) == FIGURES
    assert figures["events"] == figures["applied"]
    assert (figures["lost"], figures["doubled"], figures["rejected"]) == (0, 0, 0)
    assert isinstance(figures["events"], int)
    assert figures["events"] > 4 * 600
    assert figures["pushes"]
    withheld = figures["withheld"]
    assert isinstance(withheld, dict)
    assert {"no_consent", "already_sent"} <= withheld.keys()


def test_a_demo_that_is_interrupted_leaves_nothing(tmp_path: Path, cache: Path) -> None:
    with running_command(tmp_path, cache, "demo", "--once") as demo:
        demo.wait_for("history, straight to Kafka")
        demo.process.send_signal(signal.SIGTERM)
        assert demo.end() == 130
        assert not demo.relatives()
        assert list(demo.temporary.iterdir()) == []


def pasted(demo: Command) -> list[str]:
    """The three lines, as they were printed; those for curl where there is one."""
    program = "curl " if shutil.which("curl") else "python3 -c "
    lines = [line for line in demo.err.splitlines() if line.startswith(program)]
    assert len(lines) == 3
    return lines


def run(line: str) -> str:
    ran = subprocess.run(["sh", "-c", line], capture_output=True, text=True, check=True)
    return ran.stdout


def slate(line: str) -> dict[str, list[dict[str, str]]]:
    return read(line)[0]


def read(line: str) -> list[dict[str, list[dict[str, str]]]]:
    """The slate and the inbox that the third line shows, one JSON object each."""
    answers = [json.loads(answer) for answer in run(line).splitlines() if answer.strip()]
    assert len(answers) == 2
    return answers


def changed(line: str, before: dict[str, list[dict[str, str]]]) -> list[dict[str, list[dict[str, str]]]]:
    deadline = monotonic() + PATIENCE
    while True:
        shown = read(line)
        if (shown[0]["items"] != before["items"] and shown[1]["messages"]) or monotonic() > deadline:
            return shown
        sleep(0.1)
