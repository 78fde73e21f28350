"""What the commands about rejects read from their caller and show of a stranger's bytes."""

import pytest
from hypothesis import given
from hypothesis import strategies as some

from caudal.commands.rejects import _readable, _tell_table, moment
from caudal.text import printable
from retail.rejects import Rejected
from streams.rejects import Filed, Heap, Open, Position
from tests.shop import NOON


@pytest.mark.parametrize(
    ("text", "milliseconds"),
    [
        ("", 0),
        ("90m", NOON - 5_400_000),
        ("7d", NOON - 604_800_000),
        ("2026-11-23T12:00", NOON),
        ("2026-11-23T13:00+01:00", NOON),
    ],
)
def test_a_moment_is_an_age_or_a_time(text: str, milliseconds: int) -> None:
    assert moment(text, NOON / 1000) == milliseconds


@pytest.mark.parametrize("text", ["yesterday", "7 d", "d", "-1d"])
def test_what_is_no_moment_is_told_with_an_example(text: str) -> None:
    with pytest.raises(ValueError, match="90m"):
        moment(text, NOON / 1000)


@given(some.binary(max_size=200), some.text(max_size=50))
def test_no_reject_commands_the_terminal_that_shows_it(raw: bytes, message: str) -> None:
    shown = _readable(
        Filed(Position(0, 1), NOON, Rejected.of(raw, source="events.web/0/1", reason="r", message=message))
    )
    assert all(character.isprintable() for line in shown.split("\n") for character in line)


def test_escapes_and_reversals_are_told_not_done() -> None:
    assert printable("\x1b[2J\u202e\u009b31m ok") == r"\x1b[2J\u202e\x9b31m ok"


def test_the_table_shows_a_strangers_reason_as_it_is(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "160")
    heap = Heap("[red]\x1b[31munknown_item", "events.web", 1200, NOON, Position(0, 17))
    _tell_table([heap], Open(put_back=3, unreadable=1))
    shown = capsys.readouterr().out
    assert r"[red]\x1b[31munknown_item" in shown
    assert "\x1b" not in shown
    for told in ("1,200", "0/17", "2026-11-23T12:00:00+00:00", "3 put back", "1 records are no rejects"):
        assert told in shown


def test_what_is_asked_for_by_a_reason_can_be_read_in_a_narrow_terminal(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "60")
    _tell_table([Heap("timestamp_out_of_range", "customer-events", 1200, NOON, Position(11, 1_234_567))], Open())
    shown = capsys.readouterr().out
    assert "timestamp_out_of_range" in shown
    assert "customer-events" in shown
    assert "11/1234567" in shown
