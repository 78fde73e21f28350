"""Who is whom: precision and recall in a simulated city, what links cost the identify hop, resolving, and memory.

Pairs of events: precision is how many of those put together are of one person, recall how many of one person's were
put together. Beside us: user id only (whatever has none stays with its own identifier), and merge everything (whatever
was ever seen together is one).
"""

import argparse
import asyncio
import random
import time
from collections import Counter, deque
from collections.abc import Awaitable, Callable, Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from statistics import quantiles

import msgspec
import uvloop
from faust.types import TP

from benchmarks.bench_system import bench_system
from benchmarks.city import City, Done
from benchmarks.report import show
from gateway.profiles import Profiles
from retail.crossing import Around, cross, crosses, is_alias
from retail.customers import EMPTY, CustomerState, decode_state, encode_state
from retail.events import Event
from retail.journey import advance
from retail.policy import JourneyPolicy
from retail.reference import Reference
from streams.identify import Identify
from streams.meters import Meters
from streams.received import Records
from streams.records import Fetched, Progress
from streams.settings import Settings
from streams.state import Commit, StateUnavailable
from streams.state.redis import RedisState, RedisViews
from streams.topics import WEB
from streams.topics.partitions import partition_of
from streams.topics.publisher import Publisher

BATCH = 2_000
"""Records of one fetch."""

ROUNDS = 5
"""Of each kind of traffic, in turn, so that both meet the same machine."""

Pairs = tuple[float, float]
"""Precision and recall."""


@dataclass
class Engine:
    """The fold and its letters, without a log between: the first written is the first read."""

    around: Around = field(default_factory=lambda: Around(Reference(), JourneyPolicy()))
    states: dict[str, CustomerState] = field(default_factory=dict)
    letters: int = 0

    def apply(self, event: Event, also: tuple[str, ...]) -> None:
        waiting: deque[tuple[Event, tuple[str, ...]]] = deque([(event, also)])
        while waiting:
            told, named = waiting.popleft()
            state = self.states.get(told.customer, EMPTY)
            if not crosses(state, told, named):
                self.states[told.customer] = advance(state, told, self.around.reference, self.around.journey).state
                continue
            crossed = cross(state, told, named, self.around)
            self.states[told.customer] = crossed.advanced.state
            self.letters += len(crossed.letters)
            waiting.extend((letter, ()) for letter in crossed.letters)

    def customer(self, profile: str) -> str:
        identity = self.states[profile].identity
        return identity.root if identity is not None and identity.root else profile


def together(done: Iterable[Done]) -> Callable[[str], str]:
    """Merge everything: the representative of whatever was ever seen together."""
    parent: dict[str, str] = {}

    def find(name: str) -> str:
        while (up := parent.setdefault(name, name)) != name:
            parent[name] = parent.get(up, up)
            name = up
        return name

    for each in done:
        for other in each.also:
            parent[find(other)] = find(each.event.customer)
    return find


def pairs(done: Sequence[Done], put: Callable[[str], str]) -> Pairs:
    """put: the customer that the events of a profile are put to."""
    clusters = Counter(put(each.event.customer) for each in done)
    truth = Counter(each.person for each in done)
    both = Counter((put(each.event.customer), each.person) for each in done)
    right = _pairs(both)
    return right / _pairs(clusters), right / _pairs(truth)


def _pairs(counts: Counter[str] | Counter[tuple[str, str]]) -> int:
    return sum(n * (n - 1) // 2 for n in counts.values())


def city(households: int) -> dict[str, float | int | str]:
    done = City(households).life()
    engine, other, started = Engine(), Engine(), time.process_time()
    for each in done:
        engine.apply(each.event, each.also)
    seconds = time.process_time() - started
    found = {
        "caudal": pairs(done, engine.customer),
        "user_id_only": pairs(done, lambda profile: profile),
        "merge_everything": pairs(done, together(done)),
    }
    out: dict[str, float | int | str] = {"households": households, "events": len(done)}
    for name, (precision, recall) in found.items():
        out |= {f"{name}_precision": precision, f"{name}_recall": recall}
        out[f"{name}_f1"] = 2 * precision * recall / (precision + recall)
    for each in City(households).life(order=1):
        other.apply(each.event, each.also)
    moved = sum(engine.customer(name) != other.customer(name) for name in engine.states)
    out["identifiers_that_depend_on_the_order"] = moved / len(engine.states)
    out["largest_customer_of_merge_everything"] = Counter(map(together(done), engine.states)).most_common(1)[0][1]
    return out | {"letters_per_event": engine.letters / len(done), "fold_cpu_us_per_event": seconds / len(done) * 1e6}


@dataclass(frozen=True)
class Raw:
    offset: int
    value: bytes
    timestamp: int
    key: bytes = b""
    headers: tuple[tuple[str, bytes], ...] = ()


def raw(count: int, linking: float) -> Records:
    """Views of users; a share of them names a browser as well that was not seen with this user before."""
    draw = random.Random(1)
    now = int(time.time() * 1000)
    out: Records = []
    for n in range(count):
        event: dict[str, object] = {"type": "track", "event": "Product Viewed", "messageId": f"m-{n}"}
        event |= {"userId": f"user-{draw.randrange(10_000)}", "properties": {"product_id": f"item-{n % 500}"}}
        if draw.random() < linking:
            event["anonymousId"] = f"browser-{n}"
        out.append(Raw(n, msgspec.json.encode(event), now))
    return out


async def identify_hop(settings: Settings, count: int) -> dict[str, float | int]:
    """CPU of the hop with its producer, microseconds an event."""
    publisher = Publisher(settings.broker, idempotent=settings.idempotent_producer)
    await publisher.start()
    identify = Identify(publisher, Progress(), Meters(), settings.customer_partitions)
    traffic = {"none_linking": raw(count, 0.0), "one_percent_linking": raw(count, 0.01), "all_linking": raw(count, 1.0)}
    spent: Counter[str] = Counter()
    for _ in range(ROUNDS):
        for name, records in traffic.items():
            started = time.process_time()
            for first in range(0, count, BATCH):
                batch = records[first : first + BATCH]
                await identify.apply(Fetched({TP(WEB.name, 0): batch}))
            spent[name] += round((time.process_time() - started) * 1e9)
    await publisher.stop()
    return {
        f"identify_{name}_events_per_second_per_core": count * ROUNDS * 1e9 / nanoseconds
        for name, nanoseconds in spent.items()
    }


async def resolving(settings: Settings, count: int) -> dict[str, float | int]:
    """Milliseconds until the state of whoever an identifier belongs to is there, one question after the other."""
    state, views = RedisState.from_settings(settings), RedisViews.from_settings(settings)
    engine = Engine()
    for each in City(200).life():
        engine.apply(each.event, each.also)
    for name, known in engine.states.items():
        partition = partition_of(name, settings.customer_partitions)
        stands = (await state.ledger(partition)).next
        await state.commit([Commit(partition, stands, stands + 1, {}, {name: encode_state(known)}, {})])
    profiles = Profiles(views, settings.customer_partitions)
    groups = {
        "customer": [name for name, known in engine.states.items() if not is_alias(known)],
        "alias": [name for name, known in engine.states.items() if is_alias(known)],
    }
    out: dict[str, float | int] = {}
    for kind, names in groups.items():
        took = [await _timed(profiles.whose, names[n % len(names)]) for n in range(count)]
        out |= {
            f"resolve_{kind}_p50_ms": quantiles(took, n=100)[49],
            f"resolve_{kind}_p99_ms": quantiles(took, n=100)[98],
        }
    await views.close()
    await state.close()
    return out


async def _timed(ask: Callable[[str], Awaitable[object]], name: str) -> float:
    """A question that passes its deadline took that long."""
    started = time.perf_counter()
    with suppress(StateUnavailable):
        await ask(name)
    return (time.perf_counter() - started) * 1000


def memory() -> dict[str, float | int]:
    """Bytes of a customer's blobs with 50 interactions, by how many browsers those came from."""
    out: dict[str, float | int] = {}
    for browsers in (0, 1, 3, 10):
        engine = Engine()
        events = [each.event for each in City(1, events=50).life()][:50]
        for n, event in enumerate(events):
            under = f"anonymous:{f'browser-{n % browsers}':36}" if browsers and n % 2 else "user"
            engine.apply(msgspec.structs.replace(event, customer=under), ())
        login = msgspec.structs.replace(events[0], id="login", customer="user")
        engine.apply(login, tuple(name for name in engine.states if name != "user"))
        sizes = {name: len(encode_state(decode_state(encode_state(known)))) for name, known in engine.states.items()}
        out[f"bytes_with_{browsers}_browsers"] = sum(sizes.values())
        out[f"bytes_of_the_customer_with_{browsers}_browsers"] = sizes["user"]
    return out


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--households", type=int, default=10_000, help="of the city (default 10,000)")
    parser.add_argument("--events", type=int, default=20_000, help="of a round of the identify hop (default 20,000)")
    parser.add_argument("--json", action="store_true", help="one JSON object as the last line")
    given = parser.parse_args()
    found: dict[str, float | int | str] = {**city(given.households), **memory()}
    with bench_system() as bench, asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        found |= runner.run(identify_hop(bench.settings, given.events))
        found |= runner.run(resolving(bench.settings, given.events // 4))
    show("One customer", found, as_json=given.json)


if __name__ == "__main__":
    main()
