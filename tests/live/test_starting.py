"""Being told to stop before all is there: a worker or a gateway that still starts ends at once, and well."""

import os
import signal
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from caudal.child import Child
from caudal.embedded import free_port
from gateway.settings import GatewaySettings
from streams.settings import Settings
from tests.patience import PATIENCE
from tests.processes import await_log, start_gateway, start_worker

AT_ONCE = 10.0
"""Seconds on a busy machine; the hard end of a worker comes after 25."""


@pytest.fixture
def nowhere(tmp_path: Path) -> Settings:
    """Settings with which neither Kafka nor Redis are found."""
    return Settings(
        broker=f"127.0.0.1:{free_port()}", redis_url=f"redis://127.0.0.1:{free_port()}/0", models=tmp_path / "models"
    )


@pytest.fixture
def waiting_worker(nowhere: Settings, tmp_path: Path) -> Iterator[Child]:
    worker = start_worker(nowhere, tmp_path)
    await_log(worker, "waiting for a dependency")
    yield worker
    worker.stop(1.0)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_a_worker_that_waits_for_redis_ends_when_it_is_told_to(waiting_worker: Child, number: signal.Signals) -> None:
    os.kill(waiting_worker.process.pid, number)
    os.kill(waiting_worker.process.pid, number)
    assert waiting_worker.process.wait(AT_ONCE) == 0
    assert "Traceback" not in waiting_worker.log.read_text()


def test_a_gateway_whose_port_is_taken_says_so_before_it_readies_itself(nowhere: Settings, tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        gateway = start_gateway(GatewaySettings(**nowhere.model_dump(), port=port), tmp_path)
        assert gateway.process.wait(PATIENCE) == 1
    log = gateway.log.read_text()
    assert f"caudal: cannot listen at 127.0.0.1:{port} (CAUDAL_HOST, CAUDAL_PORT): Address already in use" in log
    assert "readying kernels" not in log


def test_a_worker_whose_metrics_have_no_port_says_so(nowhere: Settings, tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        worker = start_worker(nowhere.model_copy(update={"metrics_port": taken.getsockname()[1]}), tmp_path)
        assert worker.process.wait(PATIENCE) == 1
    assert "CAUDAL_METRICS_PORT" in worker.log.read_text()


def test_a_gateway_that_readies_itself_ends_when_it_is_told_to(nowhere: Settings, tmp_path: Path) -> None:
    own = GatewaySettings(**nowhere.model_dump(), port=free_port())
    gateway = start_gateway(own, tmp_path)
    await_log(gateway, "readying kernels")
    os.kill(gateway.process.pid, signal.SIGTERM)
    assert gateway.process.wait(AT_ONCE) == 0
    assert "Traceback" not in gateway.log.read_text()
