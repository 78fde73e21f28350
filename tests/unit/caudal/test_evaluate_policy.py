"""`caudal evaluate policy` and `caudal evaluate models` say what a file of choices can tell, and what it cannot."""

import json
from pathlib import Path

import msgspec
import pytest

from caudal.commands.evaluate import models, policy
from recommender.evaluation.choices import write_choices
from tests.unit.recommender.evaluation.test_off_policy import choice, simulated


@pytest.fixture
def file(tmp_path: Path) -> Path:
    written = tmp_path / "choices.jsonl"
    written.write_bytes(write_choices(simulated(400, 3)))
    return written


def test_every_policy_is_told_with_its_intervals(file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    policy(file=file, json=True)
    told = json.loads(capsys.readouterr().out)
    assert list(told["policies"]) == ["served", "ranked", "uniform", "popular", "given"]
    assert (told["n"], told["customers"], told["fixed"]) == (400, 200, 0)
    dr = told["policies"]["uniform"]["dr"]
    assert dr["low"] < dr["value"] < dr["high"]


def test_the_page_needs_no_other_file(file: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    page = tmp_path / "policies.html"
    policy(file=file, report=page)
    html = page.read_text(encoding="utf-8")
    assert html.startswith("<!doctype html>")
    assert html.count("<circle") == 5
    assert "http" not in html
    assert "uniform" in capsys.readouterr().out


def test_a_file_of_a_shop_that_tried_nothing_says_what_to_do(tmp_path: Path) -> None:
    file = tmp_path / "choices.jsonl"
    file.write_bytes(write_choices([choice(candidates=("a",), probabilities=(1.0,))]))
    with pytest.raises(ValueError, match="CAUDAL_EXPLORATION"):
        policy(file=file)


def test_two_models_are_compared_by_what_became_of_their_answers(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "seen.jsonl"
    by = (("old", False), ("old", True), ("new", True), ("new", True))
    seen = [msgspec.structs.replace(choice(), customer=f"c{n}", model=by[n][0], clicked=by[n][1]) for n in range(4)]
    file.write_bytes(write_choices(seen))
    models("old", "new", file=file)
    told = capsys.readouterr().out
    assert "0.5000" in told
    assert "new less old" in told
    models("old", "new", file=file, json=True)
    assert json.loads(capsys.readouterr().out)["difference"]["value"] == 0.5
