"""`python -m tests.fuzz DECODER [libFuzzer options]`: anything but a refusal is a crash, and the input is kept.

Needs `pip install atheris` beside the lock, which has no wheels for every platform that Caudal runs on. For instance:
`python -m tests.fuzz batch -max_total_time=600`.
"""

import sys
from collections.abc import Callable

import atheris

with atheris.instrument_imports():
    from gateway.envelopes import complete, open_batch, open_single
    from gateway.errors import Refused
    from retail.errors import EventRefused
    from retail.events import Channel
    from retail.wire import cloudevents, measurement, refine, snowplow, tags

NOW = 1_795_435_200_000
"""Any moment does, milliseconds."""


def batch(raw: bytes) -> None:
    opened = open_batch(raw)
    for event in opened.events:
        worker(complete(bytes(event), opened.shared, NOW).value)


def single(raw: bytes) -> None:
    opened = open_single(raw, "track")
    worker(complete(bytes(opened.events[0]), opened.shared, NOW).value)


def worker(raw: bytes) -> None:
    refine(raw, Channel.WEB, NOW, unnamed="m")


def cloud(raw: bytes) -> None:
    worker(cloudevents.structured(raw))


def record(raw: bytes) -> None:
    cut = raw.find(b"\n")
    found = cloudevents.in_record([("ce_type", raw[:cut])] if cut >= 0 else [], raw[:8], raw[cut + 1 :])
    if found is not None:
        cloud(found)


def measured(raw: bytes) -> None:
    request = measurement.open_measurement(raw)
    for event in request.events:
        for message in measurement.measured(bytes(event), request):
            worker(message)


def payload(raw: bytes) -> None:
    for row in snowplow.open_payload(raw):
        for message in snowplow.tracked(row):
            worker(message)


def query(raw: bytes) -> None:
    for message in snowplow.tracked(snowplow.row_of(raw)):
        worker(message)


def tag(raw: bytes) -> None:
    tags.heard("home/gateway/BTtoMQTT/tag", raw)


DECODERS: dict[str, Callable[[bytes], None]] = {
    decoder.__name__: decoder for decoder in (batch, single, worker, cloud, record, measured, payload, query, tag)
}


def main() -> None:
    name = sys.argv[1] if len(sys.argv) > 1 else ""
    if name not in DECODERS:
        sys.exit(f"python -m tests.fuzz {'|'.join(DECODERS)} [libFuzzer options]")
    decode = DECODERS[name]

    def one(raw: bytes) -> None:
        try:
            decode(raw)
        except (EventRefused, Refused):
            return

    atheris.Setup([sys.argv[0], *sys.argv[2:]], one)
    atheris.Fuzz()


if __name__ == "__main__":
    main()
