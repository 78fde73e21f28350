"""The watchdog: ends who stands still, and nobody else."""

from collections.abc import Iterable, Mapping

from faust.types import TP
from kafka import TopicPartition

from streams.watchdog import Silence, behind_of

WEB = TP("events.web", 0)


class FixedLog:
    """A broker's answers. begins, ends: of every partition."""

    def __init__(self, begins: int, ends: int) -> None:
        self.begins, self.ends = begins, ends

    def beginning_offsets(self, partitions: Iterable[TopicPartition]) -> Mapping[TopicPartition, int]:
        return dict.fromkeys(partitions, self.begins)

    def end_offsets(self, partitions: Iterable[TopicPartition]) -> Mapping[TopicPartition, int]:
        return dict.fromkeys(partitions, self.ends)


def test_a_partition_is_behind_by_what_nobody_has_done() -> None:
    assert behind_of(FixedLog(0, 10), {WEB: 4}, {WEB: 7}) == {WEB: 3}
    assert behind_of(FixedLog(0, 10), {WEB: 4}, {}) == {WEB: 6}


def test_a_partition_at_its_end_is_not_behind() -> None:
    assert behind_of(FixedLog(0, 10), {WEB: 10}, {}) == {}


def test_what_retention_took_is_nobodys_fault() -> None:
    assert behind_of(FixedLog(10, 10), {WEB: 0}, {}) == {}


def test_silence_with_work_to_do_is_noticed_after_the_limit() -> None:
    silence = Silence(limit=30)
    assert silence.look(0, ["customer-events"], {"customer-events": 5}) is None
    assert silence.look(30, ["customer-events"], {"customer-events": 5}) is None
    assert silence.look(31, ["customer-events"], {"customer-events": 5}) == "customer-events"


def test_a_sign_of_life_begins_the_silence_anew() -> None:
    silence = Silence(limit=30)
    silence.look(0, ["customer-events"], {"customer-events": 5})
    assert silence.look(29, ["customer-events"], {"customer-events": 6}) is None
    assert silence.look(58, ["customer-events"], {"customer-events": 6}) is None
    assert silence.look(60, ["customer-events"], {"customer-events": 6}) == "customer-events"


def test_who_has_nothing_to_do_may_be_silent() -> None:
    silence = Silence(limit=30)
    silence.look(0, ["customer-events"], {})
    assert silence.look(20, [], {}) is None
    assert silence.look(40, ["customer-events"], {}) is None
    assert silence.look(69, ["customer-events"], {}) is None


def test_one_topic_that_moves_does_not_excuse_another() -> None:
    silence = Silence(limit=30)
    topics = ["customer-events", "promotions"]
    silence.look(0, topics, {"customer-events": 1, "promotions": 1})
    assert silence.look(31, topics, {"customer-events": 2, "promotions": 1}) == "promotions"


def test_what_waits_for_redis_is_excused() -> None:
    silence = Silence(limit=30)
    silence.look(0, ["customer-events"], {})
    silence.reset()
    assert silence.look(31, ["customer-events"], {}) is None
