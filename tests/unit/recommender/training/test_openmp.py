import os
import subprocess
import sys
from pathlib import Path

import pytest

from recommender.model import load
from recommender.training import openmp
from recommender.training.apart import TrainingFailed, train_apart

TABLE = "customer_id\tbasket_id\titem_id\ttimestamp\nana\t1\tmug\t100\nana\t2\tcup\t200\n"


@pytest.fixture
def bare(monkeypatch: pytest.MonkeyPatch) -> None:
    """A system without the library."""
    monkeypatch.setattr(openmp, "LIBRARY", "libgomp.so.1")
    monkeypatch.setattr(openmp, "available", lambda: False)


@pytest.mark.usefixtures("bare")
def test_without_the_library_a_process_is_given_the_one_of_the_wheel(tmp_path: Path) -> None:
    prepared = openmp.environment(tmp_path)
    loads = f"import ctypes; ctypes.CDLL({str(tmp_path / openmp.LIBRARY)!r})"
    assert subprocess.run([sys.executable, "-c", loads], env=prepared, check=False).returncode == 0
    assert prepared[openmp.PATH].split(os.pathsep)[0] == str(tmp_path)


@pytest.mark.usefixtures("bare")
def test_preparing_twice_is_preparing_once(tmp_path: Path) -> None:
    assert openmp.environment(tmp_path) == openmp.environment(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == [openmp.LIBRARY]


@pytest.mark.usefixtures("bare")
def test_a_program_that_was_started_anew_in_vain_says_what_to_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(openmp.PATH, str(tmp_path))
    with pytest.raises(openmp.NoOpenMP, match="libgomp1"):
        openmp.ensure(tmp_path)


def test_a_training_apart_publishes_and_tells_its_progress(tmp_path: Path) -> None:
    (tmp_path / "shop.tsv").write_text(TABLE)
    told: list[float] = []
    version = train_apart(tmp_path / "shop.tsv", tmp_path / "models", progress=lambda _, done: told.append(done))
    assert set(load(tmp_path / "models" / version).items) == {"mug", "cup"}
    assert told[-1] == 1.0


def test_a_training_apart_that_fails_says_why(tmp_path: Path) -> None:
    with pytest.raises(TrainingFailed, match=r"missing\.tsv"):
        train_apart(tmp_path / "missing.tsv", tmp_path / "models")
