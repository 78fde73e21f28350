"""The command line answers quickly and explains itself."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from caudal.cli import assemble
from caudal.embedded import free_port

COMMANDS = [
    ("demo",),
    ("up",),
    ("worker",),
    ("gateway",),
    ("topics", "create"),
    ("status",),
    ("rejects", "list"),
    ("rejects", "show"),
    ("rejects", "replay"),
    ("shop", "load"),
    ("merchandising", "list"),
    ("train",),
    ("explain",),
    ("models", "list"),
    ("models", "candidate"),
    ("models", "promote"),
    ("evaluate", "sessions"),
    ("evaluate", "baskets"),
    ("evaluate", "coupons"),
    ("evaluate", "models"),
]


def caudal(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "caudal", *arguments]
    return subprocess.run(command, capture_output=True, text=True, env={**os.environ, **environment}, check=False)


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_every_command_explains_itself(command: tuple[str, ...], capsys: pytest.CaptureFixture[str]) -> None:
    assemble()([*command, "--help"], result_action="return_value")
    told = capsys.readouterr().out
    assert f"caudal {' '.join(command)}" in told
    assert len(told.splitlines()) > 5


def test_the_help_needs_neither_faust_nor_numba() -> None:
    program = (
        "import sys\nfrom caudal.cli import assemble\nassemble()(['--help'], result_action='return_value')\n"
        "heavy = {'faust', 'numba', 'numpy', 'litestar', 'pyarrow', 'kafka'} & set(sys.modules)\n"
        "sys.exit(f'imported: {heavy}' if heavy else 0)"
    )
    ran = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stderr


def test_an_unknown_command_is_a_wrong_call() -> None:
    assert caudal("dance").returncode == 2


def test_a_setting_that_cannot_be_is_named() -> None:
    ran = caudal("topics", "create", CAUDAL_CUSTOMER_PARTITIONS="none")
    assert ran.returncode != 0
    assert "CAUDAL_CUSTOMER_PARTITIONS" in ran.stderr
    assert "Traceback" not in ran.stderr


def test_a_broker_that_is_not_there_is_told_in_a_sentence() -> None:
    ran = caudal("topics", "create", "--broker", f"127.0.0.1:{free_port()}")
    assert ran.returncode == 1
    assert ran.stderr.startswith("caudal: cannot reach Kafka")
    assert "Traceback" not in ran.stderr


def test_a_position_that_is_none_is_told_with_an_example() -> None:
    ran = caudal("rejects", "show", "17")
    assert ran.returncode == 1
    assert "partition/offset" in ran.stderr


def test_a_shop_that_cannot_be_read_loads_nothing_and_names_file_and_line(tmp_path: Path) -> None:
    (tmp_path / "catalog.jsonl").write_text(json.dumps({"id": "mug"}) + "\n{broken\n")
    ran = caudal("shop", "load", str(tmp_path))
    assert ran.returncode == 1
    assert "catalog.jsonl, line 2" in ran.stderr
