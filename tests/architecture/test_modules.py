"""The shape of the code: small modules that introduce themselves, under names that say something."""

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.architecture.sources import BESIDE, ROOMS, modules, text, tree

MODULE_LINES = 300
SUITE_LINES = 400
"""Of a module beside the rooms: a suite may be longer than what it tests."""

FUNCTION_LINES = 30
PARAMETERS = 5
BANNED = {"utils", "util", "common", "helpers", "helper", "misc", "base", "core", "manager", "handler", "service"}
"""Names that tell where something was put, not what it is."""

Function = ast.FunctionDef | ast.AsyncFunctionDef


def functions(module: Path) -> Iterator[Function]:
    return (node for node in ast.walk(tree(module)) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef))


def lines(function: Function) -> int:
    """Lines of the body without its docstring."""
    documented = ast.get_docstring(function) is not None
    body = function.body[1:] if documented else function.body
    return (body[-1].end_lineno or 0) - body[0].lineno + 1 if body else 0


@pytest.mark.parametrize("module", modules(*ROOMS, *BESIDE), ids=str)
def test_no_module_is_long(module: Path) -> None:
    limit = MODULE_LINES if module.parts[0] in ROOMS else SUITE_LINES
    assert len(text(module).splitlines()) <= limit


@pytest.mark.parametrize("module", modules(*ROOMS), ids=str)
def test_no_function_is_long(module: Path) -> None:
    assert {function.name: n for function in functions(module) if (n := lines(function)) > FUNCTION_LINES} == {}


@pytest.mark.parametrize("module", modules(*ROOMS, *BESIDE), ids=str)
def test_no_module_is_named_after_nothing(module: Path) -> None:
    assert not BANNED & {module.stem, *module.parent.parts}


@pytest.mark.parametrize("module", modules(*ROOMS), ids=str)
def test_every_module_introduces_itself(module: Path) -> None:
    introduction = (ast.get_docstring(tree(module)) or "").split("\n")[0]
    assert len(introduction) >= 10, f"{module} does not say what its job is"


@pytest.mark.parametrize("module", modules(*ROOMS), ids=str)
def test_every_contract_error_is_named_not_swallowed(module: Path) -> None:
    bare = [node.lineno for node in ast.walk(tree(module)) if isinstance(node, ast.ExceptHandler) and node.type is None]
    assert bare == []


IMPORT_ALL = """
import importlib, socket, sys, threading

def refuse(*_):
    raise AssertionError("a module connects when it is imported")

socket.socket.connect = refuse
for name in sys.argv[1:]:
    importlib.import_module(name)
assert threading.active_count() == 1, threading.enumerate()
"""


def test_importing_everything_starts_nothing() -> None:
    # Training needs an OpenMP runtime that its own process prepares.
    rooms = [module for module in modules(*ROOMS) if module.stem != "__main__" and "training" not in module.parts]
    names = [".".join(module.with_suffix("").parts).removesuffix(".__init__") for module in rooms]
    imported = subprocess.run([sys.executable, "-c", IMPORT_ALL, *names], capture_output=True, text=True, check=False)
    assert imported.returncode == 0, imported.stderr
