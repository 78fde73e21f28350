"""Compiled functions: what they freeze is known, so that machine code on disk is never older than its constants."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from recommender.compiled import FROZEN
from tests.architecture.sources import modules, tree

KERNELS = ("compiled", "inlined", "inlined_fast")


def imported(module: Path) -> dict[str, str]:
    """Name in the module to the module of ours it comes from; functions, classes and whole modules among it."""
    froms = [node for node in tree(module).body if isinstance(node, ast.ImportFrom)]
    ours = [node for node in froms if (node.module or "").split(".")[0] in ("recommender", "retail")]
    return {alias.asname or alias.name: _origin(str(node.module), alias.name) for node in ours for alias in node.names}


def _origin(place: str, name: str) -> str:
    return f"{place}.{name}" if file_of(f"{place}.{name}") in modules(place.split(".")[0]) else place


def file_of(module: str) -> Path:
    return Path(*module.split(".")).with_suffix(".py")


def assigned(module: Path) -> dict[str, ast.expr]:
    """The module's own constants."""
    found: dict[str, ast.expr] = {}
    for node in tree(module).body:
        targets = node.targets if isinstance(node, ast.Assign) else [getattr(node, "target", None)]
        if isinstance(node, ast.Assign | ast.AnnAssign) and node.value is not None:
            names = [name for target in targets if target is not None for name in ast.walk(target)]
            found |= {name.id: node.value for name in names if isinstance(name, ast.Name)}
    return found


def names_in(node: ast.AST) -> set[str]:
    return {found.id for found in ast.walk(node) if isinstance(found, ast.Name)}


def sources_of(module: Path, names: set[str], seen: frozenset[str] = frozenset()) -> Iterator[str]:
    """Modules that the names' values come from, through any number of constants."""
    for name in names - seen:
        if name in assigned(module):
            yield from sources_of(module, names_in(assigned(module)[name]), seen | {name})
        elif name in imported(module):
            origin = imported(module)[name]
            file = file_of(origin)
            yield origin
            # All that the module assigns, because it may have been taken as a whole.
            yield from sources_of(file, {name, *assigned(file)}, seen | {name} if file == module else frozenset())


def kernels(module: Path) -> list[ast.FunctionDef]:
    functions = [node for node in tree(module).body if isinstance(node, ast.FunctionDef)]
    return [f for f in functions if any(isinstance(d, ast.Name) and d.id in KERNELS for d in f.decorator_list)]


@pytest.mark.parametrize("module", [m for m in modules("recommender") if kernels(m)], ids=str)
def test_what_a_kernel_freezes_is_known(module: Path) -> None:
    used = {name for kernel in kernels(module) for part in kernel.body for name in names_in(part)}
    assert set(sources_of(module, used)) <= set(FROZEN)
