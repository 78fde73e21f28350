"""A query is read as its standard says, whichever way is the quicker."""

from urllib.parse import parse_qsl

import pytest
from hypothesis import given, settings
from hypothesis import strategies as some

from gateway.errors import Refused
from gateway.parameters import MOST, Parameters


@settings(max_examples=200)
@given(some.text("ab=&%+;2#é ", max_size=24))
def test_any_query_is_read_as_the_standard_library_reads_it(query: str) -> None:
    try:
        expected = dict(parse_qsl(query.encode().decode("ascii"), keep_blank_values=True, errors="strict"))
    except ValueError:
        with pytest.raises(Refused, match="percent-encoded"):
            Parameters(query.encode())
        return
    read = Parameters(query.encode())
    assert {name: read.several(name, 30) for name in expected} == {
        name: tuple(part for part in value.split(",") if part) for name, value in expected.items()
    }
    assert read.several("never given", 1) is None


@pytest.mark.parametrize("value", ["1", "%31"])
def test_more_parameters_than_anybody_sends_are_refused(value: str) -> None:
    Parameters("&".join([f"a={value}"] * MOST).encode())
    with pytest.raises(Refused, match="parameters"):
        Parameters("&".join([f"a={value}"] * (MOST + 1)).encode())
