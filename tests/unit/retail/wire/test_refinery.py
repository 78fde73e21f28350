import json
from contextlib import suppress
from datetime import date

import msgspec
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from retail.errors import EventRefused
from retail.events import (
    Channel,
    ConsentUpdated,
    CustomerIdentified,
    HouseholdJoined,
    HouseholdLeft,
    ProductsSearched,
    ProductViewed,
    Tracked,
    decode_event,
    encode_event,
)
from retail.household import Declared
from retail.identifiers import hashed_email, hashed_phone
from retail.policy import EventLimits
from retail.wire import properties as shapes
from retail.wire import refine, refine_named
from retail.wire.names import FIRST_VERSION
from retail.wire.tracks import _READERS
from tests.shop import ANA, DAY, HOUR, MINUTE, NOON, common
from tests.unit.retail.wire.sender import iso, message, refined, track

SHARED = common(id="m-1")


def code_of(raw: bytes) -> str:
    with pytest.raises(EventRefused) as refused:
        refined(raw)
    assert refused.value.message
    return refused.value.code


# --- shapes -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("type_", "fields", "name"),
    [
        ("page", {"name": "Home", "properties": {"url": "https://shop.example"}}, "Home"),
        ("page", {}, "page"),
        ("screen", {"name": "Offers", "category": "app"}, "Offers"),
        ("group", {"groupId": "household-9", "traits": {"size": 3}}, "group"),
        ("alias", {"previousId": "anon-7"}, "alias"),
    ],
)
def test_pages_screens_groups_and_aliases_are_signs_of_life(type_: str, fields: dict[str, object], name: str) -> None:
    assert refined(message(type_, **fields)) == Tracked(name=name, **SHARED)


def test_a_message_without_a_type_that_names_an_event_is_a_track_message() -> None:
    raw = json.loads(track())
    del raw["type"]
    assert refined(json.dumps(raw).encode()) == ProductViewed(item="mug", **SHARED)


def test_of_a_key_given_twice_the_last_counts() -> None:
    raw = track(messageId=None)[:-1] + b', "messageId": "filled-in"}'
    assert refined(raw).id == "filled-in"


@pytest.mark.parametrize(
    ("raw", "code"),
    [
        (b"", "malformed_json"),
        (b"{", "malformed_json"),
        (b"not json", "malformed_json"),
        (b'{"type": "track\xff"}', "malformed_json"),
        (b'{"type": "track", "event": "\\ud800"}', "malformed_json"),
        (b"[]", "wrong_type"),
        (b"null", "wrong_type"),
        (b'"track"', "wrong_type"),
        (message(userId=5), "wrong_type"),
        (message(context=[]), "wrong_type"),
        (message(timestamp={}), "wrong_type"),
        (b"{}", "unknown_message_type"),
        (message("purchase"), "unknown_message_type"),
        (message(), "missing_event_name"),
        (track(messageId=None), "missing_message_id"),
        (track(messageId=""), "missing_message_id"),
        (track(messageId="x" * 257), "malformed_id"),
        (track(messageId="a\x00b"), "malformed_id"),
        (track(userId=None), "missing_id"),
        (track(userId="", anonymousId=""), "missing_id"),
        (track(userId="a\tb"), "malformed_id"),
        (track(padding="x" * 40_000), "event_too_large"),
        (b'{"type":"track","x":' + b"[" * 30_000 + b"}", "too_deep"),
        (b'{"type":"track","event":"E","properties":' + b'{"a":' * 6_000 + b"}", "too_deep"),
    ],
)
def test_what_is_no_message_is_refused_with_a_code(raw: bytes, code: str) -> None:
    assert code_of(raw) == code


def test_a_loyalty_card_is_who_the_customer_is_where_nobody_logged_in() -> None:
    assert refined(track(userId=None, loyaltyCard="card-1", anonymousId="anon")).customer == "card:card-1"
    assert refined(track(userId=None, context={"loyaltyCard": "card-1"}, anonymousId="anon")).customer == "card:card-1"
    assert refined(track(userId=None, anonymousId="anon")).customer == "anonymous:anon"


# --- who ---------------------------------------------------------------------------------------------------------


def also(raw: bytes) -> tuple[str, ...]:
    return refine_named(raw, Channel.WEB, NOON).also


def test_who_logs_in_on_a_browser_was_that_browsers() -> None:
    assert also(track(anonymousId="anon")) == ("anonymous:anon",)


def test_on_a_shared_device_nothing_follows_from_the_device() -> None:
    shared = {"sharedDevice": True, "device": {"id": "d"}}
    assert also(track(anonymousId="kiosk", context=shared)) == ()
    assert also(track(anonymousId="own", context={"device": {"id": "d"}})) == ("anonymous:own", "device:d")


@pytest.mark.parametrize("device", [7, "d", {"id": 7}, {"id": None}, [], None])
def test_whatever_senders_call_a_device_costs_no_event(device: object) -> None:
    assert also(track(context={"device": device})) == ()


def test_who_declares_an_address_is_known_by_it_if_they_are_known_at_all() -> None:
    traits = {"email": "Ana@example.com", "phone": "+34 600 123 456"}
    known = {"email": hashed_email("ana@example.com"), "phone": hashed_phone("+34600123456")}
    expected = tuple(f"{kind}:{hash_}" for kind, hash_ in known.items())
    assert also(message("identify", traits=traits)) == expected
    assert also(message("identify", context={"traits": traits})) == expected
    assert also(message("identify", userId=None, anonymousId="anon", traits=traits)) == ()
    assert also(message("identify", traits={"email": "nobody", "phone": "12"})) == ()


def test_an_alias_joins_the_anonymous_id_of_before() -> None:
    assert also(message("alias", previousId="anon")) == ("anonymous:anon",)
    assert code_of(message("alias", previousId=ANA)) == "self_alias"
    assert also(message("alias", previousId="null")) == ()


def test_a_household_is_joined_by_a_group_of_that_type() -> None:
    joined = refined(message("group", groupId="h1", traits={"type": "household"}))
    assert isinstance(joined, HouseholdJoined)
    assert joined.household == "h1"
    assert isinstance(refined(message("group", groupId="g", traits={"type": "company"})), Tracked)


def test_a_household_is_left_by_a_group_that_says_so_and_by_no_other() -> None:
    left = refined(message("group", groupId="h1", traits={"type": "household", "left": True}))
    assert isinstance(left, HouseholdLeft)
    unclear = refined(message("group", groupId="h1", traits={"type": "household", "left": "maybe"}))
    assert isinstance(unclear, HouseholdJoined)


# --- time -------------------------------------------------------------------------------------------------------


def at_of(received: int = NOON, **fields: object) -> int:
    return refined(track("Product Viewed", None, **fields), received=received).at


@pytest.mark.parametrize("text", ["👩‍🍳 blue mug", "\u202eevil", "e\u0301", "é", "ЅKU", "سلام", "=1+1", "<b>'; --"])
def test_text_in_any_script_is_kept_to_the_letter(text: str) -> None:
    event = refined(track("Products Searched", {"query": text}, userId=text.replace("\u202e", "")))
    assert isinstance(event, ProductsSearched)
    assert event.query == text
    assert code_of(track(userId=f"{text}\x00")) == "malformed_id"


def test_a_clock_that_is_off_is_corrected_by_when_it_says_it_sent() -> None:
    wrong = NOON - 400 * DAY
    assert at_of(timestamp=iso(wrong - MINUTE), sentAt=iso(wrong)) == NOON - MINUTE
    assert at_of(originalTimestamp=iso(wrong - HOUR), timestamp=iso(NOON), sentAt=iso(wrong)) == NOON - HOUR


def test_without_a_time_of_sending_the_senders_time_counts() -> None:
    assert at_of(timestamp=iso(NOON - HOUR)) == NOON - HOUR
    assert at_of(timestamp=iso(NOON - HOUR), sentAt="yesterday") == NOON - HOUR


@pytest.mark.parametrize("stamp", [None, "", "yesterday", "2026-99-99T00:00:00Z"])
def test_without_a_time_that_can_be_read_the_arrival_counts(stamp: object) -> None:
    assert at_of(timestamp=stamp) == NOON


@pytest.mark.parametrize(
    "stamp",
    [
        "2026-11-23T12:00:00Z",
        "2026-11-23T12:00:00.000+00:00",
        "2026-11-23T13:00:00.000000+01:00",
        "2026-11-23T12:00:00",
        NOON,
    ],
)
def test_times_are_read_as_the_sdks_write_them(stamp: object) -> None:
    assert at_of(timestamp=stamp, received=NOON + HOUR) == NOON


def test_a_little_ahead_is_left_and_far_ahead_is_now() -> None:
    assert at_of(timestamp=iso(NOON + 4 * MINUTE)) == NOON + 4 * MINUTE
    assert at_of(timestamp=iso(NOON + HOUR)) == NOON


@pytest.mark.parametrize("stamp", [iso(NOON - 731 * DAY), "0001-01-01T00:00:00Z", -1, -(10**18)])
def test_a_time_too_long_ago_is_refused(stamp: object) -> None:
    assert code_of(track(timestamp=stamp)) == "timestamp_out_of_range"


# --- consent and traits -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("preferences", "consents"),
    [
        ({"marketing_push": True, "analytics": False}, {"marketing_push": True, "analytics": False}),
        ({"Advertising": True, "Functional": False}, {"marketing_push": True, "personalization": False}),
        ({"Analytics": True, "Location": True}, {"analytics": True, "precise_location": True}),
        ({"marketing_push": False, "Advertising": True}, {"marketing_push": False}),
        ({"Juggling": True}, None),
        ({}, None),
    ],
)
def test_consent_is_read_in_our_purposes(preferences: dict[str, bool], consents: dict[str, bool] | None) -> None:
    raw = track("Segment Consent Preference Updated", {}, context={"consent": {"categoryPreferences": preferences}})
    assert refined(raw) == ConsentUpdated(**common(id="m-1", consents=consents))


@pytest.mark.parametrize(
    "preferences", [{"Advertising": "yes"}, {"Advertising": 1}, {"Advertising": None}, ["Advertising"]]
)
def test_consent_that_is_not_plainly_yes_or_no_is_refused(preferences: object) -> None:
    assert code_of(track(context={"consent": {"categoryPreferences": preferences}})) == "wrong_type"


def test_an_event_that_says_nothing_about_consent_says_nothing() -> None:
    assert refined(track(context={"library": {"name": "js"}})).consents is None


@pytest.mark.parametrize("place", ["traits", "context"])
def test_traits_are_kept_as_bounded_text(place: str) -> None:
    traits = {
        "country": "ES",
        "birthday": "1990-05-17",
        "children": 2,
        "vip": True,
        "address": {"city": "Madrid"},
        "nothing": None,
        "essay": "x" * 257,
        "consents": {"marketing_push": True},
    }
    raw = message("identify", **({"traits": traits} if place == "traits" else {"context": {"traits": traits}}))
    assert refined(raw) == CustomerIdentified(
        traits={"country": "ES", "birthday": "1990-05-17", "children": "2", "vip": "true"},
        household=Declared(born=date(1990, 5, 17).toordinal()),
        **common(id="m-1", consents={"marketing_push": True}),
    )


def test_no_more_traits_are_kept_than_the_limit() -> None:
    event = refined(message("identify", traits={f"t{n}": "x" for n in range(100)}))
    assert isinstance(event, CustomerIdentified)
    assert len(event.traits) == EventLimits().traits


def test_identifying_without_traits_is_fine() -> None:
    assert refined(message("identify", traits=None)) == CustomerIdentified(**SHARED)


# --- whatever comes ---------------------------------------------------------------------------------------------


def only_refuses(raw: bytes) -> None:
    """Nothing but a refusal is raised, and what is refined can be written and read."""
    with suppress(EventRefused):
        event = refine(raw, Channel.APP, NOON)
        assert decode_event(encode_event(event)) == event


@given(st.binary(max_size=200))
@example(b"\xef\xbb\xbf{}")
def test_arbitrary_bytes_are_refused_or_refined(raw: bytes) -> None:
    only_refuses(raw)


values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=10),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=8,
)
names = st.sampled_from(sorted({*_READERS, *FIRST_VERSION}))

SHAPES: tuple[type[msgspec.Struct], ...] = (
    shapes.OrderLine,
    shapes.Order,
    shapes.Whereabouts,
    shapes.Sighting,
    shapes.Search,
    shapes.Feedback,
    shapes.Case,
    shapes.Survey,
    shapes.Mention,
    shapes.Return,
)
properties = st.dictionaries(
    st.sampled_from([field.name for shape in SHAPES for field in msgspec.structs.fields(shape)]),
    values,
    max_size=6,
)
messages = st.fixed_dictionaries(
    {},
    optional={
        "type": st.sampled_from(["track", "identify", "page", "screen", "group", "alias"]) | values,
        "event": names | values,
        "messageId": st.just("m") | values,
        "userId": st.just(ANA) | values,
        "anonymousId": st.just("anon") | values,
        "timestamp": st.just(iso(NOON)) | values,
        "sentAt": st.datetimes().map(str) | values,
        "context": st.fixed_dictionaries({}, optional={"consent": values, "traits": values}) | values,
        "properties": properties | values,
        "traits": values,
    },
)


@given(messages)
def test_arbitrary_json_is_refused_or_refined(content: dict[str, object]) -> None:
    only_refuses(json.dumps(content).encode())


@given(names, properties)
def test_arbitrary_properties_are_refused_or_refined(name: str, content: dict[str, object]) -> None:
    only_refuses(track(name, content))


@given(st.data())
def test_a_message_cut_or_damaged_anywhere_is_refused_or_refined(data: st.DataObject) -> None:
    raw = bytearray(track(context={"consent": {"categoryPreferences": {"Analytics": True}}}))
    place = data.draw(st.integers(0, len(raw) - 1))
    raw[place] = data.draw(st.integers(0, 255))
    only_refuses(bytes(raw))
    only_refuses(bytes(raw[:place]))
