"""What a version's folder says of itself: format, training window, and the checksum of every file."""

import os
from hashlib import file_digest
from pathlib import Path

import msgspec

FORMAT = 1
"""Rises whenever a program of before could misread the arrays."""

MANIFEST = "manifest.json"


class FileEntry(msgspec.Struct, frozen=True):
    """One array. dtype: numpy's text with byte order. sha256: of the whole file, hexadecimal."""

    dtype: str
    shape: tuple[int, ...]
    sha256: str


class Manifest(msgspec.Struct, frozen=True, kw_only=True):
    """created, first, last: seconds since the epoch; first and last purchase learned from. counts: by what.

    notes: by part of the model, why it is as it is, or why it is not there.
    """

    format: int = FORMAT
    version: str
    created: int
    first: int
    last: int
    counts: dict[str, int]
    arrays: dict[str, FileEntry]
    notes: dict[str, str] = {}


def read_manifest(folder: Path) -> Manifest:
    """Raises OSError and ValueError (msgspec.DecodeError among it)."""
    return msgspec.json.decode((folder / MANIFEST).read_bytes(), type=Manifest)


def write_manifest(folder: Path, manifest: Manifest) -> None:
    write(folder / MANIFEST, msgspec.json.format(msgspec.json.encode(manifest)))


def checksum(path: Path) -> str:
    with path.open("rb") as file:
        return file_digest(file, "sha256").hexdigest()


def write(path: Path, content: bytes) -> None:
    """On the disk when it returns, not only in its cache."""
    with path.open("xb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())


def sync(folder: Path) -> None:
    """Makes the names in a folder durable."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
