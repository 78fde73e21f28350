import asyncio
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from recommender.aisles import Aisles, aisles_of
from recommender.model import empty_arrays
from recommender.publication import Provenance, publish
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
