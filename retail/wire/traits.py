"""What an `identify` message declares: bounded text by name, consents, and what the household must not be shown."""

from typing import Final, NamedTuple

import msgspec

from retail.household import Declared
from retail.policy import EventLimits
from retail.wire.consent import in_purposes
from retail.wire.envelope import Envelope
from retail.wire.household import declared_household
from retail.wire.reading import read

_traits = msgspec.json.Decoder(dict[str, msgspec.Raw] | None)
_consents = msgspec.json.Decoder(dict[str, bool] | None)
_text = msgspec.json.Decoder(str)

CONSENTS: Final = "consents"


class Declaration(NamedTuple):
    traits: dict[str, str]
    consents: dict[str, bool]
    household: Declared | None


def declared(envelope: Envelope, limits: EventLimits) -> Declaration:
    """Traits as text, consents by purpose and the household's constraints.

    From `traits` or, where those are absent, `context.traits`.

    Kept are texts, numbers and truth values that fit the limits; what is nested, empty or longer is not.
    Raises EventRefused: `wrong_type`, `malformed_json`, `too_deep`.
    """
    raw = raw_traits(envelope)
    given = read(_traits, raw, "traits") if raw else None
    if not given:
        return Declaration({}, {}, None)
    said = given.pop(CONSENTS, None)
    consents = read(_consents, said, "traits.consents") if said is not None else None
    texts = {name: _as_text(value) for name, value in given.items()}
    kept = [
        (name, text) for name, text in texts.items() if 0 < len(text) <= limits.text and 0 < len(name) <= limits.text
    ]
    return Declaration(dict(kept[: limits.traits]), in_purposes(consents or {}), declared_household(given))


def raw_traits(envelope: Envelope) -> bytes:
    """The JSON of `traits` or, where those are absent, of `context.traits`; b"" without either."""
    raw = bytes(envelope.traits).strip()
    if raw or envelope.context is None:
        return raw
    return bytes(envelope.context.traits).strip()


def _as_text(value: msgspec.Raw) -> str:
    """ "" for what is null or nested."""
    raw = bytes(value).strip()
    if raw.startswith(b'"'):
        return read(_text, raw, "traits")
    return "" if raw[:1] in b"{[n" else raw.decode()
