"""The model that serves: a newer complete version is loaded beside it and then takes its place, at once.

Worker and gateway each hold one shelf. A version that is torn or foreign is refused, told once, and the one that
serves goes on serving.
"""

import asyncio
from pathlib import Path

import structlog

from recommender.aisles import aisles_of
from recommender.model import Model, ModelRefused, load, newest
from recommender.stock import stock_of
from recommender.warm_up import compile_slates
from retail.reference import Reference
from streams.faults import Point, reach

log = structlog.get_logger()


class ModelShelf:
    """Starts with the empty model, which answers too; nothing is read before `refresh` or `watch`."""

    def __init__(self, folder: Path, reference: Reference | None = None) -> None:
        """folder: where versions are published. reference: the shop that a model is made ready for, None for none."""
        self._folder = folder
        self._reference = reference or Reference()
        self._current = Model.empty()
        self._refused = ""

    @property
    def current(self) -> Model:
        """Whoever decides takes it once and keeps it for that decision."""
        return self._current

    def keep_up(self) -> None:
        """Takes in what changed in the shop, little by little, before a decision has to take in all of it."""
        _derive(self._current, self._reference)

    async def watch(self, interval: float) -> None:
        """Looks for a newer version every `interval` seconds, until cancelled."""
        while True:
            await self.refresh()
            await asyncio.sleep(interval)

    async def refresh(self) -> bool:
        """True if a newer version serves now. Reading and checking happen off the event loop."""
        folder = await asyncio.to_thread(self._newer)
        if folder is None:
            return False
        try:
            model = await asyncio.to_thread(_load, folder, self._reference)
        except ModelRefused as fault:
            self._refused = folder.name
            log.error(
                "a model version was refused", version=folder.name, fault=str(fault), serving=self._current.version
            )
            return False
        _derive(model, self._reference)  # What changed meanwhile: only the loop's thread may follow the changes.
        reach(Point.MODEL_BEFORE_SWAP)
        self._current = model
        log.info("a model serves", version=model.version, items=len(model.items))
        return True

    def _newer(self) -> Path | None:
        """The newest version, None where it serves already or was refused, or the folder cannot be read."""
        try:
            folder = newest(self._folder)
        except OSError as fault:
            log.warning("the models folder cannot be read", folder=str(self._folder), fault=str(fault))
            return None
        if folder is None or folder.name in (self._current.version, self._refused):
            return None
        return folder


def _load(folder: Path, reference: Reference) -> Model:
    """The model, its first touch of memory, the compilation, and what follows from model and shop, done before anybody
    waits for it; with a million items that is seconds."""
    model = load(folder)
    compile_slates(model)
    _derive(model, reference)
    return model


def _derive(model: Model, reference: Reference) -> None:
    stock_of(model, reference)
    aisles_of(model, reference)
