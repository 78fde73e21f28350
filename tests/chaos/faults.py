"""What can happen to the system: each fault strikes, lasts, and is over when the call returns; what it was is returned.

All of them leave it possible that nothing is lost, so the checker has to be clean after any mix of them.
"""

import shutil
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from random import Random

from tests.chaos.proxy import BLACK_HOLE, CUT, Proxy, Weather
from tests.chaos.supervisor import Supervisor
from tests.chaos.system import GATEWAY, SLOTS, System

Strike = Callable[[System, Random], str]


@dataclass(frozen=True)
class Fault:
    """durable: needs a broker that keeps its data when it is killed."""

    name: str
    strike: Strike
    durable: bool = False


def kill_worker(system: System, draw: Random) -> str:
    slot = draw.choice(system.workers.slots)
    system.workers.signal(slot, signal.SIGKILL)
    return f"worker {slot} killed"


def stop_worker(system: System, draw: Random) -> str:
    slot = draw.choice(system.workers.slots)
    system.workers.signal(slot, signal.SIGTERM)
    return f"worker {slot} told to stop"


def pause_worker(system: System, draw: Random) -> str:
    """For longer than its partitions stay its own: it wakes as somebody who believes to be the owner."""
    slot, seconds = draw.choice(system.workers.slots), draw.uniform(7, 12)
    with _paused(system.workers, slot):
        time.sleep(seconds)
    return f"worker {slot} paused for {seconds:.0f} s"


def join_or_leave(system: System, draw: Random) -> str:
    """A worker more, or one less; at least one stays."""
    slots = system.workers.slots
    if len(slots) == 1 or (len(slots) < SLOTS and draw.random() < 0.5):
        return f"worker {system.add_worker()} joined"
    slot = draw.choice(slots)
    status = system.workers.remove(slot)
    return f"worker {slot} left with status {status}"


def kill_gateway(system: System, _: Random) -> str:
    """Its senders hear nothing, and send again."""
    system.gateways.signal(GATEWAY, signal.SIGKILL)
    return "the gateway killed"


def stop_gateway(system: System, _: Random) -> str:
    system.gateways.signal(GATEWAY, signal.SIGTERM)
    return "the gateway told to stop"


def kill_kafka(system: System, _: Random) -> str:
    system.servers.kafka.kill()
    system.servers.kafka.start()
    return "Kafka killed and started again"


def pause_kafka(system: System, draw: Random) -> str:
    seconds = draw.uniform(3, 10)
    system.servers.kafka.pause()
    time.sleep(seconds)
    system.servers.kafka.resume()
    return f"Kafka paused for {seconds:.0f} s"


def kill_redis(system: System, draw: Random) -> str:
    seconds = draw.uniform(0, 3)
    system.servers.redis.kill()
    time.sleep(seconds)
    system.servers.redis.start()
    return f"Redis killed, back after {seconds:.0f} s"


def pause_redis(system: System, draw: Random) -> str:
    seconds = draw.uniform(3, 10)
    system.servers.redis.pause()
    time.sleep(seconds)
    system.servers.redis.resume()
    return f"Redis paused for {seconds:.0f} s"


def roll_back_redis(system: System, draw: Random) -> str:
    """Back to what it held some seconds ago: a failover to a replica that lagged, a restored copy."""
    data, copy = system.folder / "redis", system.folder / "redis-copy"
    seconds = draw.uniform(2, 6)
    shutil.rmtree(copy, ignore_errors=True)
    shutil.copytree(data, copy)
    time.sleep(seconds)
    system.servers.redis.kill()
    shutil.rmtree(data)
    shutil.copytree(copy, data)
    system.servers.redis.start()
    return f"Redis rolled back by {seconds:.0f} s"


def wipe_redis(system: System, _: Random) -> str:
    with system.redis() as client:
        client.flushall()
    return "Redis wiped"


def cut_redis(system: System, draw: Random) -> str:
    return _weather(system.servers.redis_proxies, "Redis", CUT, draw, system)


def cut_kafka(system: System, draw: Random) -> str:
    return _weather(system.servers.kafka_proxies, "Kafka", CUT, draw, system)


def lose_redis(system: System, draw: Random) -> str:
    """Packets vanish, nobody is told."""
    return _weather(system.servers.redis_proxies, "Redis", BLACK_HOLE, draw, system)


def lose_kafka(system: System, draw: Random) -> str:
    return _weather(system.servers.kafka_proxies, "Kafka", BLACK_HOLE, draw, system)


def hold_redis_replies(system: System, draw: Random) -> str:
    """Requests arrive, replies do not: a partition in one direction."""
    return _weather(system.servers.redis_proxies, "Redis", Weather(replies_held=True), draw, system)


def hold_kafka_replies(system: System, draw: Random) -> str:
    return _weather(system.servers.kafka_proxies, "Kafka", Weather(replies_held=True), draw, system)


def drop_redis_replies(system: System, draw: Random) -> str:
    """What is asked is done, and the connection breaks instead of saying so."""
    return _weather(system.servers.redis_proxies, "Redis", Weather(replies_lost=True), draw, system)


def slow_network(system: System, draw: Random) -> str:
    """200 ms ± 100 to either server, and one chunk in a hundred resets its connection."""
    slot, seconds = draw.choice(system.workers.slots), draw.uniform(4, 8)
    weather = Weather(delay=0.2, jitter=0.1, resets=0.01)
    with system.servers.redis_proxies[slot].having(weather), system.servers.kafka_proxies[slot].having(weather):
        time.sleep(seconds)
    return f"worker {slot} behind a slow network for {seconds:.0f} s"


ALL = (
    Fault("kill a worker", kill_worker),
    Fault("stop a worker", stop_worker),
    Fault("pause a worker", pause_worker),
    Fault("join or leave", join_or_leave),
    Fault("kill the gateway", kill_gateway),
    Fault("stop the gateway", stop_gateway),
    Fault("kill Kafka", kill_kafka, durable=True),
    Fault("pause Kafka", pause_kafka),
    Fault("kill Redis", kill_redis),
    Fault("pause Redis", pause_redis),
    Fault("roll back Redis", roll_back_redis),
    Fault("wipe Redis", wipe_redis),
    Fault("cut a worker from Redis", cut_redis),
    Fault("cut a worker from Kafka", cut_kafka),
    Fault("black hole to Redis", lose_redis),
    Fault("black hole to Kafka", lose_kafka),
    Fault("hold Redis's replies", hold_redis_replies),
    Fault("hold Kafka's replies", hold_kafka_replies),
    Fault("drop Redis's replies", drop_redis_replies),
    Fault("slow network", slow_network),
)
"""The mix draws from these."""


def possible(system: System) -> list[Fault]:
    """Those that these servers can take without losing what they promised to keep."""
    return [fault for fault in ALL if system.servers.real or not fault.durable]


def _weather(proxies: list[Proxy], server: str, weather: Weather, draw: Random, system: System) -> str:
    slot, seconds = draw.choice(system.workers.slots), draw.uniform(2, 9)
    with proxies[slot].having(weather):
        time.sleep(seconds)
    return f"worker {slot} and {server}: {_words(weather)} for {seconds:.0f} s"


def _words(weather: Weather) -> str:
    names = ("cut", "requests_held", "replies_held", "replies_lost")
    return ", ".join(name.replace("_", " ") for name in names if getattr(weather, name))


@contextmanager
def _paused(workers: Supervisor, slot: int) -> Iterator[None]:
    workers.signal(slot, signal.SIGSTOP)
    try:
        yield
    finally:
        workers.signal(slot, signal.SIGCONT)
