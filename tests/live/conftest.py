"""Servers, settings and processes for the live tests; each test has them to itself."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from caudal.child import Child
from streams.settings import Settings
from tests.processes import Gateway, gateway_process, worker_process
from tests.servers import Servers, clean_servers, provisioned_settings


@pytest.fixture
def servers() -> Iterator[Servers]:
    with clean_servers() as clean:
        yield clean


@pytest.fixture
def settings(servers: Servers, tmp_path: Path) -> Settings:
    """The topics are there, nothing is in them."""
    return provisioned_settings(servers, tmp_path)


@pytest.fixture
def worker(settings: Settings, tmp_path: Path) -> Iterator[Child]:
    with worker_process(settings, tmp_path) as child:
        yield child


@pytest.fixture
def gateway(settings: Settings, tmp_path: Path) -> Iterator[Gateway]:
    with gateway_process(settings, tmp_path) as ready:
        yield ready
