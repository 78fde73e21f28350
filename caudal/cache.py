"""The user's cache folder: what is made once per machine and may be deleted at any time."""

import os
from pathlib import Path


def cache_folder() -> Path:
    """`$XDG_CACHE_HOME/caudal`, or `~/.cache/caudal`."""
    home = os.environ.get("XDG_CACHE_HOME")
    return (Path(home) if home else Path.home() / ".cache") / "caudal"
