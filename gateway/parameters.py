"""Query parameters: read leniently in spelling, strictly in value; errors name the parameter."""

from collections.abc import Callable
from typing import NamedTuple, ParamSpec
from urllib.parse import parse_qsl

from gateway.errors import Refused, bad_parameter
from retail.errors import EventRefused
from retail.identifiers import Kind, checked_id, profile_id

P = ParamSpec("P")

MOST = 32
"""Parameters of one request; more is nobody we know."""

CUSTOMER = {
    "customer": Kind.USER,
    "userId": Kind.USER,
    "user_id": Kind.USER,
    "loyaltyCard": Kind.CARD,
    "anonymousId": Kind.ANONYMOUS,
}
"""Names under which senders give the customer, the first found counts; `customer` takes the id of any profile."""


class Whom(NamedTuple):
    """asked: the identifier as it was given. profile: the id of the profile it stands for."""

    asked: str
    profile: str


class Parameters:
    """The parameters of one request; of a repeated one the last counts."""

    def __init__(self, query: bytes) -> None:
        """query: as sent, percent-encoded. Raises Refused (400)."""
        try:
            pairs = _pairs(query.decode("ascii"))
        except ValueError:
            raise Refused(
                400, "bad_query", f"The query is not percent-encoded UTF-8, or has over {MOST} parameters."
            ) from None
        self._given = pairs

    def text(self, name: str, default: str = "") -> str:
        """Raises Refused (400) where it is over-long or holds control characters."""
        value = self._given.get(name, default)
        return _checked(checked_id, value, name) if value else ""

    def whom(self) -> Whom:
        """Who was asked for. Raises Refused (400), also where nobody is named."""
        for name, kind in CUSTOMER.items():
            if value := self.text(name):
                return Whom(value, value if name == "customer" else _checked(profile_id, kind, value))
        raise Refused(400, "missing_parameter", "customer: name the customer, as ?customer=42.")

    def several(self, name: str, most: int) -> tuple[str, ...] | None:
        """Ids parted by commas, None where the parameter is not given. Raises Refused (400), as on more than `most`."""
        if name not in self._given:
            return None
        parts = [part for part in self._given[name].split(",") if part]
        if len(parts) > most:
            raise bad_parameter(name, f"at most {most} ids, not {len(parts)}.")
        return tuple(_checked(checked_id, part, name) for part in parts)

    def number(self, name: str, default: int, most: int) -> int:
        """A whole number from 1 to `most`. Raises Refused (400)."""
        given = self._given.get(name)
        if given is None:
            return default
        number = int(given) if given.isascii() and given.isdigit() and len(given) <= len(str(most)) else 0
        if not 1 <= number <= most:
            raise bad_parameter(name, f"a whole number from 1 to {most}, not {given[:40]!r}.")
        return number


def _pairs(query: str) -> dict[str, str]:
    """As `parse_qsl` reads them, which takes five times as long over what holds no escape, as most do. Raises
    ValueError."""
    if "%" in query or "+" in query:
        return dict(parse_qsl(query, keep_blank_values=True, max_num_fields=MOST, errors="strict"))
    fields = query.split("&")
    if len(fields) > MOST:
        raise ValueError
    parted = (field.partition("=") for field in fields if field)
    return {name: value for name, _, value in parted}


def _checked(check: Callable[P, str], *given: P.args, **named: P.kwargs) -> str:
    """What the check makes of a parameter. Raises Refused (400) where it refuses."""
    try:
        return check(*given, **named)
    except EventRefused as fault:
        raise Refused(400, "bad_parameter", f"{fault}.") from None
