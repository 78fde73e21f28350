import pytest
from hypothesis import given
from hypothesis import strategies as st

from retail.errors import EventRefused
from retail.identifiers import LONGEST, Identifiers, checked_id, resolve

plain = st.text(st.characters(exclude_categories=("Cc", "Cs")), min_size=1, max_size=LONGEST)


@pytest.mark.parametrize(
    ("identifiers", "customer"),
    [
        (Identifiers("ana", "card-1", "anon-1"), "ana"),
        (Identifiers(None, "card-1", "anon-1"), "card:card-1"),
        (Identifiers(None, None, "anon-1"), "anonymous:anon-1"),
        (Identifiers("", "", "anon-1"), "anonymous:anon-1"),
        (Identifiers("ana", None, ""), "ana"),
    ],
)
def test_the_strongest_identifier_is_the_customer(identifiers: Identifiers, customer: str) -> None:
    assert resolve(identifiers) == customer


@pytest.mark.parametrize("nobody", [Identifiers(), Identifiers("", "", "")])
def test_an_event_about_nobody_is_refused(nobody: Identifiers) -> None:
    with pytest.raises(EventRefused, match="userId") as refused:
        resolve(nobody)
    assert refused.value.code == "missing_id"


@given(plain)
def test_an_id_is_taken_verbatim(text: str) -> None:
    assert checked_id(text, "userId") == text


@pytest.mark.parametrize("text", ["", "a" * (LONGEST + 1), "a\nb", "\x00", "a\x7f", "\x9f", "\ud800"])
def test_what_is_no_plain_short_text_is_no_id(text: str) -> None:
    with pytest.raises(EventRefused) as refused:
        checked_id(text, "userId")
    assert refused.value.code == "malformed_id"
