"""A trained model as plain arrays: opened from a versioned folder, checked, never unpickled."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Model:
    """version: the folder's name. (Arrays to come.)"""

    version: str
