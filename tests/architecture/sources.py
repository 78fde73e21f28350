"""The project's own files, read once for the tests of its shape."""

import ast
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parents[2]
ROOMS = ("caudal", "gateway", "streams", "recommender", "retail")
BESIDE = ("tests", "benchmarks", "docs")


@cache
def modules(*folders: str) -> tuple[Path, ...]:
    """Every Python file under the folders, relative to the root."""
    found = (path for folder in folders for path in (ROOT / folder).rglob("*.py"))
    return tuple(sorted(path.relative_to(ROOT) for path in found))


@cache
def tree(module: Path) -> ast.Module:
    return ast.parse(text(module))


@cache
def text(file: Path) -> str:
    return (ROOT / file).read_text()
