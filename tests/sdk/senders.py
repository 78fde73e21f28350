"""Starting client libraries: Node scripts, pages in a real Chromium, Python packages; and a witness in between."""

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from http.client import HTTPConnection
from http.server import BaseHTTPRequestHandler, SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from urllib.parse import urlencode, urlsplit

import pytest

from caudal.child import Child
from tests.patience import PATIENCE

HERE = Path(__file__).parent
MODULES = HERE / "node_modules"

HOP_BY_HOP = frozenset({"host", "connection", "transfer-encoding", "keep-alive", "content-length"})

QUIET = ("--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run")
"""Chromium in a container without a display; the pages are ours."""


def installed() -> Path:
    """Where the npm packages are. Skips the test on a machine without Node, or that cannot fetch them."""
    npm = shutil.which("npm")
    if shutil.which("node") is None or npm is None:
        pytest.skip("Node and npm are not installed: Debian has them as nodejs and npm")
    lock, mark = HERE / "package-lock.json", MODULES / ".package-lock.json"
    if not mark.exists() or mark.stat().st_mtime < lock.stat().st_mtime:
        done = subprocess.run([npm, "ci"], cwd=HERE, capture_output=True, text=True, check=False)
        if done.returncode:
            pytest.skip(f"npm ci could not fetch the client libraries: {done.stderr[-500:]}")
        mark.touch()
    return MODULES


def run_script(name: str, *arguments: str) -> None:
    """Raises CalledProcessError, with what the script said."""
    installed()
    _run(["node", str(HERE / name), *arguments])


def run_python(name: str, *arguments: str) -> None:
    """In a process of its own: these packages leave threads behind."""
    _run([sys.executable, str(HERE / name), *arguments])


def _run(command: Sequence[str], given: Mapping[str, str] | None = None) -> None:
    environment = {**os.environ, **(given or {})}
    done = subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE, check=False, env=environment)
    assert done.returncode == 0, f"{command[1]} failed: {done.stderr}{done.stdout}"


def run_snippet(language: str, text: str, given: Mapping[str, str]) -> None:
    """language: sh or python. given: environment variables. Skips the test on a machine without curl."""
    if language == "sh" and "curl " in text and shutil.which("curl") is None:
        pytest.skip("curl is not installed")
    command = {"sh": ["sh", "-e", "-c"], "python": [sys.executable, "-c"]}[language]
    _run([*command, text], given)


@contextmanager
def browsing(page: str, folder: Path, **query: str) -> Iterator[Child]:
    """A Chromium that has the page open. page: its HTML. Skips the test where there is none."""
    chromium = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if chromium is None:
        pytest.skip("Chromium is not installed: Debian has it as chromium")
    installed()
    with serving(partial(_Page, page.encode(), directory=str(HERE))) as site:
        url = f"{site}/?{urlencode(query)}"
        command = [chromium, *QUIET, f"--user-data-dir={folder / 'profile'}", "--remote-debugging-port=0", url]
        child = Child.start("chromium", command, folder / "chromium.log")
        try:
            yield child
        finally:
            child.stop(5.0)


@contextmanager
def serving(handler: object) -> Iterator[str]:
    """A server on a free port of this machine. handler: makes a request handler."""
    assert callable(handler)
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    server.daemon_threads = True
    thread = Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()


class _Page(SimpleHTTPRequestHandler):
    """The page itself, and the packages that it loads."""

    def __init__(self, page: bytes, *arguments: object, directory: str) -> None:
        self.page = page
        super().__init__(*arguments, directory=directory)  # type: ignore[arg-type]  # as the server calls it

    def do_GET(self) -> None:
        if urlsplit(self.path).path != "/":
            super().do_GET()
            return
        self.send_response(200)
        self.send_header("content-type", "text/html")
        self.send_header("content-length", str(len(self.page)))
        self.end_headers()
        self.wfile.write(self.page)

    def log_message(self, format: str, *args: object) -> None:
        """Quiet."""


@dataclass
class Witness:
    """Hands requests on to gateways and notes the answers: the first post goes to `first`, all else to `then`."""

    first: str
    then: str
    answered: list[int] = field(default_factory=list)

    @contextmanager
    def between(self) -> Iterator[str]:
        with serving(partial(_Witness, self)) as url:
            yield url

    def upstream(self, method: str) -> str:
        return self.first if method == "POST" and not self.answered else self.then


class _Witness(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def __init__(self, witness: Witness, *arguments: object) -> None:
        self.witness = witness
        super().__init__(*arguments)  # type: ignore[arg-type]  # as the server calls it

    def do_POST(self) -> None:
        self._hand_on()

    def do_GET(self) -> None:
        self._hand_on()

    def _hand_on(self) -> None:
        body = self.rfile.read(int(self.headers.get("content-length", "0")))
        connection = HTTPConnection(urlsplit(self.witness.upstream(self.command)).netloc, timeout=PATIENCE)
        headers = {name: value for name, value in self.headers.items() if name.lower() not in HOP_BY_HOP}
        connection.request(self.command, self.path, body, headers)
        answer = connection.getresponse()
        said = answer.read()
        if self.command == "POST":
            self.witness.answered.append(answer.status)
        self.send_response_only(answer.status)
        for name, value in answer.getheaders():
            if name.lower() not in HOP_BY_HOP:
                self.send_header(name, value)
        self.send_header("content-length", str(len(said)))
        self.end_headers()
        self.wfile.write(said)
        connection.close()

    def log_message(self, format: str, *args: object) -> None:
        """Quiet."""
