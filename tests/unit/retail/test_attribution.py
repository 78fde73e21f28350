"""A token comes back as it was given, or not at all."""

from base64 import urlsafe_b64decode, urlsafe_b64encode

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from retail.attribution import Draw, Shown, seal, unseal
from retail.errors import EventRefused
from tests.shop import NOON, answer

KEY = b"the shop's secret"
ids = st.text(min_size=1, max_size=12)


@given(
    st.lists(ids, min_size=8, max_size=12, unique=True),
    st.sampled_from(["taste", "popular", "explored"]),
    ids,
    st.floats(0.01, 0.5),
)
def test_a_token_tells_what_was_shown(items: list[str], source: str, other: str, rate: float) -> None:
    shown = Shown(
        answer="0f" * 16,
        at=NOON,
        placement="cart",
        store="madrid",
        model="2026-11",
        items=tuple(items),
        sources=(source,) * len(items),
        draws=(Draw(7, (items[7], other), rate),),
    )
    token = seal(shown, KEY)
    assert unseal(token, KEY) == shown
    assert token.replace("-", "").replace("_", "").isalnum()


def test_the_token_of_ten_items_fits_into_an_address() -> None:
    assert len(seal(answer(*(f"sku-{n:07}" for n in range(10))), KEY)) < 300


def test_a_token_of_another_shop_is_refused() -> None:
    with pytest.raises(EventRefused) as refused:
        unseal(seal(answer(), b"another"), KEY)
    assert refused.value.code == "forged_attribution"


@pytest.mark.parametrize("token", ["x", "not base64 at all!", "AAAA", "é", "A" * 9000, seal(answer(), KEY)[:-6]])
def test_what_is_no_token_is_refused(token: str) -> None:
    with pytest.raises(EventRefused):
        unseal(token, KEY)


@given(st.integers(0, 10_000), st.integers(1, 255))
def test_no_byte_of_a_token_can_be_changed(place: int, change: int) -> None:
    token = seal(answer(), KEY)
    raw = bytearray(urlsafe_b64decode(token + "=" * (-len(token) % 4)))
    raw[place % len(raw)] ^= change
    with pytest.raises(EventRefused):
        unseal(urlsafe_b64encode(bytes(raw)).decode(), KEY)


@pytest.mark.parametrize(
    "draw",
    [Draw(9, ("mug", "milk"), 0.1), Draw(0, ("mug",), 0.1), Draw(0, ("milk", "lamp"), 0.1), Draw(0, ("mug", "x"), 0.0)],
)
def test_a_draw_that_cannot_have_been_is_refused(draw: Draw) -> None:
    with pytest.raises(EventRefused):
        unseal(seal(answer("mug", draws=(draw,)), KEY), KEY)


@given(st.binary(max_size=200))
def test_no_bytes_whatever_raise_anything_but_a_refusal(body: bytes) -> None:
    with pytest.raises(EventRefused):
        unseal(urlsafe_b64encode(b"12345678" + body).decode(), KEY)


def test_the_probabilities_of_a_place_add_up_to_one() -> None:
    assert Draw(7, ("a", "b", "c"), 0.2).probabilities() == pytest.approx((0.8, 0.1, 0.1))


def test_nothing_personal_is_in_a_token() -> None:
    assert {field.name for field in msgspec.structs.fields(Shown)} == {
        "answer",
        "at",
        "placement",
        "items",
        "sources",
        "model",
        "store",
        "draws",
    }
