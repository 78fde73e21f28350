"""What import-linter cannot say: retail stands on the standard library and msgspec, and the contracts can fail."""

import ast
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.architecture.sources import ROOMS, ROOT, modules, tree

LINT = Path(sys.executable).with_name("lint-imports")


def imported(module: Path) -> Iterator[str]:
    for node in ast.walk(tree(module)):
        if isinstance(node, ast.Import):
            yield from (name.name.partition(".")[0] for name in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            yield node.module.partition(".")[0]


@pytest.mark.parametrize("module", modules("retail"), ids=str)
def test_retail_needs_the_standard_library_and_msgspec(module: Path) -> None:
    assert set(imported(module)) - sys.stdlib_module_names - {"retail", "msgspec"} == set()


@pytest.fixture(scope="module")
def copy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The rooms and their rules, to break them in."""
    folder = tmp_path_factory.mktemp("rooms")
    for room in ROOMS:
        shutil.copytree(ROOT / room, folder / room, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "pyproject.toml", folder)
    return folder


VIOLATIONS = {
    "retail/catalog.py imports upward": ("retail/catalog.py", "import streams.settings"),
    "the gateway sees the worker": ("gateway/keys.py", "import streams.shedding"),
    "the topics lead to Faust": ("streams/topics/partitions.py", "import streams.app"),
    "Faust in the front door": ("caudal/cli.py", "import faust"),
    "aiokafka in the gateway": ("gateway/keys.py", "import aiokafka"),
    "Redis in the recommender": ("recommender/recommend.py", "import redis"),
    "Redis in an agent": ("streams/journey.py", "import redis.asyncio"),
    "implicit while serving": ("recommender/recommend.py", "import implicit"),
    "pyarrow in the front door": ("caudal/cli.py", "import pyarrow"),
    "serving reaches training": ("streams/journey.py", "import recommender.training"),
    "numpy in retail": ("retail/history.py", "import numpy"),
}


@pytest.mark.parametrize(("file", "violation"), VIOLATIONS.values(), ids=VIOLATIONS.keys())
def test_each_import_rule_can_be_broken_and_is_noticed(copy: Path, file: str, violation: str) -> None:
    broken = copy / file
    whole = broken.read_text()
    try:
        broken.write_text(f"{whole}\n{violation}\n")
        lint = [str(LINT), "--no-cache", "--no-logo"]
        answer = subprocess.run(lint, cwd=copy, capture_output=True, text=True, check=False)
    finally:
        broken.write_text(whole)
    assert answer.returncode == 1, answer.stdout
    assert file.removesuffix(".py").replace("/", ".") in answer.stdout
