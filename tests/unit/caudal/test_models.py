"""`caudal models` on a folder of versions."""

import json
from pathlib import Path

import pytest

from caudal.cli import assemble
from recommender.model import ModelRefused, empty_arrays
from recommender.publication import Provenance, publish
from recommender.rollout import Kind, Rollout, RolloutRefused, Trial, read_rollout

DAY = 86_400_000
"""Milliseconds."""


@pytest.fixture
def versions(tmp_path: Path) -> list[str]:
    """Three, oldest first."""
    return [publish(tmp_path, empty_arrays(), Provenance(created=day * DAY)) for day in (20_000, 20_001, 20_002)]


def models(folder: Path, *words: str) -> None:
    assemble()(["models", *words, "--models", str(folder)], result_action="return_value", exit_on_error=False)


def roles(folder: Path, capsys: pytest.CaptureFixture[str]) -> list[str]:
    """As `caudal models list` has them, oldest first."""
    capsys.readouterr()
    models(folder, "list", "--json")
    return [json.loads(line)["role"] for line in capsys.readouterr().out.splitlines()]


def test_a_version_is_tried_on_a_few_promoted_and_taken_back(
    tmp_path: Path, versions: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert roles(tmp_path, capsys) == ["", "", "serves, as the newest"]
    models(tmp_path, "candidate", versions[2], "--share", "10")
    assert roles(tmp_path, capsys) == ["", "serves, held", "candidate for 10 % of the customers"]
    models(tmp_path, "promote")
    assert roles(tmp_path, capsys) == ["", "", "serves, held"]
    models(tmp_path, "rollback")
    assert roles(tmp_path, capsys) == ["", "serves, held", "waits"]
    models(tmp_path, "follow")
    assert roles(tmp_path, capsys) == ["", "", "serves, as the newest"]


def test_a_command_tells_what_serves_now(
    tmp_path: Path, versions: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    models(tmp_path, "hold")
    models(tmp_path, "shadow", versions[0], "--share", "2.5")
    told = capsys.readouterr().out
    assert f"{versions[2]} serves, held" in told
    assert f"{versions[0]} in shadow of 2.5 % of a gateway's answers" in told
    assert read_rollout(tmp_path) == Rollout(serving=versions[2], trial=Trial(versions[0], Kind.SHADOW, 2.5))


def test_a_torn_version_is_neither_tried_nor_gone_back_to(tmp_path: Path, versions: list[str]) -> None:
    (tmp_path / versions[1] / "factors.npy").write_bytes(b"torn")
    for words in (("candidate", versions[1], "--share", "10"), ("shadow", versions[1]), ("rollback",)):
        with pytest.raises(ModelRefused, match="factors"):
            models(tmp_path, *words)
    assert read_rollout(tmp_path) == Rollout()


def test_a_version_that_is_not_there_is_refused_with_those_there_are(tmp_path: Path, versions: list[str]) -> None:
    with pytest.raises(RolloutRefused, match=versions[0]):
        models(tmp_path, "candidate", "../elsewhere", "--share", "10")
    with pytest.raises(RolloutRefused, match="--share"):
        models(tmp_path, "candidate", versions[2], "--share", "nan")


def test_a_version_that_went_missing_is_listed_as_such(
    tmp_path: Path, versions: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    models(tmp_path, "candidate", versions[2], "--share", "10")
    (tmp_path / versions[2] / "manifest.json").unlink()
    assert roles(tmp_path, capsys)[2].startswith("candidate for 10 % of the customers, but cannot be read")
