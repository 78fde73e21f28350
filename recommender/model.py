"""A trained model as plain arrays: opened from a versioned folder, checked, never unpickled."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from recommender.arrays import Arrays
from recommender.blend import BLEND, blend_flaw, blend_of
from recommender.lately import Lately
from recommender.manifest import FORMAT, MANIFEST, FileEntry, Manifest, checksum, read_manifest
from recommender.policy import BlendPolicy
from recommender.ranker import Ranker, ranker_flaw, ranker_of
from recommender.session_index import SessionIndex, Tuning, has_sessions, index_of, no_sessions, tuning_of
from recommender.session_index import flaw as session_flaw
from recommender.shelf import SHAPES, Shelf, flaw, make_shelf
from recommender.slate_text import Texts, item_texts
from retail.catalog import item_key


class ModelRefused(Exception):
    """The folder does not hold a model that can serve. Whoever asked keeps the one it has."""


@dataclass(frozen=True, eq=False)
class Model:
    """version: the folder's name, "" for the empty model. items: ids by row. stores: number by store id.

    names: the items, then "" for row -1, which stands for no item. keys: (I,) item key by row.
    texts: the items as JSON writes them.

    first, last: the purchases it learned from, seconds since the epoch.
    sessions, tuning: what others clicked, and how it is asked; an index of no session where none were learned from.
    blend: how the sources are weighed, as training found best. ranker: what orders the best of it, where it helps.
    lately: what was learned since; the only part that changes, by its keeper.
    """

    version: str
    shelf: Shelf
    items: tuple[str, ...]
    names: tuple[str, ...]
    keys: NDArray[np.uint64]
    texts: Texts
    sessions: SessionIndex
    tuning: Tuning
    blend: BlendPolicy = BLEND
    ranker: Ranker | None = None
    stores: dict[str, int] = field(default_factory=dict)
    first: int = 0
    last: int = 0
    lately: Lately = field(default_factory=Lately)

    def row(self, item: str) -> int:
        """-1 where the model does not know the item."""
        return self.row_of(item_key(item))

    def row_of(self, number: int) -> int:
        """As `row`, by item key."""
        keys, key = self.shelf.keys, np.uint64(number)
        place = int(np.searchsorted(keys, key))
        return int(self.shelf.rows[place]) if place < len(keys) and keys[place] == key else -1

    def rows(self, items: Sequence[str]) -> list[int]:
        """As `row`, of many at once, which costs a tenth of asking for each."""
        keys = self.shelf.keys
        if not len(keys):
            return [-1] * len(items)
        asked = np.fromiter(map(item_key, items), np.uint64, len(items))
        places = np.minimum(np.searchsorted(keys, asked), len(keys) - 1)
        found: list[int] = np.where(keys[places] == asked, self.shelf.rows[places], -1).tolist()
        return found

    @classmethod
    def empty(cls) -> Model:
        """Knows nothing, serves anyway: what a process starts with before the first training."""
        return make_model("", empty_arrays())


def empty_arrays() -> dict[str, NDArray[np.generic]]:
    """Arrays of a model of no items."""
    arrays: dict[str, NDArray[np.generic]] = {
        name: np.zeros((0,) * len(axes), dtype) for name, (dtype, axes) in SHAPES.items()
    }
    arrays["here_starts"] = np.zeros(1, np.int64)
    arrays["alpha"] = np.ones(1, np.float32)
    return arrays


def make_model(version: str, arrays: Arrays, *, first: int = 0, last: int = 0) -> Model:
    """Raises ModelRefused where the arrays do not fit together."""
    wrong = flaw(arrays) or blend_flaw(arrays) or ranker_flaw(arrays)
    if not wrong:
        arrays = arrays if has_sessions(arrays) else {**arrays, **no_sessions(len(arrays["keys"]))}
        wrong = session_flaw(arrays)
    if wrong:
        raise ModelRefused(f"model {version}: {wrong}")
    items, stores = texts_of(arrays["item_ids"]), texts_of(arrays["store_ids"])
    if len(items) != len(arrays["keys"]) or len(stores) != len(arrays["here_starts"]) - 1:
        raise ModelRefused(f"model {version}: {len(items)} item ids and {len(stores)} store ids do not fit its arrays")
    numbers = {store: number for number, store in enumerate(stores)}
    shelf, ranker = make_shelf(arrays), ranker_of(arrays)
    keys = np.empty_like(shelf.keys, subok=False)
    keys[shelf.rows] = shelf.keys
    return Model(
        version=version,
        shelf=shelf,
        items=items,
        names=(*items, ""),
        keys=keys,
        texts=item_texts(items),
        sessions=index_of(arrays),
        tuning=tuning_of(arrays),
        blend=replace(blend_of(arrays), ranked=0 if ranker is None else ranker.depth),
        ranker=ranker,
        stores=numbers,
        first=first,
        last=last,
    )


def versions(models: Path) -> list[Path]:
    """The complete versions in the folder of models, oldest first: their names sort by age. Raises OSError."""
    if not models.is_dir():
        return []
    visible = (folder for folder in models.iterdir() if not folder.name.startswith("."))
    return sorted(folder for folder in visible if (folder / MANIFEST).is_file())


def newest(models: Path) -> Path | None:
    """The newest complete version in the folder of models, None where there is none."""
    return next(reversed(versions(models)), None)


def load(folder: Path) -> Model:
    """The model of a version's folder, its arrays mapped, not read into memory.

    Raises ModelRefused: torn (a file is missing, short or changed), foreign (another format), or ill-shaped.
    """
    manifest = _manifest(folder)
    if manifest.version != folder.name:
        raise ModelRefused(f"{folder}: the manifest is of version {manifest.version}")
    arrays = {name: _array(folder, name, entry) for name, entry in manifest.arrays.items()}
    return make_model(manifest.version, arrays, first=manifest.first, last=manifest.last)


def texts(values: Sequence[str]) -> NDArray[np.uint8]:
    """Ids as one array of bytes, what `item_ids` and `store_ids` hold. Raises ValueError on a zero character."""
    if any("\0" in value for value in values):
        raise ValueError("an id with a zero character cannot be stored")
    return np.frombuffer("".join(value + "\0" for value in values).encode(), np.uint8)


def texts_of(packed: NDArray[np.generic]) -> tuple[str, ...]:
    """What `texts` packed. Raises ModelRefused."""
    try:
        return tuple(packed.tobytes().decode().split("\0")[:-1])
    except UnicodeDecodeError as error:
        raise ModelRefused("ids are not UTF-8") from error


def _manifest(folder: Path) -> Manifest:
    try:
        manifest = read_manifest(folder)
    except (OSError, ValueError) as error:
        raise ModelRefused(f"{folder / MANIFEST}: {error}") from error
    if manifest.format != FORMAT:
        raise ModelRefused(f"{folder}: format {manifest.format}, this program reads {FORMAT}; train again")
    return manifest


def _array(folder: Path, name: str, entry: FileEntry) -> NDArray[np.generic]:
    path = folder / f"{name}.npy"
    try:
        if checksum(path) != entry.sha256:
            raise ModelRefused(f"{path}: its bytes are not those that were published")
        array: NDArray[np.generic] = np.load(path, mmap_mode="r", allow_pickle=False)
    except (OSError, ValueError, EOFError) as error:
        raise ModelRefused(f"{path}: {error}") from error
    if array.dtype.str != entry.dtype or array.shape != entry.shape:
        raise ModelRefused(f"{path}: {array.dtype.str} {array.shape}, the manifest says {entry.dtype} {entry.shape}")
    return array
