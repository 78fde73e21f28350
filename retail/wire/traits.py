"""What an `identify` message declares: bounded text by name, and consents."""

from typing import Final

import msgspec

from retail.policy import EventLimits
from retail.wire.consent import in_purposes
from retail.wire.envelope import Envelope
from retail.wire.reading import read

_traits = msgspec.json.Decoder(dict[str, msgspec.Raw] | None)
_consents = msgspec.json.Decoder(dict[str, bool] | None)
_text = msgspec.json.Decoder(str)

CONSENTS: Final = "consents"


def declared(envelope: Envelope, limits: EventLimits) -> tuple[dict[str, str], dict[str, bool]]:
    """Traits as text and consents by purpose, from `traits` or, where those are absent, `context.traits`.

    Kept are texts, numbers and truth values that fit the limits; what is nested, empty or longer is not.
    Raises EventRefused: `wrong_type`, `malformed_json`, `too_deep`.
    """
    raw = raw_traits(envelope)
    given = read(_traits, raw, "traits") if raw else None
    if not given:
        return {}, {}
    said = given.pop(CONSENTS, None)
    consents = read(_consents, said, "traits.consents") if said is not None else None
    texts = {name: _as_text(value) for name, value in given.items()}
    kept = [
        (name, text) for name, text in texts.items() if 0 < len(text) <= limits.text and 0 < len(name) <= limits.text
    ]
    return dict(kept[: limits.traits]), in_purposes(consents or {})


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
