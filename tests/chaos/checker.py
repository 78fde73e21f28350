"""The verdict: what Redis and Kafka hold at the end, against the oracle and the journal."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import asdict, dataclass, field
from functools import partial
from typing import cast

import redis

from retail.crossing import is_alias
from retail.customers import CustomerState, decode_state
from retail.timers import earliest
from streams.shedding import Slates
from streams.state import keys
from streams.topics import CUSTOMER_EVENTS, IDENTITIES, JOURNEYS, PROMOTIONS, REJECTED
from streams.topics.partitions import partition_of
from tests.chaos.journal import ACKED, Journal, carts, counted, devices, orders
from tests.chaos.log import scan
from tests.chaos.oracle import Oracle, Sources, Troubles, recomputed
from tests.chaos.quiet import Standing, settle
from tests.chaos.system import System
from tests.chaos.told import OUTPUTS, Told

Entry = tuple[bytes, dict[bytes, bytes]]
"""Of a Redis stream: id and fields."""

AT_ONCE = 500
"""States read in one call."""


@dataclass(frozen=True)
class Verdict:
    """events, copies, poison, customers, decisions, pushes, changes, timers: how much there was to judge. linked: those
    customers who came under two identifiers and were found to be one.

    posted: messages found in inboxes. unsure: events whose sender was never told. told_again: by topic, records
    beyond the first with the same bytes, which readers must bear. produced_twice: records that the ledger's marks
    dropped. troubles: what is wrong, by kind; examples: some of each.
    """

    events: int
    copies: int
    poison: int
    customers: int
    linked: int
    decisions: int
    pushes: int
    changes: int
    timers: int
    posted: int
    unsure: int
    produced_twice: int
    told_again: dict[str, int] = field(default_factory=dict)
    troubles: dict[str, int] = field(default_factory=dict)
    examples: dict[str, list[str]] = field(default_factory=dict)

    @property
    def clean(self) -> bool:
        return not self.troubles

    def json(self) -> dict[str, object]:
        return {"clean": self.clean, **asdict(self)}

    def text(self) -> str:
        """All of it as lines, the examples of what is wrong among them."""
        lines = [f"{name}: {value}" for name, value in asdict(self).items() if name not in ("troubles", "examples")]
        for kind, number in self.troubles.items():
            lines += [f"WRONG {kind}: {number}", *(f"    {example}" for example in self.examples.get(kind, ()))]
        return "\n".join(lines)


def judge(system: System, journal: Journal) -> Verdict:
    """Waits until all is quiet, stops the workers, and compares. Raises NeverQuiet, RedisError."""
    return compare(system, journal, settle(system))


def compare(system: System, journal: Journal, standing: Standing) -> Verdict:
    """What there is now, while nothing moves."""
    oracle = Oracle(system.world, Sources(), system.settings.customer_partitions)
    recomputed(lambda see, topics: scan(system.settings.broker, topics, see), oracle)
    told = Told()
    scan(system.settings.broker, OUTPUTS, told.see)
    court = Court(system, journal, oracle, told)
    for comparison in (court.sending, court.states, court.recount, court.outputs, court.rejects, court.inboxes):
        comparison()
    court.ledgers(standing)
    return court.verdict()


@dataclass
class Court:
    """Each method compares one thing and adds what is wrong to the troubles."""

    system: System
    journal: Journal
    oracle: Oracle
    told: Told
    posted: int = 0

    def __post_init__(self) -> None:
        self.troubles: Troubles = self.oracle.troubles
        self.redis: redis.Redis = self.system.redis()
        self.partition = partial(partition_of, partitions=self.system.settings.customer_partitions)
        ours = self.journal.by_message()
        self.present = {message for message, _, _ in self.oracle.sources.expected.values() if message in ours}
        self.numbers = {message: sent.n for message, sent in ours.items()}
        stored = [sent for sent in self.journal.sent if sent.outcome == ACKED or sent.message in self.present]
        self.whose = devices(stored)
        self.held = self._held()

    def sending(self) -> None:
        """What was acknowledged is in its topic, in order, and nothing is there that nobody sent."""
        reports = set().union(*self.oracle.sources.reports.values())
        for sent in self.journal.sent:
            if sent.outcome == ACKED and sent.message not in self.present:
                self.troubles.add("lost", f"{sent.message} was acknowledged and is in no source topic")
        for message, customer, _ in self.oracle.sources.expected.values():
            if message not in self.numbers and message not in reports:
                self.troubles.add("invented", f"{message} of {customer} was never sent")
        disordered = {customer for (customer, _), messages in self._orders() if messages != sorted(messages)}
        for customer in disordered:
            self.troubles.add("out_of_order", customer)

    def states(self) -> None:
        """Redis holds what the oracle has, of every customer, and of nobody else."""
        for customer, expected in self.oracle.states.items():
            if self.held.get(customer) != expected:
                self.troubles.add("states_differ", f"{customer}: {_difference(self.held.get(customer), expected)}")
            late = self._timer_is_late(customer, expected)
            if late:
                self.troubles.add("timers_late", f"{customer}: {late}")
        for customer in self.held.keys() - self.oracle.states.keys():
            self.troubles.add("states_differ", f"{customer} should not be there")

    def recount(self) -> None:
        """Versions, orders and carts by counting what was sent under whatever identifier, without the folds."""
        effective = list(counted(self.journal, self.present))
        versions = Counter(self._customer(sent.profile) for sent in effective)
        for profile, ids in self.oracle.sources.reports.items():
            versions[self._customer(profile)] += len(ids)
        expected_carts, expected_orders = carts(effective), orders(effective)
        for customer, expected in versions.items():
            state = self.held.get(customer, CustomerState())
            self._count(customer, state.version, expected)
            if state.cart != expected_carts.get(customer, {}):
                self.troubles.add("carts_differ", f"{customer}: {state.cart} for {expected_carts.get(customer)}")
            if state.orders != expected_orders.get(customer, 0):
                self.troubles.add("orders_differ", f"{customer}: {state.orders} for {expected_orders.get(customer)}")

    def outputs(self) -> None:
        """Decisions, stage changes and slates in Kafka are the oracle's, to the byte, however often told."""
        for kind, mine, theirs in (
            ("decisions", self.oracle.decisions, self.told.decisions),
            ("changes", self.oracle.changes, self.told.changes),
            ("notes", self.oracle.notes, self.told.notes),
        ):
            for id_, value in mine - theirs.keys():
                self.troubles.add(f"missing_{kind}", f"{id_}: {value[:200]!r}")
            for id_, value in theirs.keys() - mine:
                self.troubles.add(f"extra_{kind}", f"{id_}: {value[:200]!r}")
        for value in self.told.unreadable - self.journal.foreign:
            self.troubles.add("extra_decisions", f"{value[:200]!r}")
        for customer, state in self.oracle.states.items():
            always = self.system.settings.slates is Slates.ALWAYS and not is_alias(state)
            if always and self.told.slates.get(customer) != state.version:
                self.troubles.add("stale_slates", f"{customer}: {self.told.slates.get(customer)} for {state.version}")

    def rejects(self) -> None:
        """`events.rejected` names exactly what cannot be applied, the poison that was sent among it."""
        expected = {**self.oracle.sources.rejects, **self.oracle.rejects}
        for source, reject in expected.items():
            if self.told.rejects.get(source) != {reject}:
                self.troubles.add("rejects_missing", f"{source}: {reject[0]} {reject[1][:60]!r}")
        for source in self.told.rejects.keys() - expected.keys():
            self.troubles.add("rejects_invented", source)
        raws = {raw for _, raw in expected.values()}
        for poison in self.journal.poison:
            if poison.source and (poison.source not in expected or poison.raw not in raws):
                self.troubles.add("poison_swallowed", poison.source)

    def inboxes(self) -> None:
        """Each decision is in its customer's inbox once at most, and nothing else is."""
        for customer, decisions in self.oracle.pushes.items():
            entries = cast(list[Entry], self.redis.xrange(keys.inbox(self.partition(customer), customer)))
            posted = Counter(fields[b"d"].decode() for _, fields in entries)
            self.posted += posted.total()
            for decision, times in posted.items():
                if times > 1 or decision not in decisions:
                    self.troubles.add("inbox_doubled", f"{customer}: {decision} {times} times")

    def ledgers(self, standing: Standing) -> None:
        """Everything was applied, everything relayed, and nothing was committed before it was applied."""
        for name, number in standing.behind().items():
            self.troubles.add("left_to_do", f"{name}: {number}", number)
        for number, ledger in enumerate(standing.ledgers):
            if ledger != self.oracle.ends.get(number, 0):
                self.troubles.add("ledgers_differ", f"partition {number}: {ledger} for {self.oracle.ends.get(number)}")
            if (standing.committed or {}).get((CUSTOMER_EVENTS.name, number), 0) > ledger:
                self.troubles.add("committed_ahead", f"partition {number}: {ledger}")

    def verdict(self) -> Verdict:
        self.redis.close()
        told_again = {
            PROMOTIONS.name: _again(self.told.decisions),
            JOURNEYS.name: _again(self.told.changes),
            IDENTITIES.name: _again(self.told.notes),
            REJECTED.name: self.told.reject_records - len(self.told.rejects),
        }
        return Verdict(
            events=len(self.journal),
            copies=self.journal.copies,
            poison=len(self.journal.poison),
            customers=len(self.oracle.states),
            linked=len(self.whose),
            decisions=len(self.oracle.decisions),
            pushes=sum(map(len, self.oracle.pushes.values())),
            changes=len(self.oracle.changes),
            timers=self.oracle.counts["timers"],
            posted=self.posted,
            unsure=self.journal.unsure(),
            produced_twice=self.oracle.counts["produced twice"],
            told_again=told_again,
            troubles=dict(self.troubles.counts),
            examples=dict(self.troubles.examples),
        )

    def _count(self, customer: str, version: int, expected: int) -> None:
        if version < expected:
            self.troubles.add("lost", f"{customer}: {version} of {expected} applied", expected - version)
        elif version > expected:
            self.troubles.add("doubled", f"{customer}: {version} applied of {expected}", version - expected)

    def _customer(self, profile: str) -> str:
        return self.whose.get(profile, profile)

    def _orders(self) -> Iterable[tuple[tuple[str, str], list[int]]]:
        """By customer and topic, the numbers of their messages as they first came."""
        for lane, messages in self.oracle.sources.order.items():
            first = dict.fromkeys(message for message in messages if message in self.numbers)
            yield lane, [self.numbers[message] for message in first]

    def _held(self) -> dict[str, CustomerState]:
        """All states in Redis."""
        places = list(self.redis.scan_iter(match=b"*:customer:*", count=1000))
        held: dict[str, CustomerState] = {}
        for start in range(0, len(places), AT_ONCE):
            some = places[start : start + AT_ONCE]
            for place, blob in zip(some, cast(list[bytes], self.redis.mget(some)), strict=True):
                customer = place.decode().split(":", 2)[2]
                if place == keys.customer(self.partition(customer), customer):
                    held[customer] = decode_state(blob)
                else:
                    self.troubles.add("states_differ", f"{place!r} is in the wrong partition")
        return held

    def _timer_is_late(self, customer: str, state: CustomerState) -> str:
        """The index of due timers may name a customer too early, never too late."""
        if not state.timers or is_alias(state):
            return ""
        score = self.redis.zscore(keys.due(self.partition(customer)), customer)
        due = earliest(state.timers)
        return "" if score is not None and score <= due else f"due {due}, indexed {score}"


def _again(records: Counter[tuple[str, bytes]]) -> int:
    return records.total() - len(records)


def _difference(held: CustomerState | None, expected: CustomerState) -> str:
    if held is None:
        return "is missing"
    names = [name for name in expected.__struct_fields__ if getattr(held, name) != getattr(expected, name)]
    return ", ".join(f"{name} {getattr(held, name)!r:.80} for {getattr(expected, name)!r:.80}" for name in names)
