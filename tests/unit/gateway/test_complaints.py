"""A gateway says what it misses, also while thousands ask."""

from structlog.testing import capture_logs

from gateway.complaints import TELL_EVERY, Complaints


def test_what_fails_a_thousand_times_is_a_line_and_then_a_line_with_the_count() -> None:
    now = [0.0]
    complaints = Complaints(lambda: now[0])
    with capture_logs() as lines:
        for _ in range(1000):
            complaints.tell("events are not stored", TimeoutError("Kafka at k:9092"))
        complaints.tell("states are not read", TimeoutError("Redis at r:6379"))
        now[0] = TELL_EVERY
        complaints.tell("events are not stored", TimeoutError("Kafka at k:9092"))
    assert [(line["event"], line["fault"], line["since_the_last_line"]) for line in lines] == [
        ("events are not stored", "Kafka at k:9092", 0),
        ("states are not read", "Redis at r:6379", 0),
        ("events are not stored", "Kafka at k:9092", 999),
    ]
