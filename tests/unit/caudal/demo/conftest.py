"""The real year, prepared once for all tests of the demo."""

from pathlib import Path

import pytest

from caudal.demo.year import Year, open_year


@pytest.fixture(scope="session")
def demo_cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("cache")


@pytest.fixture(scope="session")
def year(demo_cache: Path) -> Year:
    return open_year(demo_cache)
