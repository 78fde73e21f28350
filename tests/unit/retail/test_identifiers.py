import pytest
from hypothesis import given
from hypothesis import strategies as st

from retail.errors import EventRefused
from retail.identifiers import (
    LONGEST,
    Identifiers,
    Kind,
    checked_id,
    hashed_email,
    hashed_phone,
    kind_of,
    named,
    profile_id,
    resolve,
    strength,
)

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


def test_an_event_names_its_customer_and_the_weaker_identifiers() -> None:
    everything = Identifiers("ana", "7", "site", "e", "p", "t", "d", "b")
    also = ("card:7", "email:e", "phone:p", "payment:t", "anonymous:site", "device:d", "tag:b")
    assert named(everything) == ("ana", also)


@pytest.mark.parametrize("nobody", ["null", "GUEST", "undefined", "0", "00000000-0000-0000-0000-000000000000"])
def test_what_broken_senders_give_for_an_id_is_nobody(nobody: str) -> None:
    assert named(Identifiers(nobody, None, "site")) == ("anonymous:site", ())
    with pytest.raises(EventRefused) as refused:
        named(Identifiers(user=nobody))
    assert refused.value.code == "blocked_id"


@pytest.mark.parametrize("user", ["card:7", "anonymous:site", "email:"])
def test_no_user_id_passes_for_another_kind(user: str) -> None:
    with pytest.raises(EventRefused) as refused:
        resolve(Identifiers(user))
    assert refused.value.code == "reserved_id"


def test_a_weaker_identifier_that_can_be_none_costs_the_event_nothing() -> None:
    assert named(Identifiers("ana", "a\nb", "x" * 300)) == ("ana", ())


@given(plain, st.sampled_from(Kind))
def test_a_profile_tells_its_kind(value: str, kind: Kind) -> None:
    if kind is not Kind.USER:
        assert kind_of(profile_id(kind, value)) is kind
        assert strength("ana") < strength(profile_id(kind, value))


def test_addresses_are_hashed_as_the_field_does() -> None:
    assert hashed_email(" Ana@Example.com ") == hashed_email("ana@example.com")
    assert hashed_phone("+34 600-123-456") == hashed_phone("34600123456")
    assert len(hashed_email("a@b")) == 64
