"""The whole system on one machine: embedded servers, topics, shop, a worker and a gateway, as child processes."""

import secrets
import sys
import tempfile
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

from caudal.child import Child
from caudal.embedded import EMBEDDED_BROKER, Server, embedded_broker, embedded_redis, free_port
from caudal.interrupts import undisturbed
from caudal.shop import load_shop
from streams.settings import Settings
from streams.topics.provision import provision
from streams.topics.shop import Shop

READY_TIMEOUT = 120.0
"""Seconds for a process to be ready: imports, kernels, the shop's topics. Ten at most on an idle machine."""

COMPILE_TIMEOUT = 900.0
"""Seconds for the kernels to be compiled, once per machine: a minute of one idle core, but first starts meet busy and
slow machines, too, and nothing can be had without them."""

STOP_TIMEOUT = 7.0
"""Seconds that worker and gateway get, side by side, to finish; the servers follow, so that all is over within 10."""

LOOPBACK = "127.0.0.1"

WORKER, GATEWAY = "the worker", "the gateway"

COMPILE = (sys.executable, "-m", "recommender.kernel_store")
"""Once, before worker and gateway both need the kernels."""

DECIDERS = (WORKER, GATEWAY)
"""The processes that hold a model."""

SERVES = "a model serves"
"""What they log once they have taken one up."""

AT_WORK = "partitions assigned"
"""What a worker logs once it has joined its group; before that it is connected, but nothing is applied."""


@dataclass(frozen=True)
class Keys:
    """API keys, one per scope; random unless given."""

    site: str = field(default_factory=lambda: secrets.token_urlsafe(18))
    app: str = field(default_factory=lambda: secrets.token_urlsafe(18))
    store: str = field(default_factory=lambda: secrets.token_urlsafe(18))
    admin: str = field(default_factory=lambda: secrets.token_urlsafe(18))


@dataclass(frozen=True)
class Plan:
    """What to run. port: of the gateway, 0 for any free one. data: folder for logs, None for a temporary one."""

    settings: Settings
    shop: Shop
    port: int = 0
    data: Path | None = None
    keys: Keys = field(default_factory=Keys)


@dataclass(frozen=True)
class System:
    """A running system. settings: of every process in it. metrics: URL of the worker's figures."""

    gateway: str
    settings: Settings
    keys: Keys
    metrics: str
    logs: Path
    children: tuple[Child, ...]

    def check(self) -> None:
        """Raises ChildFailed where a process of the system ended by itself."""
        for child in self.children:
            child.check()

    @property
    def has_model(self) -> bool:
        """Whether worker and gateway both decide with a trained model, their kernels compiled."""
        deciders = [child for child in self.children if child.name in DECIDERS]
        return all(SERVES in child.log.read_text(errors="replace") for child in deciders)


@contextmanager
def running(plan: Plan) -> Iterator[System]:
    """Yields once the gateway is ready and the worker at work; ends all of it in order, within 10 seconds.

    Raises ChildFailed, NoEmbeddedServer, ProvisionFailed, PublishFailed. Call it from the main thread.
    """
    with ExitStack() as stack:
        scratch = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="caudal-")))
        logs = plan.data or scratch
        logs.mkdir(parents=True, exist_ok=True)
        compiler = Child.start("the compiler", COMPILE, logs / "compiler.log")
        stack.callback(compiler.stop, 0.0)
        settings, servers = _servers(plan.settings, logs, stack)
        provision(settings)
        load_shop(plan.shop, settings)
        compiler.wait_over(COMPILE_TIMEOUT)
        processes = _processes(replace(plan, settings=settings, data=logs), scratch, stack)
        children = [server.child for server in servers if server.child] + processes.children
        _wait_ready(processes)
        yield System(processes.gateway, settings, plan.keys, processes.metrics, logs, tuple(children))


@dataclass(frozen=True)
class _Processes:
    gateway: str
    metrics: str
    children: list[Child]


def _servers(settings: Settings, logs: Path, stack: ExitStack) -> tuple[Settings, list[Server]]:
    """Those that the settings name, embedded ones where they name none."""
    broker, redis = Server(settings.broker), Server(settings.redis_url)
    found: dict[str, object] = {}
    if "broker" not in settings.model_fields_set:
        broker = stack.enter_context(embedded_broker(logs))
        found |= {"broker": broker.address, **EMBEDDED_BROKER}
    if "redis_url" not in settings.model_fields_set:
        redis = stack.enter_context(embedded_redis(logs))
        found |= {"redis_url": redis.address}
    return settings.model_copy(update=found), [broker, redis]


def _processes(plan: Plan, scratch: Path, stack: ExitStack) -> _Processes:
    """scratch: where they put what they would put into the system's temporary folder."""
    port, metrics_port = plan.port or free_port(), free_port()
    logs = plan.data or scratch
    shared = {"CAUDAL_STOP_TIMEOUT": str(STOP_TIMEOUT - 1), "TMPDIR": str(scratch)}
    environment = {**environment_of(plan.settings), **shared}
    worker = _caudal(WORKER, logs, {**environment, "CAUDAL_METRICS_PORT": str(metrics_port)})
    stack.callback(_stop, [worker])
    gateway = _caudal(GATEWAY, logs, {**environment, **_gateway_environment(plan.keys, port)})
    stack.callback(_stop, [gateway, worker])
    return _Processes(f"http://{LOOPBACK}:{port}", f"http://{LOOPBACK}:{metrics_port}/metrics", [worker, gateway])


def _caudal(name: str, logs: Path, environment: Mapping[str, str]) -> Child:
    command = name.split()[-1]
    return Child.start(name, [sys.executable, "-m", "caudal", command], logs / f"{command}.log", environment)


def environment_of(settings: Settings) -> dict[str, str]:
    """The settings as environment variables, for a process that is to share them."""
    written = settings.model_dump(mode="json", include=settings.model_fields_set)
    return {f"CAUDAL_{name.upper()}": str(value) for name, value in written.items()}


def _gateway_environment(keys: Keys, port: int) -> dict[str, str]:
    return {
        "CAUDAL_HOST": LOOPBACK,
        "CAUDAL_PORT": str(port),
        "CAUDAL_SITE_KEYS": keys.site,
        "CAUDAL_APP_KEYS": keys.app,
        "CAUDAL_STORE_KEYS": keys.store,
        "CAUDAL_ADMIN_KEYS": keys.admin,
    }


def _stop(children: list[Child]) -> None:
    with undisturbed():
        for child in children:
            child.ask_to_stop()
        for child in children:
            child.stop(STOP_TIMEOUT)


def _wait_ready(processes: _Processes) -> None:
    worker, gateway = processes.children
    gateway.wait_ready(lambda: answers(f"{processes.gateway}/readyz"), READY_TIMEOUT)
    worker.wait_ready(lambda: AT_WORK in worker.log.read_text(errors="replace"), READY_TIMEOUT)


def answers(url: str) -> bool:
    """Whether there is an answer, and it is 200."""
    return _get(url) is not None


def read(url: str) -> str:
    """The answer's text, "" where there is none, or none of status 200."""
    return (_get(url) or b"").decode()


def _get(url: str) -> bytes | None:
    try:
        with urllib.request.urlopen(url, timeout=2.0) as response:  # loopback, our own
            return bytes(response.read())
    except (urllib.error.URLError, OSError):
        return None
