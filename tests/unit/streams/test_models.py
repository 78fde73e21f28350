import asyncio
from collections.abc import Callable
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from recommender.aisles import Aisles, aisles_of
from recommender.model import empty_arrays
from recommender.publication import Provenance, publish
from recommender.rollout import ROLLOUT, Kind, Rollout, Trial, write_rollout
from recommender.stock import Stock
from retail.catalog import Item
from retail.reference import Reference
from streams.state.models import ModelShelf

DAY = 86_400_000
"""Milliseconds."""


def trained(folder: Path, day: int) -> str:
    """The version of a model published on the given day since the epoch."""
    return publish(folder, empty_arrays(), Provenance(created=day * DAY))


def tear(folder: Path, version: str) -> None:
    with (folder / version / "factors.npy").open("ab") as file:
        file.write(b"torn")


async def test_before_the_first_training_an_empty_model_serves(tmp_path: Path) -> None:
    shelf = ModelShelf(tmp_path / "not yet there")
    assert not await shelf.refresh()
    assert shelf.current.version == ""


async def test_the_newest_version_serves(tmp_path: Path) -> None:
    shelf = ModelShelf(tmp_path)
    trained(tmp_path, 20_000)
    newest = trained(tmp_path, 20_001)
    assert await shelf.refresh()
    assert shelf.current.version == newest
    assert not await shelf.refresh()


async def test_a_torn_version_is_refused_once_and_the_old_one_goes_on_serving(tmp_path: Path) -> None:
    shelf = ModelShelf(tmp_path)
    old = trained(tmp_path, 20_000)
    await shelf.refresh()
    torn = trained(tmp_path, 20_001)
    tear(tmp_path, torn)
    with capture_logs() as logs:
        assert not await shelf.refresh()
        assert not await shelf.refresh()
    assert shelf.current.version == old
    assert [entry["version"] for entry in logs if entry["log_level"] == "error"] == [torn]


async def test_a_good_version_after_a_torn_one_serves(tmp_path: Path) -> None:
    shelf = ModelShelf(tmp_path)
    tear(tmp_path, trained(tmp_path, 20_000))
    await shelf.refresh()
    good = trained(tmp_path, 20_001)
    assert await shelf.refresh()
    assert shelf.current.version == good


async def test_who_watches_sees_a_new_version_by_themselves(tmp_path: Path) -> None:
    shelf = ModelShelf(tmp_path)
    watching = asyncio.create_task(shelf.watch(0.01))
    version = trained(tmp_path, 20_000)
    async with asyncio.timeout(10):
        while shelf.current.version != version:
            await asyncio.sleep(0.01)
    watching.cancel()
    with pytest.raises(asyncio.CancelledError):
        await watching


async def test_a_decision_keeps_the_model_it_began_with(tmp_path: Path) -> None:
    shelf = ModelShelf(tmp_path)
    taken = shelf.current
    trained(tmp_path, 20_000)
    await shelf.refresh()
    assert taken.version == ""
    assert shelf.current is not taken


async def test_a_model_is_ready_for_the_shop_before_it_serves(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    reference = Reference(items={"i1": Item(id="i1", category="fruit")})
    shelf = ModelShelf(tmp_path, reference)
    trained(tmp_path, 20_000)
    await shelf.refresh()

    def too_late(*_: object) -> None:
        raise AssertionError("with a million items the event loop would stand still for seconds now")

    monkeypatch.setattr(Stock, "__init__", too_late)
    monkeypatch.setattr(Aisles, "__init__", too_late)
    for number in range(5_000):
        reference.put_item(f"new-{number}", Item(id=f"new-{number}", category="fruit"))
    shelf.keep_up()
    assert len(aisles_of(shelf.current, reference).unknown["fruit"]) == 5_001


def tried(folder: Path, version: str, *, serving: str = "", kind: Kind = Kind.CANDIDATE, share: float = 100.0) -> None:
    write_rollout(folder, Rollout(serving=serving, trial=Trial(version, kind, share)))


async def two_versions(folder: Path) -> tuple[ModelShelf, str, str]:
    """A shelf on which the older one serves, and is held; and both names."""
    old = trained(folder, 20_000)
    write_rollout(folder, Rollout(serving=old))
    new, shelf = trained(folder, 20_001), ModelShelf(folder)
    await shelf.refresh()
    return shelf, old, new


async def test_what_is_held_serves_though_a_newer_version_is_there(tmp_path: Path) -> None:
    shelf, old, _ = await two_versions(tmp_path)
    assert shelf.current.version == old


async def test_a_candidate_is_noticed_and_answers_its_customers(tmp_path: Path) -> None:
    shelf, old, new = await two_versions(tmp_path)
    tried(tmp_path, new, serving=old, share=50.0)
    assert await shelf.refresh()
    assert {shelf.serving.of(f"customer-{number}").version for number in range(50)} == {old, new}
    assert not await shelf.refresh()


async def test_only_who_compares_loads_a_shadow(tmp_path: Path) -> None:
    shelf, old, new = await two_versions(tmp_path)
    tried(tmp_path, new, serving=old, kind=Kind.SHADOW)
    assert not await shelf.refresh()
    comparing = ModelShelf(tmp_path, shadows=True)
    await comparing.refresh()
    assert comparing.serving.shadow is not None
    assert comparing.serving.of("ana").version == old


async def test_promoted_a_candidate_serves_without_being_loaded_again(tmp_path: Path) -> None:
    shelf, old, new = await two_versions(tmp_path)
    tried(tmp_path, new, serving=old)
    await shelf.refresh()
    model = shelf.serving.of("ana")
    write_rollout(tmp_path, Rollout(serving=new, before=old))
    assert await shelf.refresh()
    assert shelf.current is model
    assert shelf.serving.tried is None


async def test_rolled_back_the_old_version_serves_everybody_again(tmp_path: Path) -> None:
    shelf, old, new = await two_versions(tmp_path)
    tried(tmp_path, new, serving=old)
    await shelf.refresh()
    write_rollout(tmp_path, Rollout(serving=old))
    assert await shelf.refresh()
    assert shelf.serving.of("ana").version == old
    write_rollout(tmp_path, Rollout())
    await shelf.refresh()
    assert shelf.current.version == new


def foreign(folder: Path, version: str) -> None:
    manifest = folder / version / "manifest.json"
    manifest.write_bytes(manifest.read_bytes().replace(version.encode(), b"another"))


def missing(folder: Path, version: str) -> None:
    (folder / version / "manifest.json").unlink()


@pytest.mark.parametrize("spoil", [tear, foreign, missing])
async def test_a_torn_foreign_or_missing_candidate_is_refused_once_and_everybody_keeps_the_other(
    tmp_path: Path, spoil: Callable[[Path, str], None]
) -> None:
    shelf, old, new = await two_versions(tmp_path)
    spoil(tmp_path, new)
    tried(tmp_path, new, serving=old)
    with capture_logs() as logs:
        assert not await shelf.refresh()
        assert not await shelf.refresh()
    assert shelf.serving.of("ana").version == old
    assert [entry["version"] for entry in logs if entry["log_level"] == "error"] == [new]


async def test_a_candidate_that_comes_later_than_the_word_of_it_is_tried_then(tmp_path: Path) -> None:
    shelf, old, new = await two_versions(tmp_path)
    tried(tmp_path, new, serving=old)
    (tmp_path / new).rename(tmp_path / ".on its way")
    assert not await shelf.refresh()
    (tmp_path / ".on its way").rename(tmp_path / new)
    assert await shelf.refresh()
    assert shelf.serving.of("ana").version == new


async def test_a_rollout_file_that_cannot_be_read_changes_nothing_and_is_told_once(tmp_path: Path) -> None:
    shelf, old, new = await two_versions(tmp_path)
    (tmp_path / ROLLOUT).write_bytes(b'{"serving": ')
    with capture_logs() as logs:
        assert not await shelf.refresh()
        assert not await shelf.refresh()
    assert shelf.current.version == old
    assert [entry["event"] for entry in logs] == ["the rollout file was refused"]
    write_rollout(tmp_path, Rollout(serving=new))
    assert await shelf.refresh()
    assert shelf.current.version == new


async def test_a_process_that_starts_while_what_is_held_is_gone_takes_the_newest_rather_than_none(
    tmp_path: Path,
) -> None:
    version = trained(tmp_path, 20_000)
    write_rollout(tmp_path, Rollout(serving="19990101T000000000Z-00000000"))
    shelf = ModelShelf(tmp_path)
    assert await shelf.refresh()
    assert shelf.current.version == version
