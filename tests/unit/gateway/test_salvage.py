import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.envelopes import open_batch
from gateway.salvage import salvage_batch

scalars = st.none() | st.booleans() | st.integers(-(1 << 40), 1 << 40) | st.text(max_size=6)
events = st.dictionaries(st.text(max_size=6), scalars | st.lists(scalars, max_size=3), max_size=4)


@given(st.lists(events, max_size=5), st.sampled_from([None, 0, 2]))
def test_the_slow_way_splits_a_good_batch_as_the_fast_way_does(batch: list[object], indent: int | None) -> None:
    body = json.dumps({"sentAt": "now", "batch": batch, "writeKey": "k"}, indent=indent, ensure_ascii=False)
    raw = body.encode()
    assert salvage_batch(raw)["batch"] == [bytes(event) for event in open_batch(raw).events]


def test_an_event_keeps_its_very_bytes() -> None:
    bad = b'{ "a" : "\xff\\ud800" , "n":NaN }'
    found = salvage_batch(b' { "batch" : [ {"x":1} , ' + bad + b' ] , "sentAt" : "now" } ')
    assert found["batch"] == [b'{"x":1}', bad]
    assert found["sentAt"] == b'"now"'


@pytest.mark.parametrize("body", [b"", b"[]", b"{", b'{"batch"', b'{"batch":[', b'{"batch":[1', b'{"a" 1}', b"{} {}"])
def test_what_has_no_outline_is_not_guessed_at(body: bytes) -> None:
    with pytest.raises(ValueError, match=r"\S"):
        salvage_batch(body)


@given(st.binary(max_size=120))
def test_bytes_never_break_it(body: bytes) -> None:
    try:
        found = salvage_batch(b'{"batch":[' + body + b"]}")
    except (ValueError, RecursionError):
        return
    assert isinstance(found, dict)


def test_numbers_too_long_to_read_cost_their_batch_and_not_the_gateway() -> None:
    body = b'{"batch":[NaN,' + b"1" * 5000 + b"]}"
    with pytest.raises(ValueError, match=r"\S"):
        salvage_batch(body)
