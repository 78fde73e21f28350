"""The OpenMP runtime that `implicit` is linked with, which a bare Debian lacks and scikit-learn's wheel brings.

The linker looks a library up when a process starts, so the way in is the environment of a new process:
a private folder with a link named `libgomp.so.1` on `LD_LIBRARY_PATH`.
"""

import ctypes
import os
import sys
from importlib.util import find_spec
from pathlib import Path
from typing import NoReturn

LIBRARY = "libgomp.so.1"
PATH = "LD_LIBRARY_PATH"


class NoOpenMP(Exception):
    """Neither the system nor a wheel has the library."""


def available() -> bool:
    """Whether this process can load the library."""
    try:
        ctypes.CDLL(LIBRARY)
    except OSError:
        return False
    return True


def environment(folder: Path) -> dict[str, str]:
    """The environment of a process that will find the library; the present one where it is found already.

    folder: private, made if missing; the link is put there. Raises NoOpenMP.
    """
    prepared = dict(os.environ)
    if available():
        return prepared
    folder.mkdir(parents=True, exist_ok=True)
    _link(folder / LIBRARY, _bundled())
    prepared[PATH] = os.pathsep.join(filter(None, (str(folder), prepared.get(PATH, ""))))
    return prepared


def ensure(folder: Path) -> None:
    """Returns where the library is found; otherwise starts this very program anew, once, so that it is."""
    if available():
        return
    if str(folder) in os.environ.get(PATH, "").split(os.pathsep):
        raise NoOpenMP(f"{folder / LIBRARY} is there but cannot be loaded; install the package libgomp1")
    _again(environment(folder))


def _again(prepared: dict[str, str]) -> NoReturn:
    sys.stdout.flush()
    sys.stderr.flush()
    os.execve(sys.executable, [sys.executable, *sys.orig_argv[1:]], prepared)


def _bundled() -> Path:
    """The library inside scikit-learn's wheel, found without importing it."""
    spec = find_spec("sklearn")
    if spec is not None and spec.origin is not None:
        libraries = Path(spec.origin).parent.parent / "scikit_learn.libs"
        for library in sorted(libraries.glob("libgomp-*.so*")):
            return library
    raise NoOpenMP("training needs libgomp.so.1: install the package libgomp1, or the wheel of scikit-learn")


def _link(link: Path, target: Path) -> None:
    """Replaced as one step, because another process may be looking."""
    draft = link.with_name(f".{link.name}-{os.getpid()}")
    draft.unlink(missing_ok=True)
    draft.symlink_to(target)
    draft.replace(link)
