"""The models that serve: a newer complete version is loaded beside them and then takes its place, at once.

Worker and gateway each hold one shelf. What serves, and what is tried beside it, is said by the models folder
(`recommender.rollout`). A version that is torn, foreign or missing is refused, told once, and the one that serves goes
on serving.
"""

import asyncio
from pathlib import Path
from typing import NamedTuple

import structlog

from recommender.aisles import aisles_of
from recommender.manifest import MANIFEST
from recommender.model import Model, ModelRefused, load, newest
from recommender.newcomers import newcomers_of
from recommender.rollout import ROLLOUT, Kind, Rollout, RolloutRefused, Trial, read_rollout, serving
from recommender.serving import Serving, Tried
from recommender.stock import stock_of
from recommender.warm_up import compile_slates
from retail.reference import Reference
from streams.faults import Point, reach

MISSING = "/missing"
"""Marks what is looked for again at each look."""

log = structlog.get_logger()


class Wanted(NamedTuple):
    """What the models folder says. newest: "" for none."""

    rollout: Rollout
    newest: str


class ModelShelf:
    """Starts with the empty model, which answers too; nothing is read before `refresh` or `watch`."""

    def __init__(self, folder: Path, reference: Reference | None = None, *, shadows: bool = False) -> None:
        """folder: where versions are published. reference: the shop that a model is made ready for, None for none.
        shadows: whether versions are loaded that are only to be compared with."""
        self._folder = folder
        self._reference = reference or Reference()
        self._shadows = shadows
        self._serving = Serving(Model.empty())
        self._rollout = Rollout()
        self._refused: set[str] = set()

    @property
    def current(self) -> Model:
        """The one that serves whoever no other is tried on."""
        return self._serving.current

    @property
    def serving(self) -> Serving:
        """Whoever decides takes it once and keeps it for that decision."""
        return self._serving

    def keep_up(self) -> None:
        """Takes in what changed in the shop, little by little, before a decision has to take in all of it."""
        for model in self._serving.models:
            _derive(model, self._reference)

    async def watch(self, interval: float) -> None:
        """Looks for a newer version, or another plan, every `interval` seconds, until cancelled."""
        while True:
            await self.refresh()
            await asyncio.sleep(interval)

    async def refresh(self) -> bool:
        """True if something else serves now, or is tried. Reading and checking happen off the event loop."""
        wanted = await asyncio.to_thread(self._look)
        if wanted is None:
            return False
        current = await self._current(wanted)
        tried = await self._tried(wanted.rollout.trial, current)
        before = self._serving
        if current is before.current and _same(tried, before.tried):
            return False
        for model in Serving(current, tried).models:
            # What changed meanwhile: only the loop's thread may follow the changes.
            _derive(model, self._reference)
        reach(Point.MODEL_BEFORE_SWAP)
        self._serving = Serving(current, tried)
        self._tell(before)
        return True

    def _look(self) -> Wanted | None:
        """None where the folder cannot be read."""
        try:
            folder = newest(self._folder)
            self._plan()
        except OSError as fault:
            log.warning("the models folder cannot be read", folder=str(self._folder), fault=str(fault))
            return None
        return Wanted(self._rollout, folder.name if folder is not None else "")

    def _plan(self) -> None:
        """Another plan is another chance for what was refused; one that is refused leaves the one before."""
        try:
            rollout = read_rollout(self._folder)
        except RolloutRefused as fault:
            self._refuse(ROLLOUT, fault)
            return
        if rollout != self._rollout:
            self._refused.clear()
        self._refused.discard(ROLLOUT)
        self._rollout = rollout

    async def _current(self, wanted: Wanted) -> Model:
        """A process that has none yet takes the newest rather than none."""
        known = (wanted.newest,) if wanted.newest else ()
        model = await self._model(serving(wanted.rollout, known))
        if model is None and not self.current.version:
            model = await self._model(wanted.newest)
        return model or self.current

    async def _tried(self, trial: Trial | None, current: Model) -> Tried | None:
        if trial is None or trial.version == current.version or (trial.kind is Kind.SHADOW and not self._shadows):
            return None
        model = await self._model(trial.version)
        return None if model is None else Tried(trial, model)

    async def _model(self, version: str) -> Model | None:
        """One that is at hand, or loaded; None where there is none that can serve."""
        at_hand = next((model for model in self._serving.models if model.version == version), None)
        if at_hand is not None or not version:
            return at_hand
        folder = self._folder / version
        if not await asyncio.to_thread((folder / MANIFEST).is_file):
            self._refuse(version, ModelRefused(f"{folder}: there is no such version, or it is not complete"), MISSING)
            return None
        self._refused.discard(version + MISSING)  # It may have been on its way to this machine.
        if version in self._refused:
            return None
        try:
            return await asyncio.to_thread(_load, folder, self._reference)
        except ModelRefused as fault:
            self._refuse(version, fault)
            return None

    def _refuse(self, name: str, fault: Exception, mark: str = "") -> None:
        if name + mark in self._refused:
            return
        self._refused.add(name + mark)
        event = "the rollout file was refused" if name == ROLLOUT else "a model version was refused"
        log.error(event, version=name, fault=str(fault), serving=self.current.version)

    def _tell(self, before: Serving) -> None:
        current, tried = self._serving.current, self._serving.tried
        if current is not before.current:
            log.info("a model serves", version=current.version, items=len(current.items))
        if _same(tried, before.tried):
            return
        if tried is None:
            log.info("no model is tried any more", serving=current.version)
        else:
            trial = tried.trial
            log.info("a model is tried", version=trial.version, kind=trial.kind.value, share=trial.share)


def _same(one: Tried | None, other: Tried | None) -> bool:
    if one is None or other is None:
        return one is other
    return one.model is other.model and one.trial == other.trial


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
    newcomers_of(model, reference)
