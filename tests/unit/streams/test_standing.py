"""Where partitions stand: true when nothing arrives, when an agent hangs, and gone with the partition."""

import time
from collections.abc import Mapping
from types import SimpleNamespace
from typing import cast

from faust.types import TP
from hypothesis import given
from hypothesis import strategies as some
from prometheus_client import CollectorRegistry

from streams.meters import Meters
from streams.patience import Waits
from streams.received import Records
from streams.records import Progress
from streams.standing import Place, Sources, Standing, StandingCollector
from streams.topics import CUSTOMER_EVENTS, WEB
from tests.unit.streams.exposition import samples

PLACE = TP(CUSTOMER_EVENTS.name, 3)
SOURCE = TP(WEB.name, 0)
NOW = 1_795_435_200.0


def standing_at(
    committed: dict[TP, int], ends: dict[TP, int | None], ledgers: dict[int, int] | None = None
) -> tuple[Standing, float]:
    """It, and a moment."""
    sources = Sources(lambda: committed, lambda place: (ends.get(place), None), lambda: ledgers or {})
    return Standing(sources, Progress()), time.time()


def records(first: int, last: int, at: float) -> Records:
    made = [SimpleNamespace(offset=offset, timestamp=int(at * 1000)) for offset in range(first, last + 1)]
    return cast(Records, made)


def test_a_partition_at_its_end_has_no_lag_however_old_its_last_record_is() -> None:
    standing, _ = standing_at({PLACE: 10}, {PLACE: 10})
    assert standing.look(NOW) == {PLACE: Place(end=10, committed=10, done=10, age=0.0)}
    assert standing.look(NOW + 86_400)[PLACE].age == 0.0


def test_while_nothing_moves_the_lag_grows_with_every_look() -> None:
    ends: dict[TP, int | None] = {PLACE: 10}
    standing, _ = standing_at({PLACE: 10}, ends)
    standing.look(NOW)
    ends[PLACE] = 15
    ages = [standing.look(NOW + seconds)[PLACE].age for seconds in (1.0, 60.0, 3600.0)]
    assert ages == [1.0, 60.0, 3600.0]
    assert standing.look(NOW)[PLACE].behind == 5


def test_what_was_fetched_and_is_not_done_is_as_old_as_its_record_says() -> None:
    standing, _ = standing_at({SOURCE: 0}, {SOURCE: 300})
    standing.progress.hand(SOURCE, records(0, 99, NOW - 7))
    standing.progress.hand(SOURCE, records(100, 199, NOW - 4))
    assert standing.look(NOW)[SOURCE].age == 7.0
    standing.progress.advance(SOURCE, 100)
    assert standing.look(NOW)[SOURCE] == Place(end=300, committed=0, done=100, age=4.0)


def test_a_ledger_that_was_rolled_back_is_behind_though_kafka_believes_all_is_done() -> None:
    standing, _ = standing_at({PLACE: 100}, {PLACE: 100}, {3: 40})
    assert standing.look(NOW)[PLACE].behind == 60


def test_the_end_is_the_highest_that_anybody_knows_of() -> None:
    sources = Sources(lambda: {PLACE: 5}, lambda _place: (None, 20, 10), dict)
    assert Standing(sources, Progress()).look(NOW)[PLACE].end == 20


def test_a_partition_that_was_lost_vanishes_and_comes_back_without_a_past() -> None:
    committed = {PLACE: 5, SOURCE: 5}
    ends: dict[TP, int | None] = {PLACE: 9, SOURCE: 9}
    standing, _ = standing_at(committed, ends)
    standing.look(NOW)
    del committed[PLACE]
    assert set(standing.look(NOW + 1)) == {SOURCE}
    assert "customer-events" not in str(samples(registry_of(standing), "caudal_lag_records"))
    committed[PLACE] = 5
    assert standing.look(NOW + 50)[PLACE].age == 0.0


def test_how_old_a_backlog_is_that_was_just_taken_over_is_not_sure_until_some_of_it_came() -> None:
    standing, _ = standing_at({SOURCE: 5}, {SOURCE: 9})
    assert not standing.look(NOW)[SOURCE].is_sure
    taken = standing.look(NOW + 3)[SOURCE]
    assert (taken.age, taken.is_sure) == (3.0, False)
    standing.progress.hand(SOURCE, records(5, 8, NOW - 3600))
    seen = standing.look(NOW + 4)[SOURCE]
    assert (seen.age, seen.is_sure) == (3604.0, True)


def test_a_wait_that_is_going_on_is_counted_while_it_goes_on() -> None:
    waits = Waits()
    standing, _ = standing_at({PLACE: 0}, {PLACE: 0})
    with waits.waiting("journey"):
        time.sleep(0.02)
        found = registry_of(standing, waits)
        assert samples(found, "caudal_dependency_waits") == {("journey",): 1.0}
        assert samples(found, "caudal_dependency_wait_seconds_total")["journey",] >= 0.02
    assert samples(registry_of(standing, waits), "caudal_dependency_waits") == {("journey",): 0.0}


def test_a_scrape_shows_every_figure_of_a_partition() -> None:
    waits = Waits()
    waits.faults["journey"] += 2
    standing, _ = standing_at({PLACE: 4}, {PLACE: 9}, {3: 6})
    standing.timers = {3: 5, 4: 1}
    found = registry_of(standing, waits, {3: 2})
    assert samples(found, "caudal_due_timers") == {("3",): 5.0}
    place = ("3", CUSTOMER_EVENTS.name)
    assert samples(found, "caudal_log_end_offset") == {place: 9.0}
    assert samples(found, "caudal_committed_offset") == {place: 4.0}
    assert samples(found, "caudal_lag_records") == {place: 3.0}
    assert samples(found, "caudal_ledger_next") == {("3",): 6.0}
    assert samples(found, "caudal_outbox_entries") == {("3",): 2.0}
    assert samples(found, "caudal_agent_faults_total") == {("journey",): 2.0, ("timers",): 1.0}


def registry_of(
    standing: Standing, waits: Waits | None = None, outboxes: Mapping[int, int] | None = None
) -> CollectorRegistry:
    registry = CollectorRegistry()
    registry.register(StandingCollector(standing, lambda: outboxes or {}, waits or Waits(), {"timers": 1}))
    return registry


LABELS = {"topic", "partition", "reason", "outcome", "status", "what", "le"}


def test_no_label_is_made_for_a_text_of_a_sender() -> None:
    """What a label may be called; the live test looks at what is in them."""
    meters = Meters()
    standing, _ = standing_at({PLACE: 4}, {PLACE: 9})
    meters.registry.register(StandingCollector(standing, dict, Waits()))
    families = {family.name: family for family in meters.registry.collect()}
    named = {label for family in families.values() for sample in family.samples for label in sample.labels}
    declared = {
        label
        for collector in list(meters.registry._collector_to_names)
        for label in getattr(collector, "_labelnames", ())
    }
    assert (named | declared) - LABELS == set()


@given(some.lists(some.tuples(some.sampled_from(["hand", "advance", "arrive", "look"]), some.integers(0, 30))))
def test_the_lag_is_zero_exactly_where_all_is_done(steps: list[tuple[str, int]]) -> None:
    ends: dict[TP, int | None] = {SOURCE: 0}
    standing, _ = standing_at({SOURCE: 0}, ends)
    now = NOW
    for step, count in steps:
        now += count
        if step == "arrive":
            ends[SOURCE] = (ends[SOURCE] or 0) + count
        elif step == "hand" and count:
            done = standing.progress.get(SOURCE, 0)
            standing.progress.hand(SOURCE, records(done, done + count - 1, now - 1))
        elif step == "advance":
            standing.progress.advance(SOURCE, min(ends[SOURCE] or 0, standing.progress.get(SOURCE, 0) + count))
        place = standing.look(now)[SOURCE]
        assert place.behind == (ends[SOURCE] or 0) - standing.progress.get(SOURCE, 0)
        assert place.age >= 0
        assert place.behind or place.age == 0
