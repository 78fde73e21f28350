from pathlib import Path

import numpy as np
import pytest

from recommender.manifest import MANIFEST, read_manifest
from recommender.model import Model, ModelRefused, load, make_model, newest
from recommender.publication import Provenance, publish
from recommender.recommend import Query, recommend
from retail.customers import EMPTY
from retail.reference import Reference
from tests.unit.recommender.shelves import Arrays, random_arrays


def published(models: Path, arrays: Arrays | None = None, created: int = 1_795_435_200_000) -> Path:
    provenance = Provenance(created=created, first=1, last=2, counts={"items": 12})
    return models / publish(models, arrays or random_arrays(), provenance)


def test_a_published_model_is_loaded_as_it_was(tmp_path: Path) -> None:
    arrays = random_arrays()
    model = load(published(tmp_path, arrays))
    assert model.items == tuple(f"i{row}" for row in range(12))
    assert model.stores == {"s0": 0, "s1": 1}
    assert (model.first, model.last) == (1, 2)
    assert np.array_equal(model.shelf.factors, arrays["factors"])


def test_a_loaded_model_answers_as_the_arrays_it_was_made_of(tmp_path: Path) -> None:
    query = Query(customer="ana", state=EMPTY, at=0, store="s0")
    folder = published(tmp_path)
    assert recommend(query, load(folder), Reference()) == recommend(
        query, make_model(folder.name, random_arrays()), Reference()
    )


def test_the_newest_version_is_the_one_published_last(tmp_path: Path) -> None:
    versions = [published(tmp_path, random_arrays(seed=n), 1_795_435_200_000 + n) for n in (2, 0, 1)]
    assert newest(tmp_path) == versions[0]


def test_without_any_version_there_is_no_newest(tmp_path: Path) -> None:
    assert newest(tmp_path) is None
    assert newest(tmp_path / "missing") is None


def test_a_version_that_was_not_finished_is_not_seen(tmp_path: Path) -> None:
    whole = published(tmp_path)
    (tmp_path / "29991231T000000000Z-half").mkdir()
    (tmp_path / ".draft-crashed").mkdir()
    (tmp_path / ".draft-crashed" / MANIFEST).write_text("{}")
    assert newest(tmp_path) == whole


def test_a_publication_that_fails_leaves_nothing(tmp_path: Path) -> None:
    with pytest.raises(ModelRefused, match="factors is missing"):
        publish(tmp_path, {k: v for k, v in random_arrays().items() if k != "factors"}, Provenance(created=0))
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("harm", ["gone", "short", "changed", "pickled", "empty"])
def test_a_torn_model_is_refused_with_the_name_of_the_file(tmp_path: Path, harm: str) -> None:
    folder = published(tmp_path)
    victim = folder / "factors.npy"
    whole = victim.read_bytes()
    match harm:
        case "gone":
            victim.unlink()
        case "short":
            victim.write_bytes(whole[:-8])
        case "changed":
            victim.write_bytes(whole[:-1] + bytes([whole[-1] ^ 1]))
        case "pickled":
            np.save(victim, np.array([{}], object), allow_pickle=True)
        case _:
            victim.write_bytes(b"")
    with pytest.raises(ModelRefused, match=r"factors\.npy"):
        load(folder)


@pytest.mark.parametrize("manifest", ["", "{}", "[1, 2]", "no json"])
def test_a_foreign_manifest_is_refused(tmp_path: Path, manifest: str) -> None:
    folder = published(tmp_path)
    (folder / MANIFEST).write_text(manifest)
    with pytest.raises(ModelRefused, match=MANIFEST):
        load(folder)


def test_a_model_of_another_format_is_refused(tmp_path: Path) -> None:
    folder = published(tmp_path)
    text = (folder / MANIFEST).read_text()
    (folder / MANIFEST).write_text(text.replace('"format": 1', '"format": 99'))
    with pytest.raises(ModelRefused, match="format 99"):
        load(folder)


def test_a_version_under_another_name_is_refused(tmp_path: Path) -> None:
    folder = published(tmp_path).rename(tmp_path / "29991231T000000000Z-renamed")
    with pytest.raises(ModelRefused, match="manifest is of version"):
        load(folder)


@pytest.mark.parametrize(
    ("name", "value", "complaint"),
    [
        ("aids", np.zeros((12, 7), np.float32), "7 factors, factors has 4"),
        ("factors", np.zeros((11, 4), np.float32), "11 items"),
        ("factors", np.zeros((12, 4), np.float64), "float64"),
        ("factors", np.full((12, 4), np.nan, np.float32), "not numbers"),
        ("together", np.full((12, 3), 12, np.int32), "outside"),
        ("rows", np.full(12, -1, np.int32), "outside"),
        ("here_starts", np.array([0, 9, 3], np.int64), "here_starts"),
        ("keys", np.zeros(12, np.uint64), "ascending"),
        ("item_ids", np.zeros(3, np.uint8), "item ids"),
    ],
)
def test_arrays_that_do_not_fit_together_are_refused(name: str, value: Arrays, complaint: str) -> None:
    with pytest.raises(ModelRefused, match=complaint):
        make_model("odd", {**random_arrays(), name: value})  # type: ignore[dict-item]


def test_the_manifest_tells_what_the_model_learned_from(tmp_path: Path) -> None:
    manifest = read_manifest(published(tmp_path))
    assert (manifest.first, manifest.last, manifest.counts) == (1, 2, {"items": 12})


def test_the_empty_model_knows_nothing() -> None:
    model = Model.empty()
    assert (model.version, model.items, model.stores) == ("", (), {})
