"""What came out is counted once per decision, however often it was written."""

from caudal.demo.tally import Tally
from retail.decisions import Push, Reason, Withheld, encode_decision
from retail.events import Channel, DeliveryReported, DeliveryStatus, encode_event
from retail.rejects import Rejected, encode_rejected
from streams.topics import DELIVERIES, PROMOTIONS, REJECTED


def withheld(decision: str = "d1", reason: Reason = Reason.QUIET_HOURS) -> bytes:
    return encode_decision(Withheld(id=decision, customer="7", occasion="o", at=1, reason=reason))


def push() -> bytes:
    return encode_decision(
        Push(
            id="d2",
            customer="7",
            occasion="o",
            visit="v",
            offer="f",
            store="s",
            zone="z",
            at=1,
            expires=2,
            title="t",
            body="b",
            why="w",
        )
    )


def report(status: DeliveryStatus, decision: str = "d2", reason: str = "") -> bytes:
    return encode_event(
        DeliveryReported(
            id=f"{decision}:{status}", customer="7", channel=Channel.APP, at=1, received=1,
            decision=decision, offer="f", status=status, reason=reason,
        )
    )  # fmt: skip


def test_withheld_decisions_are_counted_by_reason_and_once() -> None:
    tally = Tally()
    for _ in range(2):
        tally.read(PROMOTIONS.name, withheld())
    tally.read(PROMOTIONS.name, withheld("d9", Reason.NO_CONSENT))
    assert tally.withheld_by_reason == {"quiet_hours": 1, "no_consent": 1}


def test_a_push_counts_once_it_was_handed_over() -> None:
    tally = Tally()
    tally.read(PROMOTIONS.name, push())
    assert not tally.pushes
    for _ in range(2):
        tally.read(DELIVERIES.name, report(DeliveryStatus.SENT))
    assert tally.pushes == {"d2"}
    assert tally.reports == {"7": {"d2:sent"}}


def test_a_push_held_back_at_the_door_is_withheld() -> None:
    tally = Tally()
    tally.read(DELIVERIES.name, report(DeliveryStatus.WITHHELD, reason="just_bought"))
    assert tally.withheld_by_reason == {"just_bought": 1}
    assert not tally.pushes


def test_rejects_know_their_sender_raw_or_refined() -> None:
    tally = Tally()
    for raw in (b'{"messageId":"a","userId":"7"}', b'{"id":"b","customer":"7"}', b"\xff not json"):
        tally.read(REJECTED.name, encode_rejected(Rejected.of(raw, source="t/0/0", reason="unknown_item")))
    assert tally.rejected == {"7": {"a", "b"}}
    assert tally.reasons == {"unknown_item": 3}
