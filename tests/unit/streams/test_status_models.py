from pathlib import Path

from recommender.model import empty_arrays
from recommender.publication import Provenance, publish
from recommender.rollout import ROLLOUT, Kind, Rollout, Trial, write_rollout
from streams.status.gather import models_told


def test_the_model_that_serves_and_the_one_that_is_tried_are_told(tmp_path: Path) -> None:
    assert models_told(tmp_path) == ("", "", ())
    old, new = (publish(tmp_path, empty_arrays(), Provenance(created=day * 86_400_000)) for day in (20_000, 20_001))
    assert models_told(tmp_path) == (new, "", ())
    write_rollout(tmp_path, Rollout(serving=old, trial=Trial(new, Kind.CANDIDATE, 10.0)))
    assert models_told(tmp_path) == (old, f"{new} candidate for 10 % of the customers", ())


def test_a_candidate_that_is_missing_is_a_trouble_with_what_to_do(tmp_path: Path) -> None:
    old = publish(tmp_path, empty_arrays(), Provenance(created=0))
    write_rollout(tmp_path, Rollout(serving=old, trial=Trial("gone", Kind.CANDIDATE, 10.0)))
    (trouble,) = models_told(tmp_path)[2]
    assert "gone" in trouble
    assert "caudal models rollback" in trouble


def test_a_rollout_file_that_cannot_be_read_is_a_trouble(tmp_path: Path) -> None:
    (tmp_path / ROLLOUT).write_bytes(b"{")
    assert "caudal models follow" in models_told(tmp_path)[2][0]
