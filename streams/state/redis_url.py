"""What CAUDAL_REDIS_URL says: one server, or some servers of a cluster, and how to log in to each."""

import re
from dataclasses import dataclass

DEFAULT_PORT = 6379

SCHEMES = ("redis", "rediss", "unix")
"""In clear, over TLS, and over a socket of this machine."""

_DATABASE = re.compile(r"(/\d*)?$")
"""How the path of a URL may look: the client takes any other for database 0, where the state is not."""


@dataclass(frozen=True)
class RedisUrl:
    """`redis://:PASSWORD@a:7001,b:7002/0` in parts. seeds: `host:port` of the servers named, or a socket's path."""

    before: str
    seeds: tuple[str, ...]
    after: str

    @classmethod
    def parse(cls, url: str) -> "RedisUrl":
        """Raises ValueError where no server is named, or where it would be taken for another one."""
        scheme, separator, rest = url.partition("://")
        if scheme not in SCHEMES or not separator:
            raise ValueError(f"CAUDAL_REDIS_URL begins with none of {', '.join(SCHEMES)}: redis://host:6379/0")
        ends = "?" if scheme == "unix" else "/?"
        login, at, _ = rest.rpartition("@")
        named = rest[len(login) + len(at) :]
        length = min((named.index(end) for end in ends if end in named), default=len(named))
        seeds = named[:length].split(",") if scheme != "unix" else [named[:length]]
        if seeds == [""] and scheme != "unix":
            seeds = ["localhost"]
        if not all(seeds):
            raise ValueError(
                f"CAUDAL_REDIS_URL names no server at {named!r}: redis://host:6379/0, or host:port,host:port"
            )
        known = seeds if scheme == "unix" else [_with_port(seed) for seed in seeds]
        if scheme != "unix":
            _check(known, named[length:].partition("?")[0])
        return cls(f"{scheme}://{login}{at}", tuple(known), named[length:])

    @property
    def is_tls(self) -> bool:
        return self.before.startswith("rediss:")

    def at(self, address: str) -> str:
        """The URL of one server, reached as the others are."""
        return f"{self.before}{address}{self.after}"

    def place(self, address: str) -> str:
        """The server in a message: nothing of the login is in it."""
        return f"Redis at {address}{self.after.partition('?')[0]}"


def address_of(host: str, port: int | str) -> str:
    """As it stands in a URL."""
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def host_of(address: str) -> str:
    return address.rpartition(":")[0].strip("[]")


def _check(seeds: list[str], path: str) -> None:
    """Raises ValueError."""
    for seed in seeds:
        port = seed.rpartition(":")[2]
        if not (port.isascii() and port.isdigit() and int(port) < 1 << 16):
            raise ValueError(f"CAUDAL_REDIS_URL: {port!r} is no port: redis://host:6379/0")
    if not _DATABASE.match(path):
        raise ValueError(f"CAUDAL_REDIS_URL: {path!r} is no database, which has a number: redis://host:6379/0")


def _with_port(seed: str) -> str:
    has_port = ":" in seed.rpartition("]")[2]
    return seed if has_port else f"{seed}:{DEFAULT_PORT}"
