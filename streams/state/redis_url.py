"""What CAUDAL_REDIS_URL says: one server, or some servers of a cluster, and how to log in to each."""

from dataclasses import dataclass

DEFAULT_PORT = 6379


@dataclass(frozen=True)
class RedisUrl:
    """`redis://:PASSWORD@a:7001,b:7002/0` in parts. seeds: `host:port` of the servers named, or a socket's path."""

    before: str
    seeds: tuple[str, ...]
    after: str

    @classmethod
    def parse(cls, url: str) -> "RedisUrl":
        """Raises ValueError where no server is named."""
        scheme, _, rest = url.partition("://")
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
        return cls(f"{scheme}://{login}{at}", tuple(known), named[length:])

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


def _with_port(seed: str) -> str:
    has_port = ":" in seed.rpartition("]")[2]
    return seed if has_port else f"{seed}:{DEFAULT_PORT}"
