"""Workers and gateways as processes of their own, so that a test can kill, pause and restart them."""

import base64
import json
import os
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from sys import executable
from typing import Any
from urllib.error import HTTPError, URLError
from urllib.request import Request, urlopen

from pydantic import SecretStr

from caudal.child import Child, ChildFailed
from caudal.embedded import free_port
from gateway.settings import GatewaySettings
from streams.faults import VARIABLE
from streams.settings import Settings
from tests.patience import PATIENCE

STOP_TIMEOUT = 30.0
"""Seconds for a process to stop by itself before it is killed."""

KEYS: Mapping[str, str] = {scope: f"{scope}-key" for scope in ("site", "app", "store", "admin")}
"""Of the tests' gateways, one per scope."""

REQUEST_TIMEOUT = 10.0
"""Seconds for one answer of a gateway."""


@dataclass(frozen=True)
class Answer:
    """status: HTTP. body: what the JSON says, None where it is no JSON."""

    status: int
    body: Any


@dataclass(frozen=True)
class Gateway:
    """A gateway to talk to. url: without a trailing slash. keys: one by scope."""

    url: str
    keys: Mapping[str, str]
    child: Child

    def await_ready(self) -> None:
        """Raises ChildFailed where it does not get there."""
        self.child.wait_ready(lambda: answers(f"{self.url}/readyz"), PATIENCE)

    def get(self, path: str, scope: str = "app") -> Answer:
        return self._ask(Request(self.url + path, headers=self._authorization(scope)))

    def post(self, path: str, body: object, scope: str = "site") -> Answer:
        headers = {**self._authorization(scope), "Content-Type": "application/json"}
        return self._ask(Request(self.url + path, data=json.dumps(body).encode(), headers=headers))

    def _authorization(self, scope: str) -> dict[str, str]:
        return {"Authorization": "Basic " + base64.b64encode(f"{self.keys[scope]}:".encode()).decode()}

    @staticmethod
    def _ask(request: Request) -> Answer:
        try:
            with urlopen(request, timeout=REQUEST_TIMEOUT) as response:  # a URL we made ourselves
                return Answer(response.status, _json(response.read()))
        except HTTPError as refusal:
            return Answer(refusal.code, _json(refusal.read()))


@contextmanager
def worker_process(settings: Settings, folder: Path, name: str = "worker") -> Iterator[Child]:
    """A worker that owns partitions; its log in `folder`. Raises ChildFailed where it does not get there."""
    child = start_worker(settings, folder, name)
    try:
        await_log(child, "partitions assigned")
        yield child
    finally:
        child.stop(STOP_TIMEOUT)


def start_worker(
    settings: Settings, folder: Path, name: str = "worker", more: Mapping[str, str] | None = None
) -> Child:
    """A worker that has only been started: for tests of what happens before it is ready. The caller stops it.

    more: environment variables beside those of the settings.
    """
    return _start(name, "worker", settings, folder, more)


def start_gateway(settings: GatewaySettings, folder: Path, name: str = "gateway", faults: str = "") -> Child:
    """A gateway that has only been started. The caller stops it. faults: CAUDAL_FAULTS."""
    return _start(name, "gateway", settings, folder, {VARIABLE: faults})


def run_command(settings: Settings, *words: str) -> str:
    """What a `caudal` command printed. Raises ChildFailed, with what it said."""
    line = [executable, "-m", "caudal", *words]
    environment_ = {**os.environ, **environment(settings)}
    done = subprocess.run(line, env=environment_, capture_output=True, text=True, check=False)
    if done.returncode:
        raise ChildFailed(f"caudal {' '.join(words)} ended with {done.returncode}: {done.stderr}{done.stdout}")
    return done.stdout


@contextmanager
def gateway_process(
    settings: Settings, folder: Path, name: str = "gateway", more: Mapping[str, object] | None = None
) -> Iterator[Gateway]:
    """A gateway that is ready, with one key per scope. Raises ChildFailed where it does not get there.

    more: settings of the gateway alone.
    """
    own = gateway_settings(settings, more)
    gateway = Gateway(f"http://127.0.0.1:{own.port}", KEYS, start_gateway(own, folder, name))
    try:
        gateway.await_ready()
        yield gateway
    finally:
        gateway.child.stop(STOP_TIMEOUT)


def gateway_settings(settings: Settings, more: Mapping[str, object] | None = None) -> GatewaySettings:
    """With the tests' keys, and a free port where `more` names none. more: settings of the gateway alone."""
    secrets = {f"{scope}_keys": SecretStr(key) for scope, key in KEYS.items()}
    shared = settings.model_dump(exclude={"stop_timeout"})
    return GatewaySettings(**{**shared, "port": free_port(), **secrets, **(more or {})})


def answers(url: str) -> bool:
    """Whether the URL is answered by 200."""
    try:
        with urlopen(url, timeout=REQUEST_TIMEOUT) as response:  # a URL we made ourselves
            return bool(response.status == 200)
    except (URLError, OSError):
        return False


def await_log(child: Child, text: str, timeout: float = PATIENCE) -> None:
    """Until the process has logged the text. Raises ChildFailed where it ends first or takes longer."""
    child.wait_ready(lambda: text in child.log.read_text(errors="replace"), timeout)


def environment(settings: Settings) -> dict[str, str]:
    """The settings as the CAUDAL_* variables that make them."""
    values = {name: getattr(settings, name) for name in type(settings).model_fields}
    return {f"CAUDAL_{name.upper()}": _text(value) for name, value in values.items()}


def _start(name: str, command: str, settings: Settings, folder: Path, more: Mapping[str, str] | None = None) -> Child:
    line = [executable, "-m", "caudal", command]
    return Child.start(name, line, folder / f"{name}.log", {**environment(settings), **(more or {})})


def _text(value: object) -> str:
    return value.get_secret_value() if isinstance(value, SecretStr) else str(value)


def _json(raw: bytes) -> Any:
    try:
        return json.loads(raw)
    except ValueError:
        return None
