"""How a model becomes visible: all its files at once, by the rename of a finished folder."""

import io
import shutil
import tempfile
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path

import msgspec
import numpy as np
from numpy.typing import NDArray

from recommender.arrays import Arrays
from recommender.manifest import FileEntry, Manifest, checksum, sync, write, write_manifest
from recommender.model import make_model


class Provenance(msgspec.Struct, frozen=True, kw_only=True):
    """created: now, milliseconds since the epoch. first, last: purchases learned from, seconds. counts: by what.

    notes: as in the manifest.
    """

    created: int
    first: int = 0
    last: int = 0
    counts: dict[str, int] = {}
    notes: dict[str, str] = {}


def publish(models: Path, arrays: Arrays, provenance: Provenance) -> str:
    """Writes a version beside the others and returns its name, which sorts by `created`.

    Readers see all of it or nothing; a crash leaves a hidden folder that nobody reads. Raises ModelRefused
    for arrays that could not be loaded again, OSError where the disk refuses.
    """
    make_model("to be published", arrays)
    models.mkdir(parents=True, exist_ok=True)
    draft = Path(tempfile.mkdtemp(prefix=".draft-", dir=models))
    try:
        entries = {name: _write_array(draft, name, array) for name, array in arrays.items()}
        version = _version(provenance.created, entries)
        write_manifest(draft, _manifest(version, provenance, entries))
        sync(draft)
        draft.chmod(0o755)
        draft.rename(models / version)
    except BaseException:
        shutil.rmtree(draft, ignore_errors=True)
        raise
    sync(models)
    return version


def _manifest(version: str, provenance: Provenance, entries: dict[str, FileEntry]) -> Manifest:
    return Manifest(
        version=version,
        created=provenance.created // 1000,
        first=provenance.first,
        last=provenance.last,
        counts=provenance.counts,
        notes=provenance.notes,
        arrays=entries,
    )


def _version(created: int, entries: dict[str, FileEntry]) -> str:
    """`20261231T235959123Z-` and eight digits of what is inside: two trainings of one moment do not collide."""
    moment = datetime.fromtimestamp(created / 1000, UTC)
    content = sha256("".join(entry.sha256 for entry in entries.values()).encode()).hexdigest()
    return f"{moment:%Y%m%dT%H%M%S}{created % 1000:03d}Z-{content[:8]}"


def _write_array(folder: Path, name: str, array: NDArray[np.generic]) -> FileEntry:
    buffer = io.BytesIO()
    np.save(buffer, np.ascontiguousarray(array), allow_pickle=False)
    path = folder / f"{name}.npy"
    write(path, buffer.getvalue())
    return FileEntry(array.dtype.str, array.shape, checksum(path))
